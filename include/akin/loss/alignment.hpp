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
/// errors:   compile time "akin: mean_where: the condition must name the value's axes"
/// gradient: 1 / number of positives at each of them
/// source:   Wang and Isola 2020 (2005.10242), equation 4, alpha = 2 with squared_distance of unit rows, 1 with euclidean_distance
template <class Axes, class Positives>
constexpr auto alignment(expr<real, Axes> distances, Positives positives) { return mean_where(positives, distances); }

template <class X, class Y>
inline constexpr bool rows_share_a_feature = false;
template <class A, class B, class Feature>
inline constexpr bool rows_share_a_feature<left_is<A, Feature>, right_is<B, Feature>> = true;

/// The mean squared distance of rows with equal numbers, without a pass over the pairs.
/// shapes:   [images, embed] and [texts, embed] of equal extents -> []
/// cost:     some 3 n d operations, no pass over the pairs
/// errors:   compile time "akin: alignment: the two must be [rows, feature] and [other rows, feature]",
///           run time "bind: axis ..." where the two have different extents
/// gradient: 2 (x - y) / n
/// source:   Wang and Isola 2020 (2005.10242), equation 4, alpha = 2
template <class X, class Y>
constexpr auto alignment(expr<real, X> x, expr<real, Y> y) {
  constexpr bool fits = rows_share_a_feature<detail::as_left<X>, detail::as_right<Y>>;
  static_assert(fits || detail::either_unknown<X, Y>, "akin: alignment: the two must be [rows, feature] and [other rows, feature]");
  if constexpr (!fits) return expr<real, unknown>{x.owner, x.id};
  else
    return []<class A, class B, class Feature>(expr<real, axes<A, Feature>> a, expr<real, axes<B, Feature>> b) {
      return mean(sum(square(a - rename(b, B{}, A{})), over(Feature{})));
    }(x, y);
}

}  // namespace akin::inline v0
