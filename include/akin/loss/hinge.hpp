// SPDX-License-Identifier: Apache-2.0
// Hinge objectives: a positive has to be more similar than the negatives by a margin.
#pragma once

#include <akin/loss/anchors.hpp>

namespace akin::inline v0 {

/// Sum over all negatives of max(0, margin + similarity of the negative - similarity of the positive); mean over the anchors.
/// shapes:   similarity [images, texts], positives [images, texts], over(texts) -> []
/// values:   an anchor without a positive is left out of the mean; of several positives the mean similarity counts
/// cost:     two passes over the tiles, the second shared with the gradient
/// errors:   those of anchors_of
/// gradient: 1 / number of anchors at each negative that violates the margin, minus their number at the positive
/// source:   Kiros et al. 2014 (1411.2539), section 2.2
/// example:  both_ways(c, [&](auto candidates) { return hinge_sum(c, own, candidates, 0.2); }) is half of the usual sum of both directions
template <class Axes, class Positives, class X>
constexpr auto hinge_sum(expr<real, Axes> similarity, Positives positives, over_axes<X> candidates, double margin) {
  const auto a = anchors_of(similarity, positives, candidates);
  return mean_where(a.have_positive, sum(relu(margin + a.negatives - a.own), candidates));
}

/// The hinge of the most similar negative only.
/// shapes, errors: as hinge_sum
/// values:   as hinge_sum; an anchor without a negative has loss 0
/// cost:     one pass over the tiles, two more for the gradient: one counts negatives that tie
/// gradient: 1 / number of anchors at the hardest negative (shared evenly where several tie), minus that at the positive
/// source:   Faghri et al. 2018 (1707.05612), VSE++
template <class Axes, class Positives, class X>
constexpr auto hinge_hardest(expr<real, Axes> similarity, Positives positives, over_axes<X> candidates, double margin) {
  const auto a = anchors_of(similarity, positives, candidates);
  return mean_where(a.have_positive, relu(margin + max(a.negatives, candidates) - a.own));
}

}  // namespace akin::inline v0
