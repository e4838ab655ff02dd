// SPDX-License-Identifier: Apache-2.0
// Cross entropy of pair logits with one or several positives or with soft targets, over either axis.
#pragma once

#include <akin/loss/anchors.hpp>

namespace akin::inline v0 {

/// Mean over the anchors of -log softmax at their positives; several positives share the target evenly.
/// shapes:   logits [images, texts], positives paired(images, texts) or any boolean [images, texts], over(texts) -> []
/// values:   an anchor without a positive is left out of the mean; 0 where no anchor has one. With one positive, paired(...), the loss of an anchor is
///           log(1 + e^(log_sum_exp of the others - own)): however small, it keeps its digits, and so does its gradient
/// cost:     one pass over the tiles, its gradient included, where the positives are paired(...); else one more for the gradient
/// errors:   those of anchors_of
/// gradient: (softmax - target) / number of anchors
/// source:   van den Oord et al. 2018; several positives: Khosla et al. 2020, L_out
template <class Axes, class Positives, class X>
constexpr auto cross_entropy(expr<real, Axes> logits, Positives positives, over_axes<X> candidates) {
  const auto a = anchors_of(logits, positives, candidates);
  if constexpr (detail::is_pairing<Positives>) return mean_where(a.have_positive, softplus(log_sum_exp(a.negatives, candidates) - a.own));
  else return mean_where(a.have_positive, log_sum_exp(a.similarity, candidates) - a.own);
}

/// Mean over the anchors of -sum of target * log softmax: the targets are a distribution over the candidates.
/// shapes:   logits and targets [images, texts], over(texts) -> []
/// values:   logits are finite; at least one anchor
/// cost:     one pass over the tiles, one more for the gradient
/// errors:   compile time "akin: reduction: the operand does not have this axis"
/// gradient: (softmax * sum of targets - targets) / number of anchors; that of the targets is (log_sum_exp - logits) / number of anchors
template <class Axes, class Targets, class X>
constexpr auto cross_entropy(expr<real, Axes> logits, expr<real, Targets> targets, over_axes<X> candidates) {
  return mean(sum(targets, candidates) * log_sum_exp(logits, candidates) - sum(targets * logits, candidates));
}

/// Cross entropy over either axis, averaged.
/// cost:   as over one: both directions share the passes
/// source: Radford et al. 2021, Figure 3
template <class Axes, class Targets>
constexpr auto symmetric_cross_entropy(expr<real, Axes> logits, Targets targets) {
  return both_ways(logits, [&](auto candidates) { return cross_entropy(logits, targets, candidates); });
}

}  // namespace akin::inline v0
