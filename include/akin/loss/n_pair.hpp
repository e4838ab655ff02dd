// SPDX-License-Identifier: Apache-2.0
// The N-pair objective: a margin against all negatives at once, on embeddings that are not normalised.
#pragma once

#include <akin/loss/cross_entropy.hpp>

namespace akin::inline v0 {

/// Mean over the anchors of log(1 + sum over negatives of exp(s_negative - s_positive)).
/// shapes:   similarity [images, texts], usually dot(x, y), positives [images, texts], over(texts) -> []
/// values:   that of cross_entropy; an anchor without a positive is left out of the mean
/// cost:     one pass over the tiles, one more for the gradient
/// errors:   those of anchors_of
/// gradient: (softmax - target) / number of anchors
/// source:   Sohn 2016, equation 7; the paper adds a small multiple of squared_norm(x) + squared_norm(y)
template <class Axes, class Positives, class X>
constexpr auto n_pair(expr<real, Axes> similarity, Positives positives, over_axes<X> candidates) { return cross_entropy(similarity, positives, candidates); }

/// The mean squared length of embeddings, as a regularisation.
/// shapes:   [images, embed] -> []
/// gradient: 2 x / number of rows
template <class Rows, class Feature>
constexpr auto squared_norm(expr<real, axes<Rows, Feature>> x) { return mean(sum(square(x), over(Feature{}))); }
/// Lets a mistake made before through.
constexpr expr<real, unknown> squared_norm(expr<real, unknown> x) { return x; }

}  // namespace akin::inline v0
