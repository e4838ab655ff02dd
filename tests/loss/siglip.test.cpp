// SPDX-License-Identifier: Apache-2.0
// The sigmoid objective: golden values, every similarity, one pass.
#include "loss/golden.hpp"

using namespace akin;

struct golden {
  static constexpr auto define(model& m) { return siglip(logits(m) + m.parameter<"bias">(initial::constant(0)), own, over(texts)); }
};

TEST_CASE("golden values") { akin_test::check_golden<golden>("siglip"); }

template <class Similarity>
struct by_ids {
  static constexpr auto define(model& m) { return siglip(Similarity::of(m), same_of_two(m), over(texts)); }
};

TEST_CASE("every similarity, more rows than columns and fewer") { akin_test::check_similarities<by_ids>(); }

TEST_CASE("value and gradient share one pass") { static_assert(detail::plan_of<golden, mode::training, true>.pair_passes == 1); }
