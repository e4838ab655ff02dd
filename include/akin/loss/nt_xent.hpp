// SPDX-License-Identifier: Apache-2.0
// NT-Xent: two views of every example in one set; each finds its other view among all the rest.
#pragma once

#include <akin/loss/cross_entropy.hpp>

namespace akin::inline v0 {

/// Where two rows of concatenate(first views, second views) are the two views of one example: row i and column i + n or i - n.
/// shapes:   booleans [views, others]; n is the extent of `examples`
/// cost:     no pass of its own
template <some_axis Views, some_axis Others, some_axis Examples>
constexpr auto other_view(model& m, Views views, Others others, Examples examples) {
  const auto i = as_real(position(m, views));
  const auto j = as_real(position(m, others));
  const auto n = count(m, examples);
  return same(i + n, j) || same(i, j + n);
}

/// The normalised temperature-scaled cross entropy of SimCLR. Nothing is its own candidate.
/// shapes:   logits [views, others] of a set with itself, the first n rows one view, the next n the other; n the extent of `examples` -> []
/// values:   log(2 n - 1) where all logits are equal; 0 for one example
/// cost:     one pass over the tiles, one more for the gradient
/// gradient: (softmax - target) / 2 n
/// source:   Chen et al. 2020 (2002.05709), equation 1
/// example:  z = concatenate(u, v, views); nt_xent(cosine(z, rename(z, views, others)) / 0.5, images)
template <class Views, class Others, some_axis Examples>
constexpr auto nt_xent(expr<real, axes<Views, Others>> logits, Examples examples) {
  const auto positives = other_view(*logits.owner, Views{}, Others{}, examples);
  return cross_entropy(without(logits, paired(Views{}, Others{})), positives, over(Others{}));
}
/// Lets a mistake made before through.
template <class Examples>
constexpr expr<real, unknown> nt_xent(expr<real, unknown> logits, Examples) { return logits; }

}  // namespace akin::inline v0
