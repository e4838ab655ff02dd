// SPDX-License-Identifier: Apache-2.0
// Label smoothing: a share of the target is spread over all candidates.
#pragma once

#include <akin/loss/cross_entropy.hpp>

namespace akin::inline v0 {

/// Cross entropy with the target (1 - smoothing) at the positives and smoothing spread evenly over all candidates.
/// shapes:   logits [images, texts], positives [images, texts], over(texts) -> []
/// values:   an anchor without a positive is left out of the mean; logits are finite
/// cost:     one pass over the tiles, one more for the gradient
/// errors:   those of anchors_of
/// gradient: (softmax - target) / number of anchors
/// source:   Szegedy et al. 2016 (1512.00567), section 7
template <class Axes, class Positives, class X>
constexpr auto label_smoothing(expr<real, Axes> logits, Positives positives, over_axes<X> candidates, double smoothing) {
  const auto a = anchors_of(logits, positives, candidates);
  return mean_where(a.have_positive, log_sum_exp(a.similarity, candidates) - (1 - smoothing) * a.own - smoothing * mean(a.similarity, candidates));
}

}  // namespace akin::inline v0
