// SPDX-License-Identifier: Apache-2.0
// Axes split, merged and renamed, parts taken along the first axis (the same numbers, no copy); other parts taken, placed and joined (copies).
#pragma once

#include <akin/expr/reduce.hpp>

namespace akin::inline v0 {
namespace gradient_of {

constexpr void reshape(model& m, int n, int g);
constexpr void slice(model& m, int n, int g);
constexpr void place(model& m, int n, int g);
constexpr void concatenate(model& m, int n, int g);

}  // namespace gradient_of

inline constexpr operation reshape_op{"reshape", role::alias, vjp_of<gradient_of::reshape>};
// argument: {axis of the longer side, axis of the shorter side or -1 for one entry, first entry, 1 for the last entries instead or -1}
inline constexpr operation slice_op{"slice", role::kernel, vjp_of<gradient_of::slice>};
inline constexpr operation stretch_op{"stretch", role::alias, vjp_of<gradient_of::slice>};  // a slice along the first axis that begins at a known entry: no copy
inline constexpr operation place_op{"place", role::kernel, vjp_of<gradient_of::place>};
inline constexpr operation concatenate_op{"concatenate", role::kernel, vjp_of<gradient_of::concatenate>};  // argument: {axis of a, of b, of the result}

namespace build {

constexpr int reshape(model& m, int a, const axis_list& out) {
  node n{&reshape_op};
  n.in[0] = static_cast<std::int16_t>(a);
  n.axes = out;
  n.kind = m.at(a).kind;
  return m.put(n);
}

constexpr int part(model& m, const operation& op, int a, const axis_list& out, const four_numbers& argument) {
  node n{&op};
  n.in[0] = static_cast<std::int16_t>(a);
  n.axes = out;
  n.argument = argument;
  return m.put(n);
}

constexpr int slice(model& m, int a, const axis_list& out, const four_numbers& argument) {
  const bool follows = m.at(a).axes[0] == argument[0] && argument[3] != 1;
  return part(m, follows ? stretch_op : slice_op, a, out, argument);
}

}  // namespace build

namespace gradient_of {

constexpr void reshape(model& m, int n, int g) { m.add_adjoint(in(m, n, 0), build::reshape(m, g, m.at(in(m, n, 0)).axes)); }
constexpr void slice(model& m, int n, int g) { m.add_adjoint(in(m, n, 0), build::part(m, place_op, g, m.at(in(m, n, 0)).axes, m.at(n).argument)); }
constexpr void place(model& m, int n, int g) { m.add_adjoint(in(m, n, 0), build::slice(m, g, m.at(in(m, n, 0)).axes, m.at(n).argument)); }
constexpr void concatenate(model& m, int n, int g) {
  const int a = in(m, n, 0), b = in(m, n, 1);
  const four_numbers axis = m.at(n).argument;
  m.add_adjoint(a, build::slice(m, g, m.at(a).axes, {axis[2], axis[0], 0, -1}));
  m.add_adjoint(b, build::slice(m, g, m.at(b).axes, {axis[2], axis[1], 0, 1}));
}

}  // namespace gradient_of

namespace detail {

template <class Axes, class A>
consteval bool check_axis() {
  static_assert(operand_has_axis<as_axes<Axes>, axis_is<A>>, "akin: layout: the operand does not have this axis");
  return operand_has_axis<as_axes<Axes>, axis_is<A>>;
}

}  // namespace detail

/// [.., width, ..] -> [.., heads, head_width, ..], with head_width = width / heads.
/// cost:     none: the same numbers
/// errors:   compile time "akin: layout: the operand does not have this axis"; run time where |width| is no multiple of |heads|
/// gradient: that of the result, under the old axis
template <class Kind, class Axes, some_axis Old, some_axis Outer, some_axis Inner>
constexpr auto split(expr<Kind, Axes> x, Old, Outer, Inner) {
  if constexpr (std::is_same_v<Axes, unknown>) return x;
  else if constexpr (!detail::check_axis<Axes, Old>()) return expr<Kind, unknown>{x.owner, x.id};
  else {
    model& m = *x.owner;
    using out = typename detail::replaced<Axes, Old, axes<Outer, Inner>>::type;
    m.relate({extent_rule::quotient, m.number_of<Inner>(), m.number_of<Old>(), m.number_of<Outer>()});
    m.relate({extent_rule::product, m.number_of<Old>(), m.number_of<Outer>(), m.number_of<Inner>()});
    return expr<Kind, out>{&m, build::reshape(m, x.id, m.list(out{}))};
  }
}

namespace detail {

template <class List, class First, class Second>
inline constexpr bool adjacent = false;
template <class A, class... Rest, class First, class Second>
inline constexpr bool adjacent<axes<A, Rest...>, First, Second> = adjacent<axes<Rest...>, First, Second>;
template <class First, class Second, class... Rest>
inline constexpr bool adjacent<axes<First, Second, Rest...>, First, Second> = true;

}  // namespace detail

template <class Operand, class First, class Second>
inline constexpr bool axes_are_neighbours = false;
template <class... A, class First, class Second>
inline constexpr bool axes_are_neighbours<axes_are<A...>, axis_is<First>, axis_is<Second>> = detail::adjacent<axes<A...>, First, Second>;

/// [.., outer, inner, ..] -> [.., merged, ..], with |merged| = |outer| |inner|.
/// cost:     none: the same numbers
/// errors:   compile time "akin: merge: the two axes must be neighbours in this order"
/// gradient: that of the result, under the old axes
template <class Kind, class Axes, some_axis Outer, some_axis Inner, some_axis New>
constexpr auto merge(expr<Kind, Axes> x, Outer, Inner, New) {
  if constexpr (std::is_same_v<Axes, unknown>) return x;
  else if constexpr (!axes_are_neighbours<detail::as_axes<Axes>, axis_is<Outer>, axis_is<Inner>>) {
    static_assert(axes_are_neighbours<detail::as_axes<Axes>, axis_is<Outer>, axis_is<Inner>>, "akin: merge: the two axes must be neighbours in this order");
    return expr<Kind, unknown>{x.owner, x.id};
  } else {
    model& m = *x.owner;
    using short_list = typename detail::replaced<Axes, Outer, axes<New>>::type;
    using out = detail::minus<short_list, axes<Inner>>;
    m.relate({extent_rule::product, m.number_of<New>(), m.number_of<Outer>(), m.number_of<Inner>()});
    return expr<Kind, out>{&m, build::reshape(m, x.id, m.list(out{}))};
  }
}

/// The same numbers under another axis: dot(z, rename(z, images, others)) compares a set with itself.
/// shapes:   [.., old, ..] -> [.., new, ..] with |new| = |old|; no copy
/// errors:   compile time "akin: layout: the operand does not have this axis"; run time where bind gives the two different extents
template <class Kind, class Axes, some_axis Old, some_axis New>
constexpr auto rename(expr<Kind, Axes> x, Old, New) {
  if constexpr (std::is_same_v<Axes, unknown>) return x;
  else if constexpr (!detail::check_axis<Axes, Old>()) return expr<Kind, unknown>{x.owner, x.id};
  else {
    model& m = *x.owner;
    using out = typename detail::replaced<Axes, Old, axes<New>>::type;
    m.relate({extent_rule::same, m.number_of<New>(), m.number_of<Old>(), -1});
    return expr<Kind, out>{&m, build::reshape(m, x.id, m.list(out{}))};
  }
}

/// The first |shorter| entries along an axis: positions, of which shorter texts need fewer.
/// shapes:   [A, x, B] -> [A, shorter, B] with |shorter| <= |x|; where only one of the two is bound, the other is as long
/// cost:     none along the first axis, else one copy
/// errors:   compile time "akin: layout: the operand does not have this axis"; run time where |shorter| is larger
/// gradient: that of the result, 0 behind it
template <class Axes, some_axis X, some_axis Shorter>
constexpr auto take_first(expr<real, Axes> a, X, Shorter) {
  if constexpr (std::is_same_v<Axes, unknown>) return a;
  else if constexpr (!detail::check_axis<Axes, X>()) return expr<real, unknown>{a.owner, a.id};
  else {
    model& m = *a.owner;
    using out = typename detail::replaced<Axes, X, axes<Shorter>>::type;
    m.relate({extent_rule::within, m.number_of<Shorter>(), m.number_of<X>(), -1});
    return expr<real, out>{&m, build::slice(m, a.id, m.list(out{}), {m.number_of<X>(), m.number_of<Shorter>(), 0, -1})};
  }
}

/// Entry k along an axis, which goes.
/// shapes:   [A, x, B] -> [A, B]
/// cost:     one copy
/// errors:   compile time "akin: layout: the operand does not have this axis", "akin: take: ..." for k below 0 or above 32,767; run time "take: ..." where
///           there is no such entry
/// gradient: that of the result at entry k, 0 elsewhere
template <class Axes, some_axis X>
constexpr auto take(expr<real, Axes> a, X, int k) {
  if constexpr (std::is_same_v<Axes, unknown>) return a;
  else if constexpr (!detail::check_axis<Axes, X>()) return expr<real, unknown>{a.owner, a.id};
  else {
    model& m = *a.owner;
    using out = detail::minus<Axes, axes<X>>;
    if (k < 0 || k > max_argument) m.report(mistake::no_such_entry, a.id);
    return expr<real, out>{&m, build::slice(m, a.id, m.list(out{}), {m.number_of<X>(), -1, static_cast<std::int16_t>(k), -1})};
  }
}

/// The last entry along an axis, which goes.
/// shapes, cost, errors, gradient: as take
template <class Axes, some_axis X>
constexpr auto take_last(expr<real, Axes> a, X) {
  if constexpr (std::is_same_v<Axes, unknown>) return a;
  else if constexpr (!detail::check_axis<Axes, X>()) return expr<real, unknown>{a.owner, a.id};
  else {
    model& m = *a.owner;
    using out = detail::minus<Axes, axes<X>>;
    return expr<real, out>{&m, build::slice(m, a.id, m.list(out{}), {m.number_of<X>(), -1, 0, 1})};
  }
}

template <class First, class Rest>
inline constexpr bool first_fits_the_rest = false;
template <class... A, class... B>
inline constexpr bool first_fits_the_rest<left_is<A...>, right_is<B...>> = detail::contains<axes<B...>, axes<A...>>;

/// One entry before all others along an axis: a class token before the patches.
/// shapes:   first [..], rest [.., x, ..] -> [.., longer, ..] with |longer| = |x| + 1; `first` may lack axes of `rest` and is repeated
/// errors:   compile time "akin: prepend: the first entry has an axis that the rest lacks"
template <class First, class Rest, some_axis X, some_axis Longer>
constexpr auto prepend(expr<real, First> first, expr<real, Rest> rest, X, Longer) {
  if constexpr (detail::either_unknown<First, Rest>) return expr<real, unknown>{rest.owner, rest.id};
  else if constexpr (!detail::check_axis<Rest, X>()) return expr<real, unknown>{rest.owner, rest.id};
  else if constexpr (!first_fits_the_rest<detail::as_left<First>, detail::as_right<detail::minus<Rest, axes<X>>>>) {
    static_assert(first_fits_the_rest<detail::as_left<First>, detail::as_right<detail::minus<Rest, axes<X>>>>, "akin: prepend: the first entry has an axis that the rest lacks");
    return expr<real, unknown>{rest.owner, rest.id};
  }
  else {
    model& m = *rest.owner;
    using out = typename detail::replaced<Rest, X, axes<Longer>>::type;
    using one = detail::minus<Rest, axes<X>>;
    const auto longer = m.number_of<Longer>(), shorter = m.number_of<X>();
    m.relate({extent_rule::sum, longer, shorter, -1, 1, 0});
    const int head = build::part(m, place_op, build::identity(m, first.id, m.list(one{})), m.list(out{}), {longer, -1, 0, -1});
    const int tail = build::part(m, place_op, rest.id, m.list(out{}), {longer, shorter, 1, -1});
    return expr<real, out>{&m, build::add(m, head, tail)};
  }
}

namespace detail {

/// Where two lists of axes differ: the place, 0 where they are equal, -1 where they differ twice or in length.
template <class A, class B>
inline constexpr int differ_at = -1;
template <class... A, class... B>
  requires(sizeof...(A) == sizeof...(B) && sizeof...(A) > 0)
inline constexpr int differ_at<axes<A...>, axes<B...>> = [] {
  constexpr bool same[] = {std::is_same_v<A, B>...};
  int place = 0, differences = 0;
  for (int k = 0; k < static_cast<int>(sizeof...(A)); ++k)
    if (!same[k]) place = k, ++differences;
  return differences <= 1 ? place : -1;
}();

template <class Axes, int Place>
struct axis_at;
template <class First, class... Rest, int Place>
struct axis_at<axes<First, Rest...>, Place> : axis_at<axes<Rest...>, Place - 1> {};
template <class First, class... Rest>
struct axis_at<axes<First, Rest...>, 0> { using type = First; };

}  // namespace detail

template <class Left, class Right>
inline constexpr bool differ_in_one_axis = false;
template <class... A, class... B>
inline constexpr bool differ_in_one_axis<left_is<A...>, right_is<B...>> = detail::differ_at<axes<A...>, axes<B...>> >= 0;

/// The entries of a and after them those of b: both views of a batch as one set, or a queue of negatives after the batch's own.
/// shapes:   [.., x, ..] and [.., y, ..] -> [.., longer, ..] with |longer| = |x| + |y|; two operands of the same axes are joined along the first
/// values:   result(k) = a(k) for k < |x|, b(k - |x|) after that; reals or integers
/// cost:     one copy
/// errors:   compile time "akin: concatenate: the operands must agree in all axes but one"
/// gradient: da is the first part of the result's gradient, db the rest
template <class Kind, class A, class B, some_axis Longer>
constexpr auto concatenate(expr<Kind, A> a, expr<Kind, B> b, Longer) {
  if constexpr (detail::either_unknown<A, B>) return expr<Kind, unknown>{a.owner, a.id};
  else if constexpr (!differ_in_one_axis<detail::as_left<A>, detail::as_right<B>>) {
    static_assert(differ_in_one_axis<detail::as_left<A>, detail::as_right<B>>, "akin: concatenate: the operands must agree in all axes but one");
    return expr<Kind, unknown>{a.owner, a.id};
  } else {
    model& m = *a.owner;
    using x = typename detail::axis_at<A, detail::differ_at<A, B>>::type;
    using y = typename detail::axis_at<B, detail::differ_at<A, B>>::type;
    using out = typename detail::replaced<A, x, axes<Longer>>::type;
    node n{&concatenate_op};
    n.in = {static_cast<std::int16_t>(a.id), static_cast<std::int16_t>(b.id), -1, -1};
    n.axes = m.list(out{});
    n.kind = m.at(a.id).kind;
    n.argument = {m.number_of<x>(), m.number_of<y>(), m.number_of<Longer>(), -1};
    m.relate({extent_rule::sum, n.argument[2], n.argument[0], n.argument[1]});
    return expr<Kind, out>{&m, m.put(n)};
  }
}

}  // namespace akin::inline v0
