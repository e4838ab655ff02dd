// SPDX-License-Identifier: Apache-2.0
// Decoupled contrastive learning: the positives leave the denominator.
#pragma once

#include <akin/loss/anchors.hpp>

namespace akin::inline v0 {

/// Mean over the anchors of log(sum over negatives of exp(logit)) - logit of the positive.
/// shapes:   logits [images, texts], positives [images, texts], over(texts) -> []
/// values:   an anchor without a positive or without a negative is left out of the mean; of several positives the mean logit counts
/// cost:     one pass over the tiles, one more for the gradient
/// errors:   those of anchors_of
/// gradient: (softmax among the negatives - target) / number of anchors: a positive that is found still pulls
/// source:   Yeh et al. 2022 (2110.06848), equation 4
template <class Axes, class Positives, class X>
constexpr auto decoupled(expr<real, Axes> logits, Positives positives, over_axes<X> candidates) {
  const auto a = anchors_of(logits, positives, candidates);
  const auto negatives = log_sum_exp(a.negatives, candidates);
  return mean_where(a.have_positive && !(negatives <= -detail::infinity), negatives - a.own);
}

}  // namespace akin::inline v0
