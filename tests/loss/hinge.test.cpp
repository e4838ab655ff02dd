// SPDX-License-Identifier: Apache-2.0
// Hinge objectives, the sum and the hardest negative: golden values, every similarity, anchors without a positive or a negative.
#include "loss/golden.hpp"

using namespace akin;

struct all_negatives {
  static constexpr auto define(model& m) {
    const auto c = cosines(m);
    return hinge_sum(c, own, over(texts), 0.2) + hinge_sum(c, own, over(images), 0.2);
  }
};
struct hardest_negative {
  static constexpr auto define(model& m) {
    const auto c = cosines(m);
    return hinge_hardest(c, own, over(texts), 0.2) + hinge_hardest(c, own, over(images), 0.2);
  }
};

TEST_CASE("golden values") {
  akin_test::check_golden<all_negatives>("hinge_sum");
  akin_test::check_golden<hardest_negative>("hinge_hardest");
}

template <class Similarity>
struct both_kinds {
  static constexpr auto define(model& m) {
    const auto s = Similarity::of(m);
    const auto positive = same_of_two(m);
    return hinge_sum(s, positive, over(texts), 0.2) + hinge_hardest(s, positive, over(images), 1);
  }
};

TEST_CASE("every similarity, more rows than columns and fewer") { akin_test::check_similarities<both_kinds>(); }

TEST_CASE("one pair has no negative: a loss of 0 and no gradient") {
  for (const auto& got : {akin_test::finite_results<all_negatives>(akin_test::ordinary, images(1), texts(1), embed(3)), akin_test::finite_results<hardest_negative>(akin_test::ordinary, images(1), texts(1), embed(3))}) {
    CHECK(got.at("loss")[0] == 0);
    CHECK(got.at("d x") == std::vector<double>(3, 0.0));
  }
}
