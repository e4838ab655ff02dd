// SPDX-License-Identifier: Apache-2.0
// Booleans: which pairs are positives, which keys a token may see; how many hold.
#pragma once

#include <akin/expr/reduce.hpp>

namespace akin::inline v0 {

inline constexpr operation position_op{"position", role::leaf, no_gradient};

/// 0, 1, 2, ... along an axis.
/// shapes:   [x], integers; computed where it is read, never stored
/// errors:   compile time "akin: position: it can be compared with indices, but has no numbers in memory; ..." where a kernel would read it
/// gradient: none
template <some_axis X>
constexpr expr<integer, axes<X>> position(model& m, X) {
  node n{&position_op};
  n.axes = m.list(axes<X>{});
  n.kind = value_kind::index;
  return {&m, m.put(n)};
}

namespace detail {

template <class A, class B>
using united = typename joined<A, minus<B, A>>::type;

/// `turned`: the operation takes b first; the axes are a's first in either case.
template <const operation& Op, class Kind, class A, class B>
constexpr auto compare(expr<Kind, A> a, expr<Kind, B> b, bool turned = false) {
  model& m = *a.owner;
  if constexpr (either_unknown<A, B>) return expr<boolean, unknown>{&m, a.id};
  else return expr<boolean, united<A, B>>{&m, build::map(m, Op, m.list(united<A, B>{}), turned ? b.id : a.id, turned ? a.id : b.id, -1, value_kind::boolean)};
}

}  // namespace detail

/// Where two indices are equal.
/// shapes: [A] and [B] -> [A, B]; axes in both appear once. same(ids_of_images, ids_of_texts) is [images, texts].
template <class A, class B>
constexpr auto same(expr<integer, A> a, expr<integer, B> b) { return detail::compare<equal_index_op>(a, b); }

/// Where two reals are equal, for those that hold whole numbers: same(as_real(position(m, rows)) + 1, as_real(position(m, columns))).
/// shapes: as for indices
template <class A, class B>
constexpr auto same(expr<real, A> a, expr<real, B> b) { return detail::compare<equal_op>(a, b); }

/// Where the first index is at most the second, or at least: at_least(position(m, tokens), position(m, keys)) is the causal mask.
/// shapes: [A] and [B] -> [A, B]; axes in both appear once. A mask whose axes stand as those of what it masks is read line by line
template <class A, class B>
constexpr auto at_most(expr<integer, A> a, expr<integer, B> b) { return detail::compare<less_equal_index_op>(a, b); }
template <class A, class B>
constexpr auto at_least(expr<integer, A> a, expr<integer, B> b) { return detail::compare<less_equal_index_op>(a, b, true); }

/// How many entries are true, over the given axes or over all.
/// shapes:   [A, k] -> [A], reals
/// gradient: none
template <class A, class... O>
constexpr auto count(expr<boolean, A> p, over_axes<O...> o) { return sum(as_real(p), o); }
template <class A>
constexpr auto count(expr<boolean, A> p) { return sum(as_real(p)); }

inline constexpr operation listed_op{"listed", role::kernel, no_gradient};  // in: ids of the first axis [list], ids of the second [list]

/// Where a pair is in a list: the k-th is (first[k], second[k]).
/// shapes:   first and second [list] -> [A, B]; the list's extent is the program's to bind
/// values:   a pair that is listed twice counts once
/// cost:     one look at each listed pair for every tile of its row of tiles; never stored. The list is checked in each pass
/// errors:   run time "listed: ..." where first does not ascend or an id is outside of its axis
/// gradient: none
template <class List, some_axis A, some_axis B>
constexpr expr<boolean, axes<A, B>> listed(expr<integer, axes<List>> first, expr<integer, axes<List>> second, A, B) {
  model& m = *first.owner;
  node n{&listed_op};
  n.in = {static_cast<std::int16_t>(first.id), static_cast<std::int16_t>(second.id), -1, -1};
  n.axes = m.list(axes<A, B>{});
  n.kind = value_kind::boolean;
  return {&m, m.put(n)};
}

/// What a pairing needs to know to become a predicate on (i, j) once it meets an expression.
template <class A, class B>
struct pairing {};

namespace detail {

/// Whether each row has at most one column that belongs to it.
template <class P>
inline constexpr bool is_pairing = false;
template <class A, class B>
inline constexpr bool is_pairing<pairing<A, B>> = true;
template <class A, class B>
inline constexpr bool has_no_arithmetic<pairing<A, B>> = true;

}  // namespace detail

/// Image i belongs to text i. With the model it is a condition like any other: !paired(m, images, texts) is every pair that does not belong together.
template <some_axis A, some_axis B>
constexpr pairing<A, B> paired(A, B) { return {}; }
template <some_axis A, some_axis B>
constexpr expr<boolean, axes<A, B>> paired(model& m, A, B) { return same(position(m, A{}), position(m, B{})); }

/// A pairing, or a condition, as a condition of the model.
/// shapes:   [A, B], or those of the condition
/// gradient: none
template <class A, class B>
constexpr expr<boolean, axes<A, B>> predicate(model& m, pairing<A, B>) { return paired(m, A{}, B{}); }
template <class Axes>
constexpr expr<boolean, Axes> predicate(model&, expr<boolean, Axes> p) { return p; }

/// How many candidates each anchor is paired with: one, where the candidates are enough. No pair has to be looked at.
/// errors:   compile time "akin: reduction: the operand does not have this axis"
template <class A, class B, class X>
constexpr auto count(model& m, pairing<A, B>, over_axes<X>) {
  static_assert(operand_has_axis<axes_are<A, B>, axis_is<X>>, "akin: reduction: the operand does not have this axis");
  using anchor = std::conditional_t<std::is_same_v<A, X>, B, A>;
  return as_real(as_real(position(m, anchor{})) < count(m, X{}));
}
template <class Axes, class X>
constexpr auto count(model&, expr<boolean, Axes> p, over_axes<X> o) { return count(p, o); }

template <class Row, class Column, class A, class B>
constexpr auto where(pairing<Row, Column> condition, expr<real, A> a, expr<real, B> b) { return where(predicate(*a.owner, condition), a, b); }
template <class Row, class Column, class A, detail::number Number>
constexpr auto where(pairing<Row, Column> condition, expr<real, A> a, Number b) { return where(predicate(*a.owner, condition), a, detail::literal(a, static_cast<double>(b))); }
template <class Row, class Column, class B, detail::number Number>
constexpr auto where(pairing<Row, Column> condition, Number a, expr<real, B> b) { return where(predicate(*b.owner, condition), detail::literal(b, static_cast<double>(a)), b); }
template <class Row, class Column, class A>
constexpr auto operator&&(pairing<Row, Column> a, expr<boolean, A> b) { return predicate(*b.owner, a) && b; }
template <class Row, class Column, class A>
constexpr auto operator&&(expr<boolean, A> a, pairing<Row, Column> b) { return a && predicate(*a.owner, b); }
template <class Row, class Column, class A>
constexpr auto operator||(pairing<Row, Column> a, expr<boolean, A> b) { return predicate(*b.owner, a) || b; }
template <class Row, class Column, class A>
constexpr auto operator||(expr<boolean, A> a, pairing<Row, Column> b) { return a || predicate(*a.owner, b); }

template <class Pairing>
inline constexpr bool has_a_model = false;

namespace detail {

template <class Kind, class Pairing>
constexpr auto without_a_model(Pairing) {
  static_assert(has_a_model<Pairing>, "akin: paired(a, b) belongs to no model yet: write paired(m, a, b)");
  return expr<Kind, unknown>{};
}

}  // namespace detail

/// errors:   compile time, since no operand says which model is meant
template <class Row, class Column>
constexpr auto operator!(pairing<Row, Column> a) { return detail::without_a_model<boolean>(a); }
template <class A, class B, class C, class D>
constexpr auto operator&&(pairing<A, B> a, pairing<C, D>) { return detail::without_a_model<boolean>(a); }
template <class A, class B, class C, class D>
constexpr auto operator||(pairing<A, B> a, pairing<C, D>) { return detail::without_a_model<boolean>(a); }
template <class Row, class Column, detail::number A, detail::number B>
constexpr auto where(pairing<Row, Column> condition, A, B) { return detail::without_a_model<real>(condition); }

template <class P>
inline constexpr bool is_predicate = false;

namespace detail {

template <class A, class B>
constexpr axes<A, B> axes_named_by(pairing<A, B>) { return {}; }
template <class Axes>
constexpr Axes axes_named_by(expr<boolean, Axes>) { return {}; }
template <class P>
constexpr auto axes_named_by(P) {
  static_assert(is_predicate<P>, "akin: predicate: expected paired(a, b) or a condition such as same(ids, other_ids)");
  return unknown{};
}

}  // namespace detail

template <class Operand, class Predicate>
inline constexpr bool predicate_names_the_operands_axes = false;
template <class... A, class... B>
inline constexpr bool predicate_names_the_operands_axes<left_is<A...>, right_is<B...>> =
    detail::contains<axes<A...>, axes<B...>> && detail::contains<axes<B...>, axes<A...>>;

/// The mean of the entries for which the condition holds; 0 where it holds for none.
/// shapes:   [A], a predicate of the same axes -> []
/// errors:   compile time "akin: mean_where: the condition must name the value's axes"
/// gradient: 0 where the condition does not hold, even where the value is infinite
template <class P, class A>
constexpr auto mean_where(P condition, expr<real, A> a) {
  using named = decltype(detail::axes_named_by(condition));
  if constexpr (detail::either_unknown<A, named>) {
    return expr<real, unknown>{a.owner, a.id};
  } else if constexpr (!predicate_names_the_operands_axes<detail::as_left<A>, detail::as_right<named>>) {
    static_assert(predicate_names_the_operands_axes<detail::as_left<A>, detail::as_right<named>>, "akin: mean_where: the condition must name the value's axes");
    return expr<real, unknown>{a.owner, a.id};
  } else {
    const auto holds = predicate(*a.owner, condition);
    return sum(where(holds, a, 0)) / maximum(count(holds), 1);
  }
}

/// The entries where the predicate holds, summed over an axis: select(s, paired(images, texts), over(texts)) is the diagonal.
/// shapes:   [A, x], a predicate of the same axes -> [A]
/// errors:   compile time "akin: select: the predicate must name the operand's axes"
/// gradient: 0 where the predicate does not hold, even where the value is infinite
template <class A, class P, class X>
constexpr auto select(expr<real, A> s, P positives, over_axes<X> o) {
  using named = decltype(detail::axes_named_by(positives));
  if constexpr (detail::either_unknown<A, named>) {
    return expr<real, unknown>{s.owner, s.id};
  } else if constexpr (!predicate_names_the_operands_axes<detail::as_left<A>, detail::as_right<named>>) {
    static_assert(predicate_names_the_operands_axes<detail::as_left<A>, detail::as_right<named>>, "akin: select: the predicate must name the operand's axes");
    return expr<real, unknown>{s.owner, s.id};
  } else {
    return sum(where(predicate(*s.owner, positives), s, 0), o);
  }
}
/// Of pairs over the columns, so that each row has its own.
template <class A, class Row, class Column>
constexpr auto select(expr<real, A> s, pairing<Row, Column> positives) { return select(s, positives, over_axes<Column>{}); }

}  // namespace akin::inline v0
