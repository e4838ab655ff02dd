// SPDX-License-Identifier: Apache-2.0
// InfoNCE one way and both ways, with a queue, on distances: golden values, every similarity, anchors without a positive.
#include "loss/golden.hpp"

using namespace akin;

struct one_way {
  static constexpr auto define(model& m) { return info_nce(logits(m), own, over(texts)); }
};
struct clip {
  static constexpr auto define(model& m) { return info_nce(logits(m), own); }
};
inline constexpr struct keys : batch<"keys"> {} keys;
struct with_queue {
  static constexpr auto define(model& m) {
    const auto all = concatenate(l2_normalize(y_of(m)), m.data<"extra">(queue, embed), keys);
    return info_nce(cosine(x_of(m), all) * scale(m), paired(images, keys), over(keys));
  }
};
struct euclidean_nce {
  static constexpr auto define(model& m) { return info_nce(-scale(m) / count(m, embed) * squared_distance(x_of(m), y_of(m)), own, over(texts)); }
};

TEST_CASE("golden values") {
  akin_test::check_golden<one_way>("info_nce");
  akin_test::check_golden<clip>("clip");
  akin_test::check_golden<with_queue>("queue");
  akin_test::check_golden<euclidean_nce>("euclidean_nce");
}

template <class Similarity>
struct by_ids {
  static constexpr auto define(model& m) { return info_nce(Similarity::of(m), same_of_two(m)); }
};

TEST_CASE("every similarity, more rows than columns and fewer") { akin_test::check_similarities<by_ids>(); }

TEST_CASE("an anchor without a positive is left out of the mean; none at all is a loss of 0") {
  const auto apart = [](std::string_view name, std::int64_t k, double drawn) { return name == "ids" ? static_cast<double>(k) : name == "ids_of_texts" ? static_cast<double>(100 + k) : drawn; };
  const auto got = akin_test::finite_results<by_ids<akin_test::by_cosine>>(apart, images(5), texts(4), embed(3));
  CHECK(got.at("loss")[0] == 0);
  CHECK(got.at("d x") == std::vector<double>(15, 0.0));
}

TEST_CASE("shifting all logits changes nothing") {
  akin_test::subject<by_ids<akin_test::by_dot>, reference_backend> s{akin_test::with_ids, images(6), texts(6), embed(4)};
  for (std::size_t j = 0; j < 6; ++j) s.reals["y"][j * 4 + 3] = 1;  // x_i + c shifts every logit by one number
  const double before = s.forward();
  for (std::size_t i = 0; i < 6; ++i) s.reals["x"][i * 4 + 3] += 50;
  CHECK(s.forward() == doctest::Approx(before).epsilon(1e-12));
}

struct by_dots {
  static constexpr auto define(model& m) { return info_nce(dot(x_of(m), y_of(m)), own); }
};

TEST_CASE("a small loss keeps its digits, and so does its gradient") {
  constexpr std::int64_t n = 5;
  const auto apart = [](std::string_view, std::int64_t k, double) { return k / n == k % n ? 3.5 + static_cast<double>(k / n) / 8 : static_cast<double>(k % 3) / 16; };
  akin_test::subject<by_dots, akin_test::tested_backend> got{apart, images(n), texts(n), embed(n)};
  akin_test::subject<by_dots, reference_backend> exact{apart, images(n), texts(n), embed(n)};
  const double loss = exact.forward();
  CHECK(loss < 1e-4);
  CHECK(std::abs(got.forward() - loss) <= 2e-6 * loss);
  const auto mine = got.run(), reference = exact.run();
  for (const auto* const name : {"d x", "d y"})
    for (std::size_t k = 0; k < mine.at(name).size(); ++k) CHECK(std::abs(mine.at(name)[k] - reference.at(name)[k]) <= 1e-5 * std::abs(reference.at(name)[k]) + 1e-10);
}

TEST_CASE("one pair: nothing to tell apart") {
  const auto got = akin_test::finite_results<by_dots>(akin_test::ordinary, images(1), texts(1), embed(3));
  CHECK(got.at("loss")[0] == 0);
  CHECK(got.at("d x") == std::vector<double>(3, 0.0));
}
