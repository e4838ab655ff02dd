// SPDX-License-Identifier: Apache-2.0
// Alignment and uniformity: golden values, both forms of alignment, every distance, nothing to compare.
#include "loss/golden.hpp"

using namespace akin;

struct aligned {
  static constexpr auto define(model& m) { return alignment(l2_normalize(x_of(m)), l2_normalize(y_of(m))); }
};
struct aligned_by_pairs {
  static constexpr auto define(model& m) { return alignment(squared_distance(l2_normalize(x_of(m)), l2_normalize(y_of(m))), own); }
};
struct uniform {
  static constexpr auto define(model& m) {
    const auto u = l2_normalize(x_of(m));
    return uniformity(squared_distance(u, rename(u, images, texts)), own, 2);
  }
};

TEST_CASE("golden values") {
  akin_test::check_golden<aligned>("alignment");
  akin_test::check_golden<aligned_by_pairs>("alignment");
  akin_test::check_golden<uniform>("uniformity");
}

template <class Similarity>
struct both_kinds {
  static constexpr auto define(model& m) {
    const auto distances = -Similarity::of(m);
    const auto positive = same_of_two(m);
    return alignment(distances, positive) + uniformity(distances, positive, 0.5);
  }
};

TEST_CASE("every distance, more rows than columns and fewer") { akin_test::check_similarities<both_kinds>(); }

TEST_CASE("one row has nobody to keep away from") {
  const auto got = akin_test::finite_results<uniform>(akin_test::ordinary, images(1), texts(1), embed(3));
  CHECK(got.at("loss")[0] == 0);
  CHECK(got.at("d x") == std::vector<double>(3, 0.0));
}
