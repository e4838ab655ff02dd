// SPDX-License-Identifier: Apache-2.0
// Cross entropy of pair logits with one or several positives, over either axis; the CLIP objective from it.
#pragma once

#include <akin/expr/predicates.hpp>

namespace akin::inline v0 {

/// Mean over the anchors of -log softmax at their positives; several positives share the target evenly.
/// shapes:   logits [images, texts], positives paired(images, texts) or any boolean [images, texts], over(texts) -> []
/// values:   an anchor without a positive is left out of the mean; 0 where no anchor has one
/// cost:     one pass over the tiles; the logits are never stored
/// errors:   compile time "akin: select: the predicate must name the operand's axes", "akin: reduction: the operand does not have this axis"
/// gradient: (softmax - target) / number of anchors
/// source:   van den Oord et al. 2018; several positives: Khosla et al. 2020, L_out
template <class Axes, class Positives, class X>
constexpr auto cross_entropy(expr<real, Axes> logits, Positives positives, over_axes<X> o) {
  if constexpr (std::is_same_v<Axes, unknown>) return expr<real, axes<>>{logits.owner, logits.id};
  else if constexpr (!operand_has_axis<detail::as_axes<Axes>, axis_is<X>>) {
    static_assert(operand_has_axis<detail::as_axes<Axes>, axis_is<X>>, "akin: reduction: the operand does not have this axis");
    return expr<real, axes<>>{logits.owner, logits.id};
  } else {
    const auto total = select(logits, positives, o);
    if constexpr (std::is_same_v<typename decltype(total)::axes_type, unknown>) return expr<real, axes<>>{logits.owner, logits.id};
    else {
      const auto number = sum(as_real(predicate(*logits.owner, positives)), o);
      const auto anchors = sum(as_real(number > 0));
      const auto each = where(number > 0, log_sum_exp(logits, o) - total / maximum(number, 1), 0);
      return sum(each) / maximum(anchors, 1);
    }
  }
}

/// The CLIP objective: cross entropy over either axis, averaged.
/// source: Radford et al. 2021, Figure 3
template <class A, class B, class Positives>
constexpr auto symmetric_cross_entropy(expr<real, axes<A, B>> logits, Positives positives) {
  return (cross_entropy(logits, positives, over(B{})) + cross_entropy(logits, positives, over(A{}))) / 2;
}

}  // namespace akin::inline v0
