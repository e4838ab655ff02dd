// SPDX-License-Identifier: Apache-2.0
// What objectives ask of pairs. Rows or columns are the anchors, the axis in over(...) numbers their candidates, a predicate says which of
// these are positives; the others are negatives. An entry of minus infinity is no candidate.
#pragma once

#include <akin/expr/predicates.hpp>

#include <limits>

namespace akin::inline v0 {

namespace detail {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace detail

/// An objective's view of its anchors.
template <class Pairs, class Anchors>
struct anchors {
  expr<boolean, Pairs> positive;          // [anchors, candidates]
  expr<real, Anchors> number;             // of positives
  expr<boolean, Anchors> have_positive;
  expr<real, Anchors> own;                // the mean similarity to the positives; 0 where there is none
};

/// The anchors of a similarity, with all that objectives have in common.
/// shapes:   similarity [images, texts], positives paired(images, texts) or any boolean of these axes, over(texts)
/// cost:     the sums of one pass; what an objective does not use is not computed
/// errors:   compile time "akin: objective: the positives must name the axes of the similarity", "akin: reduction: the operand does not have this axis"
template <class Axes, class Positives, class X>
constexpr auto anchors_of(expr<real, Axes> similarity, Positives positives, over_axes<X> candidates) {
  using named = typename detail::axes_of_predicate<Positives>::type;
  constexpr bool known = !detail::either_unknown<Axes, named>;
  constexpr bool same_axes = predicate_names_the_operands_axes<detail::as_left<Axes>, detail::as_right<named>>;
  static_assert(!known || predicate_names_the_operands_axes<detail::as_left<Axes>, detail::as_right<named>>, "akin: objective: the positives must name the axes of the similarity");
  constexpr bool has_axis = !known || !same_axes || operand_has_axis<detail::as_axes<Axes>, axis_is<X>>;
  static_assert(!known || !same_axes || operand_has_axis<detail::as_axes<Axes>, axis_is<X>>, "akin: reduction: the operand does not have this axis");
  model& m = *similarity.owner;
  if constexpr (known && same_axes && has_axis) {
    const auto positive = predicate(m, positives);
    const auto number = count(positive, candidates);
    return anchors<named, detail::minus<Axes, axes<X>>>{positive, number, number > 0, select(similarity, positive, candidates) / maximum(number, 1)};
  } else {
    const int id = similarity.id;
    return anchors<unknown, unknown>{{&m, id}, {&m, id}, {&m, id}, {&m, id}};
  }
}

/// The similarity without some pairs: they are no candidates any more and have gradient 0.
/// shapes:   [A], a predicate of the same axes -> [A]
/// values:   minus infinity where the predicate holds
/// example:  without(s, paired(images, others)) leaves an image itself out; without(s, same(ids, others_ids) && !own) false negatives
template <class Axes, class P>
constexpr auto without(expr<real, Axes> similarity, P left_out) { return where(predicate(*similarity.owner, left_out), -detail::infinity, similarity); }

/// An objective with either axis as the anchors, averaged: both_ways(s, [&](auto candidates) { return info_nce(s, positives, candidates); })
template <class A, class B, class Objective>
constexpr auto both_ways(expr<real, axes<A, B>>, Objective objective) { return (objective(over(B{})) + objective(over(A{}))) / 2; }
/// Lets a mistake made before through.
template <class Objective>
constexpr expr<real, unknown> both_ways(expr<real, unknown> similarity, Objective) { return similarity; }

}  // namespace akin::inline v0
