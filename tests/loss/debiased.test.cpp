// SPDX-License-Identifier: Apache-2.0
// Debiased and hard negatives: golden values, every similarity, large logits, anchors without a negative.
#include "loss/golden.hpp"

using namespace akin;

struct alike {
  static constexpr auto define(model& m) {
    const auto t = scale(m);
    return debiased(cosines(m) * t, own, over(texts), 0.1, -t);
  }
};
struct weighted {
  static constexpr auto define(model& m) {
    const auto t = scale(m);
    return hard_negatives(cosines(m) * t, own, over(texts), 1, 0.1, -t);
  }
};

TEST_CASE("golden values") {
  akin_test::check_golden<alike>("debiased");
  akin_test::check_golden<weighted>("hard_negatives");
}

template <class Similarity>
struct both_kinds {
  static constexpr auto define(model& m) {
    const auto s = Similarity::of(m);
    const auto positive = same_of_two(m);
    return debiased(s, positive, over(texts), 0.1, -5) + hard_negatives(s, positive, over(texts), 0.5, 0.05, -5);
  }
};

TEST_CASE("every similarity, more rows than columns and fewer") { akin_test::check_similarities<both_kinds>(2e-5); }

TEST_CASE("logits of hundreds do not overflow") {
  const auto large = [](std::string_view, std::int64_t, double drawn) { return 20 * drawn; };
  akin_test::check_cpu<both_kinds<akin_test::by_dot>>(large, 1e-4, images(6), texts(5), embed(3));
}

TEST_CASE("one pair has no negative: a loss of 0 and no gradient") {
  const auto got = akin_test::finite_results<both_kinds<akin_test::by_cosine>>([](std::string_view, std::int64_t, double drawn) { return std::floor(drawn); }, images(1), texts(1), embed(3));
  CHECK(got.at("loss")[0] == 0);
  CHECK(got.at("d x") == std::vector<double>(3, 0.0));
}

TEST_CASE("an embedding that is no number is seen, not left out") {
  CHECK(akin_test::loss_sees_nan<alike>());
  CHECK(akin_test::loss_sees_nan<weighted>());
}
