// SPDX-License-Identifier: Apache-2.0
// Uniformity: embeddings spread over the sphere.
#pragma once

#include <akin/loss/anchors.hpp>

namespace akin::inline v0 {

/// log of the mean of exp(-sharpness * distance) over all pairs, those left out apart.
/// shapes:   distances [images, others], squared_distance of a set with itself, left_out paired(images, others) -> []
/// values:   0 where no pair is left
/// cost:     one pass over the tiles, one more for the gradient
/// errors:   compile time "akin: uniformity: the pairs left out must name the axes of the distances"
/// gradient: minus sharpness times the softmax over all pairs
/// source:   Wang and Isola 2020 (2005.10242), equation 5, sharpness t = 2
template <class A, class B, class LeftOut>
constexpr auto uniformity(expr<real, axes<A, B>> distances, LeftOut left_out, double sharpness = 2) {
  using named = decltype(detail::axes_named_by(left_out));
  if constexpr (std::is_same_v<named, unknown>) {
    return expr<real, unknown>{distances.owner, distances.id};
  } else if constexpr (!predicate_names_the_operands_axes<left_is<A, B>, detail::as_right<named>>) {
    static_assert(predicate_names_the_operands_axes<left_is<A, B>, detail::as_right<named>>, "akin: uniformity: the pairs left out must name the axes of the distances");
    return expr<real, unknown>{distances.owner, distances.id};
  } else {
    const auto out = predicate(*distances.owner, left_out);
    const auto pairs = count(!out);
    return where(pairs > 0, log_sum_exp(without(-sharpness * distances, out), over(A{}, B{})) - log(pairs), 0);
  }
}
/// Lets a mistake made before through.
template <class LeftOut>
constexpr expr<real, unknown> uniformity(expr<real, unknown> distances, LeftOut, double = 2) { return distances; }

}  // namespace akin::inline v0
