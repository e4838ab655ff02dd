// SPDX-License-Identifier: Apache-2.0
// What objectives share: several positives by ids, pairs left out, both ways, sums of objectives.
#include "loss/golden.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace akin;

struct several_positives {
  static constexpr auto define(model& m) { return info_nce(logits(m), same_id(m)); }
};
struct masked_false_negatives {
  static constexpr auto define(model& m) {
    const auto positive = predicate(m, own);
    return info_nce(without(logits(m), same_id(m) && !positive), positive);
  }
};

TEST_CASE("golden values") {
  akin_test::check_golden<several_positives>("several_positives");
  akin_test::check_golden<masked_false_negatives>("masked_false_negatives");
}

TEST_CASE("every golden objective has its test beside this one") {
  std::string tests;
  for (const auto& file : std::filesystem::directory_iterator{std::filesystem::path{AKIN_GOLDEN_DIR}.parent_path() / "loss"}) {
    std::ifstream in{file.path()};
    tests.append(std::istreambuf_iterator<char>{in}, {});
  }
  for (const auto& file : std::filesystem::directory_iterator{std::string{AKIN_GOLDEN_DIR} + "/objectives"}) {
    const std::string name = file.path().stem().string();
    if (file.path().extension() != ".safetensors" || name == "inputs") continue;
    CAPTURE(name);
    CHECK(tests.find(">(\"" + name + "\")") != std::string::npos);
  }
}

struct weighted {
  static constexpr auto define(model& m) {
    const auto c = cosines(m);
    return 0.75 * info_nce(c * learnable_temperature(m), own) + 0.25 * siglip(c * 7 + learnable_bias(m), own, over(texts));
  }
};

TEST_CASE("objectives are numbers: a weighted sum of two") {
  akin_test::check_cpu<weighted>(akin_test::ordinary, 1e-5, images(9), texts(7), embed(4));
  akin_test::check_gradients<weighted>(akin_test::ordinary, images(4), texts(5), embed(3));
}

/// The positives may name the axes in the other order.
template <bool Turned>
struct either_order {
  static constexpr auto define(model& m) {
    const auto s = akin_test::by_dot::of(m);
    const auto i = m.indices<"ids">(images);
    const auto j = m.indices<"ids_of_texts">(texts);
    const auto loss = [&](auto positive) { return info_nce(s, positive) + decoupled(s, positive, over(texts)) + hinge_hardest(s, positive, over(images), 1); };
    if constexpr (Turned) return loss(same(j, i));
    else return loss(same(i, j));
  }
};

TEST_CASE("positives whose axes stand in the other order") {
  const auto as_written = akin_test::finite_results<either_order<false>>(akin_test::with_ids, images(7), texts(5), embed(3));
  akin_test::compare(akin_test::finite_results<either_order<true>>(akin_test::with_ids, images(7), texts(5), embed(3)), as_written, 1e-14);
  akin_test::check_objective<either_order<true>>();
}

/// Images 2 and 4 have no text of their class; text 1 has no image of its class, and images from the fourth on have no text of their number.
struct counted {
  static constexpr auto define(model& m) {
    const auto same_class = same(m.indices<"ids">(images), m.indices<"ids_of_texts">(texts));
    m.output<"images">(anchors_without_positive(m, same_class, over(texts)));
    m.output<"texts">(anchors_without_positive(m, same_class, over(images)));
    m.output<"unpaired">(anchors_without_positive(m, own, over(texts)));
    return info_nce(akin_test::by_dot::of(m), same_class, over(texts));
  }
};

TEST_CASE("anchors without a positive are counted") {
  const std::vector<std::int32_t> ids{1, 3, 7, 1, 8}, ids_of_texts{3, 5, 1};
  const std::vector<float> x(10, 0.5f), y(6, 0.25f);
  parameters<counted> none;
  program<counted, akin_test::tested_backend> p{none, akin_test::tested_settings[0]};
  p.bind(images(5), texts(3), embed(2));
  p.set<"ids">(ids), p.set<"ids_of_texts">(ids_of_texts), p.set<"x">(x), p.set<"y">(y);
  CHECK(p.forward() == doctest::Approx(std::log(3.0)));  // all texts are alike
  CHECK(p.value<"images">().data[0] == 2);
  CHECK(p.value<"texts">().data[0] == 1);
  CHECK(p.value<"unpaired">().data[0] == 2);
}
