// SPDX-License-Identifier: Apache-2.0
// Dropout with a replayable generator: nothing is stored, the gradient draws the same numbers again.
#pragma once

#include <akin/expr/elementwise.hpp>

namespace akin::inline v0 {

/// Drops entries with probability `rate` and scales the rest by 1 / (1 - rate) in training; the identity in evaluation.
/// values:   a hash of (program seed, layer, this call, element): the same bits on every run, for every number of threads. Give
///           program::seed another number before each step, or every step drops the same entries
/// errors:   compile time "akin: dropout: a rate is at least 0 and below 1"
/// gradient: the same mask, recomputed
/// source:   Srivastava et al. 2014
template <class A>
constexpr expr<real, A> dropout(expr<real, A> x, double rate) {
  model& m = *x.owner;
  const bool sound = rate >= 0 && rate < 1;
  if (!sound) m.report(mistake::dropout_rate, x.id);
  if (!m.training() || !sound || rate == 0) return x;
  node n{&random_op};
  n.axes = m.at(x.id).axes;
  n.argument[0] = static_cast<std::int16_t>(++m.random_count);
  const expr<real, A> uniform{&m, m.put(n)};
  return where(uniform < rate, 0, x * (1 / (1 - rate)));
}

}  // namespace akin::inline v0
