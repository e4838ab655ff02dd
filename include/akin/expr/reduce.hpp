// SPDX-License-Identifier: Apache-2.0
// Reductions over named axes: sum, mean, max, min, log_sum_exp, kth_largest, arg_max; softmax and normalisation, which are made of them.
#pragma once

#include <akin/expr/elementwise.hpp>

namespace akin::inline v0 {
namespace gradient_of {

constexpr void extremum(model& m, int n, int g);
constexpr void log_sum_exp(model& m, int n, int g) {
  const int x = in(m, n, 0);
  m.add_adjoint(x, multiply(m, apply(m, exp_op, subtract(m, x, n)), g));
}

}  // namespace gradient_of

inline constexpr operation maximum_over_op{"max", role::reduce, vjp_of<gradient_of::extremum>, scalar::none, reduction::maximum};
inline constexpr operation minimum_over_op{"min", role::reduce, vjp_of<gradient_of::extremum>, scalar::none, reduction::minimum};
inline constexpr operation log_sum_exp_op{"log_sum_exp", role::reduce, vjp_of<gradient_of::log_sum_exp>, scalar::none, reduction::log_sum_exp};
inline constexpr operation kth_largest_op{"kth_largest", role::reduce, vjp_of<gradient_of::extremum>, scalar::none, reduction::kth_largest};  // argument: {k}
inline constexpr operation arg_max_op{"arg_max", role::reduce, no_gradient, scalar::none, reduction::arg_max};
inline constexpr operation count_op{"count", role::leaf, no_gradient};

namespace build {

/// The extent of an axis, as a real: known when a program is bound.
constexpr int count(model& m, int axis) {
  node n{&count_op};
  n.argument[0] = static_cast<std::int16_t>(axis);
  return m.put(n);
}

}  // namespace build

namespace gradient_of {

constexpr void extremum(model& m, int n, int g) {
  const int x = in(m, n, 0);
  const int attains = map(m, equal_op, m.at(x).axes, x, n, -1, value_kind::boolean);
  const int ties = build::reduce(m, sum_op, apply(m, as_real_op, attains), m.at(n).axes);
  m.add_adjoint(x, build::where(m, attains, divide(m, g, ties), constant(m, 0)));  // where no entry attains it, 0 and not 0 / 0
}

}  // namespace gradient_of

template <class Operand, class Axis>
inline constexpr bool operand_has_axis = false;
template <class... A, class Axis>
inline constexpr bool operand_has_axis<axes_are<A...>, axis_is<Axis>> = detail::has<axes<A...>, Axis>;

namespace detail {

template <class A, class... O>
constexpr auto reduce_over(const operation& op, expr<real, A> a, over_axes<O...>, int argument = 0) {
  if constexpr (std::is_same_v<A, unknown>) {
    return a;
  } else if constexpr ((has<A, O> && ...)) {
    using out = minus<A, axes<O...>>;
    return expr<real, out>{a.owner, build::reduce(*a.owner, op, a.id, a.owner->list(out{}), argument)};
  } else {
    (
        [] {
          static_assert(operand_has_axis<as_axes<A>, axis_is<O>>, "akin: reduction: the operand does not have this axis");
        }(),
        ...);
    return expr<real, unknown>{a.owner, a.id};
  }
}
template <class A>
struct all_of;
template <class... A>
struct all_of<axes<A...>> { using type = over_axes<A...>; };
template <>
struct all_of<unknown> { using type = over_axes<>; };

}  // namespace detail

/// Sum over the given axes, or over all.
/// shapes:   [A, k] -> [A]
/// values:   in a fixed order that depends on extents only; fp32 accumulators in blocks on the cpu backend
/// cost:     one pass over the operand, fused with the expression that makes it
/// errors:   compile time "akin: reduction: the operand does not have this axis"
/// gradient: the same for every summand
template <class A, class... O>
constexpr auto sum(expr<real, A> a, over_axes<O...> o) { return detail::reduce_over(sum_op, a, o); }
template <class A>
constexpr auto sum(expr<real, A> a) { return sum(a, typename detail::all_of<A>::type{}); }

/// Largest and smallest entry over the given axes, or over all.
/// shapes:   [A, k] -> [A]
/// values:   -inf and inf where the extent is 0; NaN where an entry is NaN
/// cost:     as sum; the gradient counts ties, which is one pass more over the operand
/// errors:   compile time "akin: reduction: the operand does not have this axis"
/// gradient: to the entries that attain it, evenly
template <class A, class... O>
constexpr auto max(expr<real, A> a, over_axes<O...> o) { return detail::reduce_over(maximum_over_op, a, o); }
template <class A, class... O>
constexpr auto min(expr<real, A> a, over_axes<O...> o) { return detail::reduce_over(minimum_over_op, a, o); }
template <class A>
constexpr auto max(expr<real, A> a) { return max(a, typename detail::all_of<A>::type{}); }
template <class A>
constexpr auto min(expr<real, A> a) { return min(a, typename detail::all_of<A>::type{}); }

/// The k-th largest entry over one axis, K counted from 1: x >= kth_largest<8>(x, over(texts)) holds for the 8 largest of each row and for
/// what ties with them.
/// shapes:   [A, x] -> [A]
/// values:   -inf where there are fewer than K entries; NaN is passed over
/// cost:     of pairs a comparison for each entry, some K steps for each that is among the largest so far, and K numbers of memory for each
///           result; elsewhere up to K visits of each entry, on one thread
/// errors:   compile time "akin: kth_largest: k counts from 1 to 32,767", "akin: reduction: the operand does not have this axis"
/// gradient: to the entries that tie there, evenly
template <int K, class A, class X>
constexpr auto kth_largest(expr<real, A> a, over_axes<X> o) {
  static_assert(K >= 1 && K <= max_argument, "akin: kth_largest: k counts from 1 to 32,767");
  return detail::reduce_over(kth_largest_op, a, o, K);
}

/// Where the largest entry over one axis is.
/// shapes:   [A, x] -> integers [A]
/// values:   the first where several tie, 0 where there is none; NaN is passed over
/// cost:     a comparison for each entry; outside of pairs on one thread
/// errors:   compile time "akin: reduction: the operand does not have this axis"
/// gradient: none
template <class A, class X>
constexpr auto arg_max(expr<real, A> a, over_axes<X> o) {
  const auto found = detail::reduce_over(arg_max_op, a, o);
  return expr<integer, typename decltype(found)::axes_type>{found.owner, found.id};
}

/// log of the sum of exponentials over the given axes, or over all, without overflow for any finite operand.
/// shapes:   [A, k] -> [A]
/// values:   -inf where the extent is 0 or every entry is -inf; inf where an entry is, with a gradient that is NaN
/// cost:     an exponential for each entry; of pairs the same one serves rows and columns
/// errors:   compile time "akin: reduction: the operand does not have this axis"
/// gradient: softmax of the operand
template <class A, class... O>
constexpr auto log_sum_exp(expr<real, A> a, over_axes<O...> o) { return detail::reduce_over(log_sum_exp_op, a, o); }
template <class A>
constexpr auto log_sum_exp(expr<real, A> a) { return log_sum_exp(a, typename detail::all_of<A>::type{}); }

/// The extent of an axis, or the product of several, as a real.
template <some_axis X, some_axis... More>
constexpr expr<real, axes<>> count(model& m, X, More...) {
  expr<real, axes<>> number{&m, build::count(m, m.number_of<X>())};
  ((number = number * count(m, More{})), ...);
  return number;
}

/// Sum divided by the number of summands.
/// shapes, cost, errors: as sum
/// values:   NaN where the extent is 0
/// gradient: 1 / number of summands
template <class A, class... O>
constexpr auto mean(expr<real, A> a, over_axes<O...> o) {
  if constexpr (sizeof...(O) == 0) return sum(a, o);
  else return sum(a, o) / count(*a.owner, O{}...);
}
template <class A>
constexpr auto mean(expr<real, A> a) { return mean(a, typename detail::all_of<A>::type{}); }

/// exp(x) / sum of exp(x) over the given axis.
/// shapes:   [A, x] -> [A, x]
/// cost:     two visits of the operand and two exponentials for each entry; of pairs two passes
/// errors:   compile time "akin: reduction: the operand does not have this axis"
/// gradient: dx = y (dy - <y, dy>)
template <class A, class X>
constexpr auto softmax(expr<real, A> a, over_axes<X> o) { return exp(a - log_sum_exp(a, o)); }

/// Rows scaled to unit length; a row of zeros stays zero and has gradient 0.
/// shapes:   [A, x] -> [A, x]
/// cost:     two visits of the operand: its squares, then the division
/// errors:   compile time "akin: reduction: the operand does not have this axis"
/// gradient: dx = (dy - y <y, dy>) / |x|
template <class A, class X>
constexpr auto l2_normalize(expr<real, A> a, over_axes<X> o) {
  const auto squares = sum(a * a, o);
  return a * where(squares > 0, 1 / sqrt(where(squares > 0, squares, 1)), 0);
}

}  // namespace akin::inline v0
