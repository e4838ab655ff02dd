// SPDX-License-Identifier: Apache-2.0
// Supervised contrastive objectives: every candidate with the anchor's label is a positive.
#pragma once

#include <akin/loss/cross_entropy.hpp>

namespace akin::inline v0 {

/// L_out: the mean over the positives stands outside of the logarithm.
/// shapes:   logits [images, texts], positives same(labels, labels_of_texts), over(texts) -> []
/// values:   an anchor without a positive is left out of the mean; 0 where no anchor has one
/// cost:     one pass over the tiles, one more for the gradient
/// errors:   those of anchors_of
/// gradient: (softmax - target) / number of anchors
/// source:   Khosla et al. 2020 (2004.11362), equation 2
/// example:  one set with itself: supervised_out(without(s, paired(images, others)), positive && !itself, over(others))
template <class Axes, class Positives, class X>
constexpr auto supervised_out(expr<real, Axes> logits, Positives positives, over_axes<X> candidates) { return cross_entropy(logits, positives, candidates); }

/// L_in: the mean over the positives stands inside of the logarithm.
/// shapes, cost, errors: as supervised_out
/// values:   an anchor without a positive is left out of the mean; never larger than L_out
/// gradient: (softmax - softmax among the positives) / number of anchors
/// source:   Khosla et al. 2020 (2004.11362), equation 3
template <class Axes, class Positives, class X>
constexpr auto supervised_in(expr<real, Axes> logits, Positives positives, over_axes<X> candidates) {
  const auto a = anchors_of(logits, positives, candidates);
  const auto odds = log_sum_exp(a.negatives, candidates) - log_sum_exp(without(a.similarity, !a.positive), candidates);
  return mean_where(a.have_positive, softplus(odds) + log(a.number));  // log((p + n) / p) = log(1 + n / p), where nothing cancels
}

}  // namespace akin::inline v0
