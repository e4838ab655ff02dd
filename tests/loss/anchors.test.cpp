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
  for (const auto& file : std::filesystem::directory_iterator{std::filesystem::path{__FILE__}.parent_path()}) {
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
