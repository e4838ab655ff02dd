// SPDX-License-Identifier: Apache-2.0
// The hardest negatives alone: golden values, every similarity, more negatives asked for than there are.
#include "loss/golden.hpp"

using namespace akin;

struct golden {
  static constexpr auto define(model& m) { return info_nce(hardest<8>(logits(m), own, over(texts)), own, over(texts)); }
};

TEST_CASE("golden values") { akin_test::check_golden<golden>("hard_threshold"); }

template <class Similarity>
struct by_ids {
  static constexpr auto define(model& m) {
    const auto positives = same_of_two(m);
    return info_nce(hardest<3>(Similarity::of(m), positives, over(texts)), positives, over(texts));
  }
};

TEST_CASE("every similarity, more rows than columns and fewer") {
  akin_test::check_objective<by_ids<akin_test::by_dot>>();
  akin_test::check_objective<by_ids<akin_test::by_squared_distance>>();
  akin_test::check_objective<by_ids<akin_test::by_distance>>();
  // Not with one feature: all cosines tie there, and rounding says which of them are the hardest.
  for (const auto& [n, m] : {std::pair{5, 7}, {40, 33}, {1, 6}, {6, 1}}) akin_test::check_cpu<by_ids<akin_test::by_cosine>>(akin_test::with_ids, 1e-5, images(n), texts(m), embed(3));
  akin_test::check_gradients<by_ids<akin_test::by_cosine>>(akin_test::with_ids, images(5), texts(4), embed(3));
}

struct all_negatives {
  static constexpr auto define(model& m) { return info_nce(logits(m), own, over(texts)); }
};

TEST_CASE("with as many as there are, nothing changes") {
  const auto got = akin_test::finite_results<golden>(akin_test::ordinary, images(6), texts(8), embed(3));
  akin_test::compare(got, akin_test::finite_results<all_negatives>(akin_test::ordinary, images(6), texts(8), embed(3)), 1e-6);
}
