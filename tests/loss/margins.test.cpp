// SPDX-License-Identifier: Apache-2.0
// Additive and angular margins: golden values, both with another objective too, cosines of 1.
#include "loss/golden.hpp"

using namespace akin;

struct additive {
  static constexpr auto define(model& m) { return info_nce(additive_margin(cosines(m), own, 0.2) * scale(m), own, over(texts)); }
};
struct angular {
  static constexpr auto define(model& m) { return info_nce(angular_margin(cosines(m), own, 0.3) * scale(m), own, over(texts)); }
};

TEST_CASE("golden values") {
  akin_test::check_golden<additive>("additive_margin");
  akin_test::check_golden<angular>("angular_margin");
}

struct several {
  static constexpr auto define(model& m) {
    const auto c = cosines(m);
    const auto positive = same_of_two(m);
    return siglip(additive_margin(c, positive, 0.1) * 5, positive, over(texts)) + supervised_in(angular_margin(c, positive, 0.5) * 5, positive, over(images));
  }
};

TEST_CASE("several positives, other objectives, more rows than columns and fewer") {
  for (const auto& [n, m] : {std::pair<int, int>{5, 7}, {40, 33}, {1, 1}, {1, 6}, {6, 1}}) akin_test::check_cpu<several>(akin_test::with_ids, 1e-5, images(n), texts(m), embed(4));
  akin_test::check_gradients<several>(akin_test::with_ids, images(5), texts(4), embed(3));
}

TEST_CASE("one feature: cosines of 1 and -1 have finite gradients") {
  const auto got = akin_test::finite_results<angular>(akin_test::ordinary, images(5), texts(6), embed(1));
  CHECK(akin_test::difference(got.at("d x"), std::vector<double>(5, 0.0)) < 1e-9);
}
