// SPDX-License-Identifier: Apache-2.0
// Arithmetic and scalar functions of expressions. One operand's axes must contain the other's; the smaller is broadcast.
#pragma once

#include <akin/expr/expression.hpp>
#include <akin/expr/functions.hpp>

#include <concepts>

namespace akin::inline v0 {

template <class Left, class Right>
inline constexpr bool one_contains_the_other = false;
template <class... A, class... B>
inline constexpr bool one_contains_the_other<left_is<A...>, right_is<B...>> =
    detail::contains<axes<A...>, axes<B...>> || detail::contains<axes<B...>, axes<A...>>;

namespace detail {

template <class A, class B>
using wider = std::conditional_t<contains<A, B>, A, B>;

template <class Number>
concept number = std::integral<Number> || std::floating_point<Number>;

template <class Kind = real, class InA, class A, class InB, class B>
constexpr auto combine(int (*append)(model&, int, int), expr<InA, A> a, expr<InB, B> b) {
  if constexpr (either_unknown<A, B>) {
    return expr<Kind, unknown>{a.owner, a.id};
  } else {
    static_assert(one_contains_the_other<as_left<A>, as_right<B>>, "akin: arithmetic: one operand's axes must contain the other's");
    if constexpr (one_contains_the_other<as_left<A>, as_right<B>>) return expr<Kind, wider<A, B>>{a.owner, append(*a.owner, a.id, b.id)};
    else return expr<Kind, unknown>{a.owner, a.id};
  }
}

template <class Kind, class A>
constexpr expr<real, axes<>> literal(expr<Kind, A> beside, double number) { return {beside.owner, build::constant(*beside.owner, number)}; }

template <const operation& Op, class A>
constexpr expr<real, A> map(expr<real, A> a) { return {a.owner, build::apply(*a.owner, Op, a.id)}; }

template <const operation& Op, value_kind Kind>
constexpr int append_pair(model& m, int a, int b) { return build::map(m, Op, build::wider(m, a, b), a, b, -1, Kind); }

template <class Value>
inline constexpr bool is_expression = false;
template <class Kind, class A>
inline constexpr bool is_expression<expr<Kind, A>> = true;
/// What has no arithmetic: conditions, indices, pairings.
template <class Value>
inline constexpr bool has_no_arithmetic = false;
template <class Kind, class A>
inline constexpr bool has_no_arithmetic<expr<Kind, A>> = !std::is_same_v<Kind, real>;
template <class Value>
inline constexpr bool is_operand = is_expression<Value> || has_no_arithmetic<Value> || number<Value>;
template <class A, class B>
concept refused_operands = is_operand<A> && is_operand<B> && (is_expression<A> || is_expression<B>) && (has_no_arithmetic<A> || has_no_arithmetic<B>);

}  // namespace detail

template <class A, class B>
inline constexpr bool both_are_numbers = !detail::has_no_arithmetic<A> && !detail::has_no_arithmetic<B>;

namespace detail {

template <class A, class B>
constexpr auto refuse_arithmetic(A a, B b) {
  static_assert(both_are_numbers<A, B>, "akin: arithmetic: a condition or an index is no real: as_real(...) makes it one, where(condition, a, b) chooses");
  if constexpr (is_expression<A>) return expr<real, unknown>{a.owner, a.id};
  else return expr<real, unknown>{b.owner, b.id};
}

}  // namespace detail

/// Sum, difference, product, quotient, elementwise.
/// shapes:   [A] and [B] where one contains the other -> the larger
/// errors:   compile time "akin: arithmetic: one operand's axes must contain the other's", "akin: arithmetic: a condition or an index is no real: ..."
/// gradient: summed over the axes along which an operand was broadcast
template <class A, class B>
constexpr auto operator+(expr<real, A> a, expr<real, B> b) { return detail::combine(build::add, a, b); }
template <class A, class B>
constexpr auto operator-(expr<real, A> a, expr<real, B> b) { return detail::combine(build::subtract, a, b); }
template <class A, class B>
constexpr auto operator*(expr<real, A> a, expr<real, B> b) { return detail::combine(build::multiply, a, b); }
template <class A, class B>
constexpr auto operator/(expr<real, A> a, expr<real, B> b) { return detail::combine(build::divide, a, b); }
template <class A>
constexpr expr<real, A> operator-(expr<real, A> a) { return {a.owner, build::negate(*a.owner, a.id)}; }

template <class A, detail::number Number>
constexpr auto operator+(expr<real, A> a, Number b) { return a + detail::literal(a, static_cast<double>(b)); }
template <class A, detail::number Number>
constexpr auto operator+(Number a, expr<real, A> b) { return detail::literal(b, static_cast<double>(a)) + b; }
template <class A, detail::number Number>
constexpr auto operator-(expr<real, A> a, Number b) { return a - detail::literal(a, static_cast<double>(b)); }
template <class A, detail::number Number>
constexpr auto operator-(Number a, expr<real, A> b) { return detail::literal(b, static_cast<double>(a)) - b; }
template <class A, detail::number Number>
constexpr auto operator*(expr<real, A> a, Number b) { return a * detail::literal(a, static_cast<double>(b)); }
template <class A, detail::number Number>
constexpr auto operator*(Number a, expr<real, A> b) { return detail::literal(b, static_cast<double>(a)) * b; }
template <class A, detail::number Number>
constexpr auto operator/(expr<real, A> a, Number b) { return a / detail::literal(a, static_cast<double>(b)); }
template <class A, detail::number Number>
constexpr auto operator/(Number a, expr<real, A> b) { return detail::literal(b, static_cast<double>(a)) / b; }

// Refused in one sentence.
template <class A, class B>
  requires detail::refused_operands<A, B>
constexpr auto operator+(A a, B b) { return detail::refuse_arithmetic(a, b); }
template <class A, class B>
  requires detail::refused_operands<A, B>
constexpr auto operator-(A a, B b) { return detail::refuse_arithmetic(a, b); }
template <class A, class B>
  requires detail::refused_operands<A, B>
constexpr auto operator*(A a, B b) { return detail::refuse_arithmetic(a, b); }
template <class A, class B>
  requires detail::refused_operands<A, B>
constexpr auto operator/(A a, B b) { return detail::refuse_arithmetic(a, b); }
template <class A>
  requires(detail::is_expression<A> && detail::has_no_arithmetic<A>)
constexpr auto operator-(A a) { return detail::refuse_arithmetic(a, a); }

/// Functions of one real, elementwise; gradients as in the textbook.
template <class A>
constexpr expr<real, A> exp(expr<real, A> a) { return detail::map<exp_op>(a); }
template <class A>
constexpr expr<real, A> log(expr<real, A> a) { return detail::map<log_op>(a); }
template <class A>
constexpr expr<real, A> sqrt(expr<real, A> a) { return detail::map<sqrt_op>(a); }
template <class A>
constexpr expr<real, A> tanh(expr<real, A> a) { return detail::map<tanh_op>(a); }
template <class A>
constexpr expr<real, A> sigmoid(expr<real, A> a) { return detail::map<sigmoid_op>(a); }
/// log(1 + exp(x)), without overflow.
template <class A>
constexpr expr<real, A> softplus(expr<real, A> a) { return detail::map<softplus_op>(a); }
template <class A>
constexpr expr<real, A> erf(expr<real, A> a) { return detail::map<erf_op>(a); }
template <class A>
constexpr expr<real, A> abs(expr<real, A> a) { return detail::map<absolute_op>(a); }
template <class A>
constexpr expr<real, A> sin(expr<real, A> a) { return detail::map<sine_op>(a); }
template <class A>
constexpr expr<real, A> cos(expr<real, A> a) { return detail::map<cosine_op>(a); }
template <class A>
constexpr expr<real, A> acos(expr<real, A> a) { return detail::map<arc_cosine_op>(a); }
template <class A>
constexpr expr<real, A> square(expr<real, A> a) { return a * a; }
/// The value, and no gradient.
template <class A>
constexpr expr<real, A> stop_gradient(expr<real, A> a) { return detail::map<stop_gradient_op>(a); }

/// The larger and the smaller of two values. Where they are equal the second has the gradient.
template <class A, class B>
constexpr auto maximum(expr<real, A> a, expr<real, B> b) { return detail::combine(detail::append_pair<maximum_op, value_kind::real>, a, b); }
template <class A, class B>
constexpr auto minimum(expr<real, A> a, expr<real, B> b) { return detail::combine(detail::append_pair<minimum_op, value_kind::real>, a, b); }
template <class A, detail::number Number>
constexpr auto maximum(expr<real, A> a, Number b) { return maximum(a, detail::literal(a, static_cast<double>(b))); }
template <class A, detail::number Number>
constexpr auto minimum(expr<real, A> a, Number b) { return minimum(a, detail::literal(a, static_cast<double>(b))); }
template <class A>
constexpr expr<real, A> relu(expr<real, A> a) { return maximum(a, 0); }

// Comparisons yield booleans.
template <class A, class B>
constexpr auto operator<(expr<real, A> a, expr<real, B> b) { return detail::combine<boolean>(detail::append_pair<less_op, value_kind::boolean>, a, b); }
template <class A, class B>
constexpr auto operator>(expr<real, A> a, expr<real, B> b) { return b < a; }
template <class A, class B>
constexpr auto operator<=(expr<real, A> a, expr<real, B> b) { return detail::combine<boolean>(detail::append_pair<less_equal_op, value_kind::boolean>, a, b); }
template <class A, class B>
constexpr auto operator>=(expr<real, A> a, expr<real, B> b) { return b <= a; }
template <class A, detail::number Number>
constexpr auto operator<(expr<real, A> a, Number b) { return a < detail::literal(a, static_cast<double>(b)); }
template <class A, detail::number Number>
constexpr auto operator>(expr<real, A> a, Number b) { return detail::literal(a, static_cast<double>(b)) < a; }
template <class A, detail::number Number>
constexpr auto operator<=(expr<real, A> a, Number b) { return a <= detail::literal(a, static_cast<double>(b)); }
template <class A, detail::number Number>
constexpr auto operator>=(expr<real, A> a, Number b) { return detail::literal(a, static_cast<double>(b)) <= a; }
template <class A, detail::number Number>
constexpr auto operator<(Number a, expr<real, A> b) { return b > a; }
template <class A, detail::number Number>
constexpr auto operator>(Number a, expr<real, A> b) { return b < a; }
template <class A, detail::number Number>
constexpr auto operator<=(Number a, expr<real, A> b) { return b >= a; }
template <class A, detail::number Number>
constexpr auto operator>=(Number a, expr<real, A> b) { return b <= a; }
template <class A, class B>
constexpr auto operator&&(expr<boolean, A> a, expr<boolean, B> b) { return detail::combine<boolean>(detail::append_pair<minimum_op, value_kind::boolean>, a, b); }
template <class A, class B>
constexpr auto operator||(expr<boolean, A> a, expr<boolean, B> b) { return detail::combine<boolean>(detail::append_pair<maximum_op, value_kind::boolean>, a, b); }
template <class A>
constexpr expr<boolean, A> operator!(expr<boolean, A> a) { return {a.owner, build::map(*a.owner, logical_not_op, a.owner->at(a.id).axes, a.id, -1, -1, value_kind::boolean)}; }
/// 1 where true, 0 where false.
template <class A>
constexpr expr<real, A> as_real(expr<boolean, A> a) { return {a.owner, build::apply(*a.owner, as_real_op, a.id)}; }
/// An integer as a real: as_real(position(m, images)) is 0, 1, 2, ... for any arithmetic.
/// values:   exact up to 2^24 on a backend in single precision
/// gradient: none
template <class A>
constexpr expr<real, A> as_real(expr<integer, A> a) { return {a.owner, build::apply(*a.owner, index_to_real_op, a.id)}; }

template <class Operand, class Axis>
inline constexpr bool axis_is_new = true;
template <class... A, class Axis>
inline constexpr bool axis_is_new<axes_are<A...>, axis_is<Axis>> = !detail::has<axes<A...>, Axis>;

/// The same value along a further axis, so that values of two axes can meet: broadcast(i, texts) - j is a difference for every pair.
/// shapes:   [A] -> [A, x]
/// values:   y(a, k) = x(a) for all k; nothing is copied
/// errors:   compile time "akin: broadcast: the operand has this axis already"
/// gradient: summed over the further axis
template <class A, some_axis X>
constexpr auto broadcast(expr<real, A> a, X) {
  if constexpr (std::is_same_v<A, unknown>) {
    return a;
  } else if constexpr (!axis_is_new<detail::as_axes<A>, axis_is<X>>) {
    static_assert(axis_is_new<detail::as_axes<A>, axis_is<X>>, "akin: broadcast: the operand has this axis already");
    return expr<real, unknown>{a.owner, a.id};
  } else {
    using out = typename detail::joined<A, axes<X>>::type;
    return expr<real, out>{a.owner, build::identity(*a.owner, a.id, a.owner->list(out{}))};
  }
}

template <class Condition, class Value>
inline constexpr bool condition_fits_value = false;
template <class... A, class... B>
inline constexpr bool condition_fits_value<left_is<A...>, right_is<B...>> = one_contains_the_other<left_is<A...>, right_is<B...>>;

/// a where the condition holds, else b.
/// shapes:   of the three each may lack axes of the others, as in arithmetic
/// errors:   compile time "akin: where: one value's axes must contain the other's", "akin: where: the condition's axes must contain the values' or be contained"
/// gradient: to what is chosen; 0 to the other, even where it is infinite
template <class C, class A, class B>
constexpr auto where(expr<boolean, C> condition, expr<real, A> a, expr<real, B> b) {
  if constexpr (detail::either_unknown<A, B> || std::is_same_v<C, unknown>) {
    return expr<real, unknown>{a.owner, a.id};
  } else {
    using value = detail::wider<A, B>;
    constexpr bool values_fit = one_contains_the_other<detail::as_left<A>, detail::as_right<B>>;
    static_assert(one_contains_the_other<detail::as_left<A>, detail::as_right<B>>, "akin: where: one value's axes must contain the other's");
    static_assert(!values_fit || condition_fits_value<detail::as_left<C>, detail::as_right<value>>, "akin: where: the condition's axes must contain the values' or be contained");
    if constexpr (values_fit && condition_fits_value<detail::as_left<C>, detail::as_right<value>>) return expr<real, detail::wider<C, value>>{a.owner, build::where(*a.owner, condition.id, a.id, b.id)};
    else return expr<real, unknown>{a.owner, a.id};
  }
}
template <class C, class A, detail::number Number>
constexpr auto where(expr<boolean, C> condition, expr<real, A> a, Number b) { return where(condition, a, detail::literal(a, static_cast<double>(b))); }
template <class C, class A, detail::number Number>
constexpr auto where(expr<boolean, C> condition, Number a, expr<real, A> b) { return where(condition, detail::literal(b, static_cast<double>(a)), b); }
template <class C, detail::number A, detail::number B>
constexpr auto where(expr<boolean, C> condition, A a, B b) { return where(condition, detail::literal(condition, static_cast<double>(a)), detail::literal(condition, static_cast<double>(b))); }

template <class Condition>
inline constexpr bool is_a_condition = std::is_same_v<Condition, axes_are<unknown>>;  // another mistake has been named already
/// errors:   compile time, since a number is no condition
template <class Kind, class C, class A, class B>
  requires(!std::is_same_v<Kind, boolean>)
constexpr auto where(expr<Kind, C> condition, A, B) {
  static_assert(is_a_condition<detail::as_axes<C>>, "akin: where: the condition is a number: compare it, as in s > 0");
  return expr<real, unknown>{condition.owner, condition.id};
}

}  // namespace akin::inline v0

#include <akin/expr/reduce.hpp>  // gradients of broadcasts are sums
