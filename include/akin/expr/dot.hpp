// SPDX-License-Identifier: Apache-2.0
// Contractions: every product of the library, from a linear layer to attention scores and pair logits.
#pragma once

#include <akin/expr/reduce.hpp>

namespace akin::inline v0 {
namespace build {

/// An operand that a layer's gradient multiplies with. Where it is elementwise work of the layer itself, the planner decides whether it is kept
/// for each layer or computed again. Products of things with things (attention's scores), and those with them, are multiplied again.
constexpr int again(model& m, int a);

}  // namespace build

namespace gradient_of {

constexpr void contract(model& m, int n, int g) {
  const int a = in(m, n, 0), b = in(m, n, 1);
  m.add_adjoint(a, build::contract(m, g, build::again(m, b), m.at(a).axes));
  m.add_adjoint(b, build::contract(m, build::again(m, a), g, m.at(b).axes));
}

}  // namespace gradient_of

inline constexpr operation again_op{"again", role::elementwise, no_gradient, scalar::identity};

inline constexpr operation contract_op{"contract", role::contract, vjp_of<gradient_of::contract>};
inline constexpr operation contract_again_op{"contract again", role::contract, no_gradient};  // argument: {the layer's own}

namespace build {

// The products that an elementwise value of things with things is computed from; `seen` has what was visited.
constexpr void multiply_again(model& m, int a, bool (&seen)[max_nodes]) {
  const node& x = m.at(a);
  for (const int i : x.in) {
    if (i < 0 || seen[i] || m.at(i).region != x.region || !m.is_square(m.at(i).axes)) continue;
    seen[i] = true;
    if (m.at(i).op->plays == role::elementwise) multiply_again(m, i, seen);
    else again(m, i);
  }
}

constexpr int again(model& m, int a) {
  const int layer = m.regions[static_cast<std::size_t>(m.region)].forward;
  node x = m.at(a);
  if (layer < 0 || x.region != layer || x.op->code == scalar::constant) return a;
  if (x.op->plays == role::alias) {
    x.in[0] = static_cast<std::int16_t>(again(m, x.in[0]));
    return x.in[0] == m.at(a).in[0] ? a : m.put(x);
  }
  if (x.op->plays == role::elementwise) {
    if (m.is_square(x.axes)) {
      bool seen[max_nodes]{};
      multiply_again(m, a, seen);
    }
    return map(m, again_op, x.axes, a);
  }
  const auto of_squares = [&] { return m.is_square(x.axes) || m.is_square(m.at(x.in[0]).axes) || m.is_square(m.at(x.in[1]).axes); };
  if (x.op != &contract_op || !of_squares()) return a;
  x.op = &contract_again_op;
  for (int k = 0; k < 2; ++k) x.in[static_cast<std::size_t>(k)] = static_cast<std::int16_t>(again(m, x.in[static_cast<std::size_t>(k)]));
  x.argument[0] = static_cast<std::int16_t>(a);
  return m.put(x);
}

constexpr int contract(model& m, int a, int b, const axis_list& out) {
  const auto pairs = [&](int n) { return m.at(n).axes.rank == 2 && m.axis_entries[static_cast<std::size_t>(m.at(n).axes[0])].numbers_examples && m.axis_entries[static_cast<std::size_t>(m.at(n).axes[1])].numbers_examples; };
  if ((pairs(a) && m.at(b).axes.rank == 1) || (pairs(b) && m.at(a).axes.rank == 1)) return reduce(m, sum_op, multiply(m, a, b), out);  // a sum in the pair pass
  node n{&contract_op};
  n.in = {static_cast<std::int16_t>(a), static_cast<std::int16_t>(b), -1, -1};
  n.axes = out;
  return m.put(n);
}

}  // namespace build

template <class Left, class Right>
inline constexpr bool share_one_axis = false;
template <class... A, class... B>
inline constexpr bool share_one_axis<left_is<A...>, right_is<B...>> = (0 + ... + static_cast<int>(detail::has<axes<B...>, A>)) == 1;
template <class Left, class Right>
inline constexpr bool share_an_axis = false;
template <class... A, class... B>
inline constexpr bool share_an_axis<left_is<A...>, right_is<B...>> = (detail::has<axes<B...>, A> || ...);
template <class Left, class Right, class Over>
inline constexpr bool both_have_axis = false;
template <class... A, class... B, class... X>
inline constexpr bool both_have_axis<left_is<A...>, right_is<B...>, axes_are<X...>> = ((detail::has<axes<A...>, X> && detail::has<axes<B...>, X>) && ...);

/// Contracts the axis that both operands share.
/// shapes:   [A, k] x [k, B] -> [A, B]; axes by name, order as written
/// values:   fp32 products and sums on the cpu backend, double on the reference backend
/// cost:     2 |A| |B| k operations; a result with two batch axes is made tile by tile, and kept between passes only as far as
///           program::pair_budget allows
/// errors:   compile time "akin: dot: operands share no axis", "akin: dot: operands share several axes: say which with over(...)"
/// gradient: dA = G B^T, dB = A^T G
/// source:   Radford et al. 2021, Figure 3
template <class A, class B>
constexpr auto dot(expr<real, A> a, expr<real, B> b) {
  if constexpr (detail::either_unknown<A, B>) {
    return expr<real, unknown>{a.owner, a.id};
  } else if constexpr (!share_an_axis<detail::as_left<A>, detail::as_right<B>>) {
    static_assert(share_an_axis<detail::as_left<A>, detail::as_right<B>>, "akin: dot: operands share no axis");
    return expr<real, unknown>{a.owner, a.id};
  } else if constexpr (!share_one_axis<detail::as_left<A>, detail::as_right<B>>) {
    static_assert(share_one_axis<detail::as_left<A>, detail::as_right<B>>, "akin: dot: operands share several axes: say which with over(...)");
    return expr<real, unknown>{a.owner, a.id};
  } else {
    using out = typename detail::joined<detail::minus<A, B>, detail::minus<B, A>>::type;
    return expr<real, out>{a.owner, build::contract(*a.owner, a.id, b.id, a.owner->list(out{}))};
  }
}

/// Contracts the named axes; other shared axes are batched (attention heads).
/// shapes:   [H, A, k] x [H, B, k] -> [H, A, B]
/// errors:   compile time "akin: dot: an operand does not have the axis in over(...)"
template <class A, class B, class X, class... More>
constexpr auto dot(expr<real, A> a, expr<real, B> b, over_axes<X, More...>) {
  if constexpr (detail::either_unknown<A, B>) {
    return expr<real, unknown>{a.owner, a.id};
  } else if constexpr (!both_have_axis<detail::as_left<A>, detail::as_right<B>, axes_are<X, More...>>) {
    static_assert(both_have_axis<detail::as_left<A>, detail::as_right<B>, axes_are<X, More...>>, "akin: dot: an operand does not have the axis in over(...)");
    return expr<real, unknown>{a.owner, a.id};
  } else {
    using out = typename detail::joined<detail::minus<A, axes<X, More...>>, detail::minus<B, A>>::type;
    return expr<real, out>{a.owner, build::contract(*a.owner, a.id, b.id, a.owner->list(out{}))};
  }
}

}  // namespace akin::inline v0
