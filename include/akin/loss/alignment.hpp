// SPDX-License-Identifier: Apache-2.0
// Alignment: positives lie close together.
#pragma once

#include <akin/expr/layout.hpp>
#include <akin/loss/anchors.hpp>

namespace akin::inline v0 {

/// The mean distance of all positive pairs.
/// shapes:   distances [images, texts], positives [images, texts] -> []
/// values:   0 where there is no positive
/// cost:     one pass over the tiles, one more for the gradient, which waits for the number of positives
/// errors:   compile time "akin: where: the condition's axes must contain the values' or be contained"
/// gradient: 1 / number of positives at each of them
/// source:   Wang and Isola 2020 (2005.10242), equation 4, alpha = 2 with squared_distance of unit rows, 1 with euclidean_distance
template <class Axes, class Positives>
constexpr auto alignment(expr<real, Axes> distances, Positives positives) { return mean_where(predicate(*distances.owner, positives), distances); }

/// The mean squared distance of rows with equal numbers, without a pass over the pairs.
/// shapes:   [images, embed] and [texts, embed] of equal extents -> []
/// cost:     some 3 n d operations, no pass over the pairs
/// errors:   run time "bind: axis ..." where the two have different extents
/// gradient: 2 (x - y) / n
/// source:   Wang and Isola 2020 (2005.10242), equation 4, alpha = 2
template <class A, class B, class Feature>
constexpr auto alignment(expr<real, axes<A, Feature>> x, expr<real, axes<B, Feature>> y) { return mean(sum(square(x - rename(y, B{}, A{})), over(Feature{}))); }

}  // namespace akin::inline v0
