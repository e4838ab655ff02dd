// SPDX-License-Identifier: Apache-2.0
// Hard contrastive learning: only the most similar negatives of an anchor are its candidates.
#pragma once

#include <akin/loss/anchors.hpp>

namespace akin::inline v0 {

/// The similarity with each anchor's positives and its K most similar negatives; the other pairs are no candidates.
/// shapes:   similarity [images, texts], positives [images, texts], over(texts) -> [images, texts]
/// values:   minus infinity at what is left out; a negative that ties with the K-th stays; all stay where there are fewer than K
/// cost:     one pass over the tiles before that of the objective
/// errors:   those of anchors_of; compile time "akin: kth_largest: k counts from 1"
/// gradient: to what stays
/// source:   Wang and Liu 2021 (2012.09740), section 3.4
/// example:  info_nce(hardest<8>(s, own, over(texts)), own, over(texts))
template <int K, class Axes, class Positives, class X>
constexpr auto hardest(expr<real, Axes> similarity, Positives positives, over_axes<X> candidates) {
  const auto a = anchors_of(similarity, positives, candidates);
  return where(a.positive || a.negatives >= kth_largest<K>(a.negatives, candidates), similarity, -detail::infinity);
}

}  // namespace akin::inline v0
