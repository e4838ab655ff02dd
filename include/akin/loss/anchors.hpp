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

/// The similarity without some pairs: they are no candidates any more and have gradient 0.
/// shapes:   [A], a predicate of the same axes -> [A]
/// values:   minus infinity where the predicate holds
/// example:  without(s, paired(images, others)) leaves an image itself out; without(s, same(ids, others_ids) && !own) false negatives
template <class Axes, class P>
constexpr auto without(expr<real, Axes> similarity, P left_out) { return where(predicate(*similarity.owner, left_out), -detail::infinity, similarity); }

/// The anchors of a similarity, with all that objectives have in common. A mistake in the arguments leaves axes unknown in all of it.
template <class Axes, class Predicate, class Anchors>
struct anchors {
  expr<real, Axes> similarity;         // [anchors, candidates]
  expr<boolean, Predicate> positive;   // [anchors, candidates]
  expr<real, Predicate> negatives;     // the similarity, minus infinity at positives
  expr<boolean, Anchors> have_positive;
  expr<real, Anchors> number;          // of positives
  expr<real, Anchors> own;             // the mean similarity to them; 0 where there is none
};

namespace detail {

constexpr anchors<unknown, unknown, unknown> no_anchors(model& m) { return {{&m, 0}, {&m, 0}, {&m, 0}, {&m, 0}, {&m, 0}, {&m, 0}}; }

}  // namespace detail

/// shapes:   similarity [images, texts], positives paired(images, texts) or any boolean of these axes, over(texts) for images as the anchors
/// cost:     sums of one pass; what an objective does not use is not computed. Where the positives are paired(...), their number needs no pair, and passes
///           that wait for reductions over the candidates join in one
/// errors:   compile time "akin: objective: the positives must name the axes of the similarity", "akin: reduction: the operand does not have this axis"
template <class Axes, class Positives, class X>
constexpr auto anchors_of(expr<real, Axes> similarity, Positives positives, over_axes<X> candidates) {
  using named = decltype(detail::axes_named_by(positives));
  using left = detail::as_left<Axes>;
  using right = detail::as_right<named>;
  model& m = *similarity.owner;
  if constexpr (detail::either_unknown<Axes, named>) return detail::no_anchors(m);
  else if constexpr (!predicate_names_the_operands_axes<left, right>) {
    static_assert(predicate_names_the_operands_axes<left, right>, "akin: objective: the positives must name the axes of the similarity");
    return detail::no_anchors(m);
  } else if constexpr (!operand_has_axis<detail::as_axes<Axes>, axis_is<X>>) {
    static_assert(operand_has_axis<detail::as_axes<Axes>, axis_is<X>>, "akin: reduction: the operand does not have this axis");
    return detail::no_anchors(m);
  } else {
    const auto positive = predicate(m, positives);
    const auto number = count(m, positives, candidates);
    const auto own = select(similarity, positive, candidates) / maximum(number, 1);
    return anchors<Axes, named, detail::minus<Axes, axes<X>>>{similarity, positive, without(similarity, positive), number > 0, number, own};
  }
}

/// How many anchors have no positive. Objectives leave them out of their mean; as an output, this number tells how many they were.
/// shapes:   [A] -> []
/// cost:     the count of positives, which the objective computes as well; for paired(...) no pair is looked at
/// errors:   compile time "akin: reduction: the operand does not have this axis"
/// example:  m.output<"left out">(anchors_without_positive(m, same_class, over(texts)));
template <class Positives, class X>
constexpr auto anchors_without_positive(model& m, Positives positives, over_axes<X> candidates) {
  return sum(as_real(count(m, positives, candidates) <= 0));
}

/// An objective with either axis as the anchors, averaged: both_ways(s, [&](auto candidates) { return info_nce(s, positives, candidates); })
template <class A, class B, class Objective>
constexpr auto both_ways(expr<real, axes<A, B>>, Objective objective) { return (objective(over(B{})) + objective(over(A{}))) / 2; }
/// Lets a mistake made before through.
template <class Objective>
constexpr expr<real, unknown> both_ways(expr<real, unknown> similarity, Objective) { return similarity; }

}  // namespace akin::inline v0
