// SPDX-License-Identifier: Apache-2.0
// The sigmoid objective: every pair is a question of its own, positive or not.
#pragma once

#include <akin/loss/anchors.hpp>

namespace akin::inline v0 {

/// Sum over the candidates of log(1 + exp(-z logit)), z = 1 for positives and -1 for the others; mean over the anchors.
/// shapes:   logits [images, texts] with a bias added, positives [images, texts], over(texts) -> []
/// values:   every pair counts, also for an anchor without a positive; at least one anchor
/// cost:     one pass over the tiles, shared with the gradient: no pair waits for a sum over others
/// errors:   those of anchors_of
/// gradient: (sigmoid(logit) - target) / number of anchors
/// source:   Zhai et al. 2023 (2303.15343), equation 1
/// example:  siglip(cosine(x, y) * exp(t) + learnable_bias(m), paired(images, texts), over(texts))
template <class Axes, class Positives, class X>
constexpr auto siglip(expr<real, Axes> logits, Positives positives, over_axes<X> candidates) {
  const auto a = anchors_of(logits, positives, candidates);
  return mean(sum(softplus(where(a.positive, -a.similarity, a.similarity)), candidates));
}

/// A learnable bias that starts at -10, where nearly every pair is taken for a negative.
constexpr expr<real, axes<>> learnable_bias(model& m) { return m.parameter<"logit_bias">(initial::constant(-10)); }

}  // namespace akin::inline v0
