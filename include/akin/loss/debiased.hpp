// SPDX-License-Identifier: Apache-2.0
// Negatives corrected for the positives hidden among them, alike or weighted by how hard they are.
#pragma once

#include <akin/loss/anchors.hpp>

namespace akin::inline v0 {

namespace detail {

/// log(p + g) - log p with p = exp(own) and g = max((exp(negatives) - prior N p) / (1 - prior), N exp(lowest)), scaled by a power of e that
/// cancels, so that no exponential overflows.
template <class Axes, class Positives, class X, class Sum, class Lowest>
constexpr auto debiased(expr<real, Axes> logits, Positives positives, over_axes<X> candidates, Sum log_sum, double prior, Lowest lowest) {
  const auto a = anchors_of(logits, positives, candidates);
  const auto number = count(!(a.negatives <= -infinity), candidates);  // one that is NaN is there, and is to be seen
  const auto have_both = a.have_positive && number > 0;
  const auto negatives = where(have_both, log_sum(a.negatives, number), 0);
  const auto top = stop_gradient(maximum(a.own, negatives));
  const auto positive = exp(a.own - top);
  const auto corrected = maximum((exp(negatives - top) - prior * number * positive) / (1 - prior), number * exp(lowest - top));
  return mean_where(have_both, log(positive + corrected) + top - a.own);
}

}  // namespace detail

/// InfoNCE whose sum over the negatives is corrected for a share `prior` of them that are positives in truth.
/// shapes:   logits [images, texts], positives [images, texts], over(texts); `lowest`, a number or [], the lowest logit there can be -> []
/// values:   an anchor without a positive or without a negative is left out of the mean; of several positives the mean logit counts
/// cost:     one pass over the tiles, one more for the gradient
/// errors:   those of anchors_of
/// gradient: through the correction; none to the negatives of an anchor where the lower bound holds
/// source:   Chuang et al. 2020 (2007.00224), equation 8
/// example:  debiased(cosine(x, y) * t, paired(images, texts), over(texts), 0.1, -t)
template <class Axes, class Positives, class X, class Lowest>
constexpr auto debiased(expr<real, Axes> logits, Positives positives, over_axes<X> candidates, double prior, Lowest lowest) {
  return detail::debiased(logits, positives, candidates, [&](auto negatives, auto) { return log_sum_exp(negatives, candidates); }, prior, lowest);
}

/// The debiased objective with each negative weighted by exp(hardness * logit), the weights of an anchor having mean 1.
/// shapes, values, errors: as debiased; hardness > 0, and in the limit 0 it is debiased
/// cost:     one pass over the tiles, one more for the gradient
/// gradient: through the weights as well
/// source:   Robinson et al. 2021 (2010.04592), equation 4; hardness is the paper's beta
template <class Axes, class Positives, class X, class Lowest>
constexpr auto hard_negatives(expr<real, Axes> logits, Positives positives, over_axes<X> candidates, double hardness, double prior, Lowest lowest) {
  const auto weighted = [&](auto negatives, auto number) {
    return log(number) + log_sum_exp((1 + hardness) * negatives, candidates) - log_sum_exp(hardness * negatives, candidates);
  };
  return detail::debiased(logits, positives, candidates, weighted, prior, lowest);
}

}  // namespace akin::inline v0
