// SPDX-License-Identifier: Apache-2.0
// Margins on the positives of a cosine, before its temperature and any objective: the softmax has to win by more.
#pragma once

#include <akin/loss/anchors.hpp>

namespace akin::inline v0 {

/// The cosine less a margin at the positives.
/// shapes:   cosines [images, texts], positives [images, texts] -> [images, texts], never stored
/// values:   c - margin at positives, c elsewhere
/// cost:     no pass of its own
/// errors:   compile time "akin: where: the condition's axes must contain the values' or be contained"
/// gradient: that of the cosine
/// source:   Wang et al. 2018 (1801.05599), AM-Softmax
/// example:  info_nce(additive_margin(cosine(x, y), own, 0.2) * t, own, over(texts))
template <class Axes, class Positives>
constexpr auto additive_margin(expr<real, Axes> cosines, Positives positives, double margin) {
  return where(predicate(*cosines.owner, positives), cosines - margin, cosines);
}

/// The cosine of the angle plus a margin at the positives: cos(acos(c) + margin) = c cos(margin) - sqrt(1 - c^2) sin(margin).
/// shapes:   cosines [images, texts], positives [images, texts] -> [images, texts], never stored
/// values:   c elsewhere; 1 - c^2 is taken to be at least 1e-12, so that rounding beyond 1 does no harm
/// cost:     no pass of its own; one square root for each pair
/// errors:   as additive_margin
/// gradient: finite everywhere: at an angle of 0 or pi it is cos(margin)
/// source:   Deng et al. 2019 (1801.07698), ArcFace
template <class Axes, class Positives>
constexpr auto angular_margin(expr<real, Axes> cosines, Positives positives, double margin) {
  const auto angle = detail::literal(cosines, margin);
  const auto sines = sqrt(maximum(1 - square(cosines), 1e-12));
  return where(predicate(*cosines.owner, positives), cosines * cos(angle) - sines * sin(angle), cosines);
}

}  // namespace akin::inline v0
