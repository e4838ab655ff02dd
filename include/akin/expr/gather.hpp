// SPDX-License-Identifier: Apache-2.0
// Rows chosen by integers: word embeddings, and the feature at one token of each text.
#pragma once

#include <akin/expr/predicates.hpp>

namespace akin::inline v0 {
namespace gradient_of {

constexpr void gather(model& m, int n, int g);
constexpr void pick(model& m, int n, int g);

}  // namespace gradient_of

inline constexpr operation gather_op{"gather", role::kernel, vjp_of<gradient_of::gather>};     // in: table [x, A], ids [I]; argument: {x}
inline constexpr operation scatter_add_op{"scatter_add", role::kernel, no_gradient};           // in: rows [I, A], ids [I]
inline constexpr operation pick_op{"pick", role::kernel, vjp_of<gradient_of::pick>};           // in: x [I, x, A], ids [I]; argument: {x, 1 where the ids were found along it}
inline constexpr operation unpick_op{"unpick", role::kernel, no_gradient};                     // in: rows [I, A], ids [I]
inline constexpr operation first_arg_max_op{"first_arg_max", role::kernel, no_gradient};       // in: ids [I, x]; argument: {x}

namespace gradient_of {

constexpr void by_ids(model& m, const operation& op, int n, int g) {
  node k = m.at(n);
  k.op = &op;
  k.in[0] = static_cast<std::int16_t>(g);
  k.axes = m.at(in(m, n, 0)).axes;
  m.add_adjoint(in(m, n, 0), m.put(k));
}
constexpr void gather(model& m, int n, int g) { by_ids(m, scatter_add_op, n, g); }
constexpr void pick(model& m, int n, int g) { by_ids(m, unpick_op, n, g); }

}  // namespace gradient_of

/// Rows of a table chosen by integers.
/// shapes:   table [x, A], ids [I] -> [I, A]
/// errors:   run time: an id outside of [0, |x|) is named with its place
/// gradient: rows added where they came from, in the order of the ids
template <some_axis X, class... A, class... Ids>
constexpr expr<real, axes<Ids..., A...>> gather(expr<real, axes<X, A...>> table, expr<integer, axes<Ids...>> ids) {
  model& m = *table.owner;
  node n{&gather_op};
  n.in = {static_cast<std::int16_t>(table.id), static_cast<std::int16_t>(ids.id), -1, -1};
  n.axes = m.list(axes<Ids..., A...>{});
  n.argument[0] = m.number_of<X>();
  return {&m, m.put(n)};
}

/// Lets a mistake made before through.
template <class Table, class Ids>
  requires(detail::either_unknown<Table, Ids>)
constexpr expr<real, unknown> gather(expr<real, Table> table, expr<integer, Ids>) { return {table.owner, table.id}; }

namespace detail {

template <class Axes, class Front>
inline constexpr bool begins_with = false;
template <class... A>
inline constexpr bool begins_with<axes<A...>, axes<>> = true;
template <class First, class... A, class... B>
inline constexpr bool begins_with<axes<First, A...>, axes<First, B...>> = begins_with<axes<A...>, axes<B...>>;

}  // namespace detail

template <class Operand, class Indices, class Axis>
inline constexpr bool indices_then_axis_come_first = false;
template <class... A, class... B, class X>
inline constexpr bool indices_then_axis_come_first<left_is<A...>, right_is<B...>, axis_is<X>> = detail::begins_with<axes<A...>, axes<B..., X>>;

/// For each i the entry ids[i] along axis x.
/// shapes:   [I, x, A] and ids [I] -> [I, A]
/// cost:     indices that the model computes are fetched from a device to be checked, but for those of first_arg_max along x
/// errors:   compile time "akin: pick: the operand's axes must begin with those of the indices and then the picked axis"; run time: an index outside of
///           [0, |x|) is named with its place
/// gradient: that of the result at the picked entries, 0 elsewhere
template <class Axes, class Ids, some_axis X>
constexpr auto pick(expr<real, Axes> a, expr<integer, Ids> ids, X) {
  if constexpr (detail::either_unknown<Axes, Ids>) {
    return expr<real, unknown>{a.owner, a.id};
  } else if constexpr (!indices_then_axis_come_first<detail::as_left<Axes>, detail::as_right<Ids>, axis_is<X>>) {
    static_assert(indices_then_axis_come_first<detail::as_left<Axes>, detail::as_right<Ids>, axis_is<X>>,
                  "akin: pick: the operand's axes must begin with those of the indices and then the picked axis");
    return expr<real, unknown>{a.owner, a.id};
  } else {
    model& m = *a.owner;
    using out = detail::minus<Axes, axes<X>>;
    node n{&pick_op};
    n.in = {static_cast<std::int16_t>(a.id), static_cast<std::int16_t>(ids.id), -1, -1};
    n.axes = m.list(out{});
    n.argument[0] = m.number_of<X>();
    n.argument[1] = m.at(ids.id).op == &first_arg_max_op && m.at(ids.id).argument[0] == n.argument[0];
    return expr<real, out>{&m, m.put(n)};
  }
}

template <class Operand, class Axis>
inline constexpr bool axis_is_the_last = false;
template <class... A, class X>
inline constexpr bool axis_is_the_last<axes_are<A...>, axis_is<X>> = detail::begins_with<axes<A...>, typename detail::joined<detail::minus<axes<A...>, axes<X>>, axes<X>>::type>;

/// The first place of the largest integer along the last axis: where CLIP's end-of-text token stands.
/// shapes:   [I, x] -> [I]
/// values:   0 where the extent is 0
/// errors:   compile time "akin: first_arg_max: it runs along the last axis"
/// gradient: none
template <class Axes, some_axis X>
constexpr auto first_arg_max(expr<integer, Axes> ids, over_axes<X>) {
  if constexpr (std::is_same_v<Axes, unknown>) {
    return ids;
  } else if constexpr (!axis_is_the_last<detail::as_axes<Axes>, axis_is<X>>) {
    static_assert(axis_is_the_last<detail::as_axes<Axes>, axis_is<X>>, "akin: first_arg_max: it runs along the last axis");
    return expr<integer, unknown>{ids.owner, ids.id};
  } else {
    model& m = *ids.owner;
    using out = detail::minus<Axes, axes<X>>;
    node n{&first_arg_max_op};
    n.in[0] = static_cast<std::int16_t>(ids.id);
    n.axes = m.list(out{});
    n.kind = value_kind::index;
    n.argument[0] = m.number_of<X>();
    return expr<integer, out>{&m, m.put(n)};
  }
}

}  // namespace akin::inline v0
