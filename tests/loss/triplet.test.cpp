// SPDX-License-Identifier: Apache-2.0
// Triplets with hardest and semi-hard mining: golden values, every distance, anchors without a positive or a negative.
#include "loss/golden.hpp"

using namespace akin;

constexpr auto unit_distances(model& m) { return euclidean_distance(l2_normalize(x_of(m)), l2_normalize(y_of(m))); }
struct batch_hard {
  static constexpr auto define(model& m) { return triplet_hardest(unit_distances(m), own, over(texts), 0.2); }
};
struct batch_semi_hard {
  static constexpr auto define(model& m) { return triplet_semi_hard(unit_distances(m), own, over(texts), 0.2); }
};

TEST_CASE("golden values") {
  akin_test::check_golden<batch_hard>("triplet_hardest");
  akin_test::check_golden<batch_semi_hard>("triplet_semi_hard");
}

template <class Similarity>
struct both_kinds {
  static constexpr auto define(model& m) {
    const auto distances = -Similarity::of(m);
    const auto positive = same_of_two(m);
    return triplet_hardest(distances, positive, over(texts), 0.5) + triplet_semi_hard(distances, positive, over(texts), 1);
  }
};

TEST_CASE("every distance, more rows than columns and fewer") {
  akin_test::check_objective<both_kinds<akin_test::by_dot>>();
  akin_test::check_objective<both_kinds<akin_test::by_cosine>>(1e-5, false);  // of one feature cosines tie, and rounding decides which negatives are farther
  akin_test::check_objective<both_kinds<akin_test::by_squared_distance>>();
  akin_test::check_objective<both_kinds<akin_test::by_distance>>();
}

TEST_CASE("one pair has no negative: a loss of 0 and no gradient") {
  for (const auto& got : {akin_test::finite_results<batch_hard>(akin_test::ordinary, images(1), texts(1), embed(3)), akin_test::finite_results<batch_semi_hard>(akin_test::ordinary, images(1), texts(1), embed(3))}) {
    CHECK(got.at("loss")[0] == 0);
    CHECK(got.at("d x") == std::vector<double>(3, 0.0));
  }
}

TEST_CASE("an embedding that is no number is seen, not left out") {
  CHECK(akin_test::loss_sees_nan<batch_hard>());
  CHECK(akin_test::loss_sees_nan<batch_semi_hard>());
}
