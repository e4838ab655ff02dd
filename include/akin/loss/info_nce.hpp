// SPDX-License-Identifier: Apache-2.0
// InfoNCE: every anchor finds its positives among all candidates. Both ways it is the objective of CLIP.
#pragma once

#include <akin/loss/cross_entropy.hpp>

namespace akin::inline v0 {

/// InfoNCE in one direction: the cross entropy of the logits.
/// shapes:   logits [images, texts], positives paired(images, texts) or same(ids, ids_of_texts), over(texts) -> []
/// values:   an anchor without a positive is left out of the mean; several positives share the target evenly
/// cost:     one pass over the tiles, its gradient included, where the positives are paired(...); else one more for the gradient
/// errors:   those of anchors_of
/// gradient: (softmax - target) / number of anchors
/// source:   van den Oord et al. 2018 (1807.03748), equation 4
/// example:  info_nce(cosine(x, y) / 0.07, paired(images, texts), over(texts)); with a queue of older keys:
///           info_nce(cosine(x, concatenate(y, queue, keys)) / 0.07, paired(images, keys), over(keys))  (He et al. 2020, 1911.05722)
template <class Axes, class Positives, class X>
constexpr auto info_nce(expr<real, Axes> logits, Positives positives, over_axes<X> candidates) { return cross_entropy(logits, positives, candidates); }

/// InfoNCE with either side as the anchors, averaged.
/// cost:     one pass over the tiles, one more for the gradient: both directions share them
/// source:   Radford et al. 2021 (2103.00020), Figure 3
/// example:  info_nce(cosine(x, y) * learnable_temperature(m), paired(images, texts)) is CLIP
template <class Axes, class Positives>
constexpr auto info_nce(expr<real, Axes> logits, Positives positives) { return symmetric_cross_entropy(logits, positives); }

}  // namespace akin::inline v0
