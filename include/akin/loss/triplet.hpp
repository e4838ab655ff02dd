// SPDX-License-Identifier: Apache-2.0
// Triplet objectives on distances, with the triplets mined in the batch.
#pragma once

#include <akin/loss/anchors.hpp>

namespace akin::inline v0 {

/// Mean over the anchors of max(0, distance of the farthest positive - distance of the nearest negative + margin).
/// shapes:   distances [images, texts], positives [images, texts], over(texts) -> []
/// values:   an anchor without a positive is left out of the mean; one without a negative has loss 0
/// cost:     one pass over the tiles, two more for the gradient: one counts entries that tie
/// errors:   those of anchors_of
/// gradient: 1 / number of anchors at the farthest positive and minus that at the nearest negative, where the margin is violated
/// source:   Hermans et al. 2017 (1703.07737), batch hard
template <class Axes, class Positives, class X>
constexpr auto triplet_hardest(expr<real, Axes> distances, Positives positives, over_axes<X> candidates, double margin) {
  const auto a = anchors_of(-distances, positives, candidates);  // near is similar
  const auto farthest_positive = -min(where(a.positive, a.similarity, detail::infinity), candidates);
  const auto nearest_negative = -max(a.negatives, candidates);
  return mean_where(a.have_positive, relu(farthest_positive - nearest_negative + margin));
}

/// The nearest negative among those that are farther than the positive; where none is, the farthest negative.
/// shapes, errors: as triplet_hardest
/// values:   an anchor without a positive is left out of the mean, one without a negative has loss 0; of several positives the mean distance counts
/// cost:     two passes over the tiles, two more for the gradient
/// gradient: 1 / number of anchors at the positive and minus that at the negative, where the margin is violated
/// source:   Schroff et al. 2015 (1503.03832), section 3.2
template <class Axes, class Positives, class X>
constexpr auto triplet_semi_hard(expr<real, Axes> distances, Positives positives, over_axes<X> candidates, double margin) {
  const auto a = anchors_of(-distances, positives, candidates);  // near is similar
  const auto semi_hard = max(where(a.similarity < a.own, a.negatives, -detail::infinity), candidates);
  const auto farthest = min(where(a.negatives <= -detail::infinity, detail::infinity, a.negatives), candidates);
  const auto negative = where(semi_hard > -detail::infinity, semi_hard, farthest);
  const auto violation = relu(negative - a.own + margin);
  return mean_where(a.have_positive, where(farthest >= detail::infinity, 0, violation));
}

}  // namespace akin::inline v0
