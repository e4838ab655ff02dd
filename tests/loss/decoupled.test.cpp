// SPDX-License-Identifier: Apache-2.0
// Decoupled contrastive learning: golden values, every similarity, anchors without a positive or without a negative.
#include "loss/golden.hpp"

using namespace akin;

struct golden {
  static constexpr auto define(model& m) { return decoupled(logits(m), own, over(texts)); }
};

TEST_CASE("golden values") { akin_test::check_golden<golden>("decoupled"); }

template <class Similarity>
struct by_ids {
  static constexpr auto define(model& m) { return decoupled(Similarity::of(m), same_of_two(m), over(texts)); }
};

TEST_CASE("every similarity, more rows than columns and fewer") { akin_test::check_similarities<by_ids>(); }

TEST_CASE("one pair has no negative: a loss of 0 and no gradient") {
  const auto got = akin_test::finite_results<golden>(akin_test::ordinary, images(1), texts(1), embed(3));
  CHECK(got.at("loss")[0] == 0);
  CHECK(got.at("d x") == std::vector<double>(3, 0.0));
}

TEST_CASE("an embedding that is no number is seen, not left out") { CHECK(akin_test::loss_sees_nan<golden>()); }
