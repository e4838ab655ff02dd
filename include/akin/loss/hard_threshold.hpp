// SPDX-License-Identifier: Apache-2.0
// Hard contrastive learning with a threshold: only the most similar negatives stay.
#pragma once

#include <akin/loss/anchors.hpp>

namespace akin::inline v0 {

/// InfoNCE among the positives and the k most similar negatives of each anchor.
/// shapes:   logits [images, texts], positives [images, texts], over(texts) -> []
/// values:   an anchor without a positive is left out of the mean; one with k negatives or fewer keeps all; negatives that tie with the k-th stay
/// cost:     two passes over the tiles (the k-th largest, then the rest), one more for the gradient
/// errors:   those of anchors_of and of kth_largest
/// gradient: (softmax among those that stay - target) / number of anchors; none through the threshold
/// source:   Wang and Liu 2021 (2012.09740), section 4.3
template <class Axes, class Positives, class X>
constexpr auto hard_threshold(expr<real, Axes> logits, Positives positives, over_axes<X> candidates, int k) {
  const auto a = anchors_of(logits, positives, candidates);
  const auto stays = a.positive || a.negatives >= kth_largest(a.negatives, k, candidates);
  return mean_where(a.have_positive, log_sum_exp(without(a.similarity, !stays), candidates) - a.own);
}

}  // namespace akin::inline v0
