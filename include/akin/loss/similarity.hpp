// SPDX-License-Identifier: Apache-2.0
// Similarities of two sets of embeddings, and the temperature that scales them.
#pragma once

#include <akin/expr/dot.hpp>
#include <akin/expr/predicates.hpp>

namespace akin::inline v0 {

namespace detail {

struct is_feature {
  template <class A>
  static constexpr bool keeps = !A::numbers_examples;
};
template <class Axes>
struct feature_axis;
template <class A>
struct feature_axis<axes<A>> { using type = A; };

}  // namespace detail

template <class Operand>
inline constexpr bool has_one_feature_axis = false;
template <class... A>
inline constexpr bool has_one_feature_axis<axes_are<A...>> = (0 + ... + (A::numbers_examples ? 0 : 1)) == 1;

/// Scales each row to unit length; a row of zeros stays zero and has gradient 0.
/// shapes:   [images, embed] -> [images, embed]
/// errors:   compile time "akin: l2_normalize: say which axis with over(...)" unless exactly one axis is no batch axis
/// gradient: dx = (dy - y <y, dy>) / |x|
template <class Axes>
constexpr auto l2_normalize(expr<real, Axes> x) {
  if constexpr (std::is_same_v<Axes, unknown>) return x;
  else if constexpr (!has_one_feature_axis<detail::as_axes<Axes>>) {
    static_assert(has_one_feature_axis<detail::as_axes<Axes>>, "akin: l2_normalize: say which axis with over(...)");
    return expr<real, unknown>{x.owner, x.id};
  } else {
    using feature = typename detail::feature_axis<typename detail::filtered<Axes, detail::is_feature>::type>::type;
    return l2_normalize(x, over_axes<feature>{});
  }
}

/// The cosine of every pair; 0 where a row is zero.
/// shapes:   [images, embed] x [texts, embed] -> [images, texts]
/// cost:     that of dot
/// errors:   compile time "akin: cosine: each operand has exactly one axis that is no batch axis"; those of dot
/// gradient: through the normalisation
template <class A, class B>
constexpr auto cosine(expr<real, A> a, expr<real, B> b) {
  if constexpr (detail::either_unknown<A, B> || (has_one_feature_axis<detail::as_axes<A>> && has_one_feature_axis<detail::as_axes<B>>)) {
    return dot(l2_normalize(a), l2_normalize(b));
  } else {
    static_assert(has_one_feature_axis<detail::as_axes<A>> && has_one_feature_axis<detail::as_axes<B>>, "akin: cosine: each operand has exactly one axis that is no batch axis");
    return expr<real, unknown>{a.owner, a.id};
  }
}

/// Squared Euclidean distance of every pair, at least 0.
/// shapes:   [images, embed] x [texts, embed] -> [images, texts]
/// values:   |a|^2 + |b|^2 - 2 a.b: absolute rounding of about 1e-7 (|a|^2 + |b|^2) in fp32
/// cost:     that of dot
/// errors:   those of dot
/// gradient: 2 (a - b), and 0 where rounding made the distance negative
template <class A, class B>
constexpr auto squared_distance(expr<real, A> a, expr<real, B> b) {
  if constexpr (detail::either_unknown<A, B>) {
    return expr<real, unknown>{a.owner, a.id};
  } else {
    using shared = detail::shared<A, B>;
    const typename detail::all_of<shared>::type o{};
    const auto product = dot(a, b);
    return maximum((sum(a * a, o) - 2 * product) + sum(b * b, o), 0);
  }
}

/// Euclidean distance of every pair.
/// shapes, cost, errors: as squared_distance
/// gradient: (a - b) / distance, 0 where the distance is 0
template <class A, class B>
constexpr auto euclidean_distance(expr<real, A> a, expr<real, B> b) {
  const auto d = squared_distance(a, b);
  return where(d <= 0, 0, sqrt(where(d <= 0, 1, d)));
}

/// exp(t) with a learnable t that starts at ln(1 / 0.07) and is kept in [0, ln 100] by clamp_temperature after every step.
/// source: Radford et al. 2021, section 2.5
constexpr expr<real, axes<>> learnable_temperature(model& m) { return exp(m.parameter<"logit_scale">(initial::constant(2.659260036932778))); }

}  // namespace akin::inline v0
