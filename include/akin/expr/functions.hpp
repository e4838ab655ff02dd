// SPDX-License-Identifier: Apache-2.0
// The scalar functions as operations: their gradients, and the simplifications made when they are appended.
#pragma once

#include <akin/expr/build.hpp>

#include <numbers>

namespace akin::inline v0 {
namespace gradient_of {

using build::add, build::apply, build::constant, build::divide, build::map, build::multiply, build::negate, build::subtract;
constexpr int in(const model& m, int n, int k) { return m.at(n).in[static_cast<std::size_t>(k)]; }

constexpr void identity(model& m, int n, int g) { m.add_adjoint(in(m, n, 0), g); }
constexpr void negate_(model& m, int n, int g) { m.add_adjoint(in(m, n, 0), negate(m, g)); }
constexpr void exp(model& m, int n, int g) { m.add_adjoint(in(m, n, 0), multiply(m, g, n)); }
constexpr void log(model& m, int n, int g) { m.add_adjoint(in(m, n, 0), divide(m, g, in(m, n, 0))); }
constexpr void sqrt(model& m, int n, int g);
constexpr void tanh(model& m, int n, int g) { m.add_adjoint(in(m, n, 0), multiply(m, g, subtract(m, constant(m, 1), multiply(m, n, n)))); }
constexpr void sigmoid(model& m, int n, int g) { m.add_adjoint(in(m, n, 0), multiply(m, g, multiply(m, n, subtract(m, constant(m, 1), n)))); }
constexpr void softplus(model& m, int n, int g);
constexpr void erf(model& m, int n, int g);
constexpr void absolute(model& m, int n, int g);
constexpr void sine(model& m, int n, int g);
constexpr void cosine(model& m, int n, int g);
constexpr void arc_cosine(model& m, int n, int g);
constexpr void add_(model& m, int n, int g) {
  m.add_adjoint(in(m, n, 0), g);
  m.add_adjoint(in(m, n, 1), g);
}
constexpr void subtract_(model& m, int n, int g) {
  m.add_adjoint(in(m, n, 0), g);
  m.add_adjoint(in(m, n, 1), negate(m, g));
}
constexpr void multiply_(model& m, int n, int g) {
  m.add_adjoint(in(m, n, 0), multiply(m, g, in(m, n, 1)));
  m.add_adjoint(in(m, n, 1), multiply(m, g, in(m, n, 0)));
}
constexpr void divide_(model& m, int n, int g) {
  const int q = divide(m, g, in(m, n, 1));
  m.add_adjoint(in(m, n, 0), q);
  m.add_adjoint(in(m, n, 1), negate(m, multiply(m, q, n)));
}
constexpr void maximum(model& m, int n, int g);
constexpr void minimum(model& m, int n, int g);
constexpr void where(model& m, int n, int g);
constexpr void sum(model& m, int n, int g) { m.add_adjoint(in(m, n, 0), build::identity(m, g, m.at(in(m, n, 0)).axes)); }

}  // namespace gradient_of

inline constexpr operation identity_op{"identity", role::elementwise, vjp_of<gradient_of::identity>, scalar::identity};
inline constexpr operation negate_op{"negate", role::elementwise, vjp_of<gradient_of::negate_>, scalar::negate};
inline constexpr operation exp_op{"exp", role::elementwise, vjp_of<gradient_of::exp>, scalar::exp};
inline constexpr operation log_op{"log", role::elementwise, vjp_of<gradient_of::log>, scalar::log};
inline constexpr operation sqrt_op{"sqrt", role::elementwise, vjp_of<gradient_of::sqrt>, scalar::sqrt};
inline constexpr operation tanh_op{"tanh", role::elementwise, vjp_of<gradient_of::tanh>, scalar::tanh};
inline constexpr operation sigmoid_op{"sigmoid", role::elementwise, vjp_of<gradient_of::sigmoid>, scalar::sigmoid};
inline constexpr operation softplus_op{"softplus", role::elementwise, vjp_of<gradient_of::softplus>, scalar::softplus};
inline constexpr operation erf_op{"erf", role::elementwise, vjp_of<gradient_of::erf>, scalar::erf};
inline constexpr operation absolute_op{"absolute", role::elementwise, vjp_of<gradient_of::absolute>, scalar::absolute};
inline constexpr operation sine_op{"sine", role::elementwise, vjp_of<gradient_of::sine>, scalar::sine};
inline constexpr operation cosine_op{"cosine", role::elementwise, vjp_of<gradient_of::cosine>, scalar::cosine};
inline constexpr operation arc_cosine_op{"arc_cosine", role::elementwise, vjp_of<gradient_of::arc_cosine>, scalar::arc_cosine};
inline constexpr operation logical_not_op{"logical_not", role::elementwise, no_gradient, scalar::logical_not};
inline constexpr operation stop_gradient_op{"stop_gradient", role::elementwise, no_gradient, scalar::identity};
inline constexpr operation as_real_op{"as_real", role::elementwise, no_gradient, scalar::identity};
inline constexpr operation add_op{"add", role::elementwise, vjp_of<gradient_of::add_>, scalar::add};
inline constexpr operation add_by_place_op{.name = "add_by_place", .plays = role::kernel, .vjp = no_gradient, .by_place = true};
inline constexpr operation subtract_op{"subtract", role::elementwise, vjp_of<gradient_of::subtract_>, scalar::subtract};
inline constexpr operation multiply_op{"multiply", role::elementwise, vjp_of<gradient_of::multiply_>, scalar::multiply};
inline constexpr operation divide_op{"divide", role::elementwise, vjp_of<gradient_of::divide_>, scalar::divide};
inline constexpr operation maximum_op{"maximum", role::elementwise, vjp_of<gradient_of::maximum>, scalar::maximum};
inline constexpr operation minimum_op{"minimum", role::elementwise, vjp_of<gradient_of::minimum>, scalar::minimum};
inline constexpr operation less_op{"less", role::elementwise, no_gradient, scalar::less};
inline constexpr operation less_equal_op{"less_equal", role::elementwise, no_gradient, scalar::less_equal};
inline constexpr operation equal_op{"equal", role::elementwise, no_gradient, scalar::equal};
inline constexpr operation equal_index_op{"equal_index", role::elementwise, no_gradient, scalar::equal_index};
inline constexpr operation less_equal_index_op{"less_equal_index", role::elementwise, no_gradient, scalar::less_equal_index};
inline constexpr operation index_to_real_op{"index_to_real", role::elementwise, no_gradient, scalar::index_to_real};
inline constexpr operation where_op{"where", role::elementwise, vjp_of<gradient_of::where>, scalar::where};
inline constexpr operation random_op{"random", role::elementwise, no_gradient, scalar::random};
inline constexpr operation sum_op{"sum", role::reduce, vjp_of<gradient_of::sum>, scalar::none, reduction::sum};

namespace build {

constexpr int identity(model& m, int a, const axis_list& out) { return m.at(a).axes == out ? a : map(m, identity_op, out, a); }

constexpr int negate(model& m, int a) {
  if (m.at(a).op == &constant_op) return constant(m, -m.at(a).number);
  if (m.at(a).op == &negate_op) return m.at(a).in[0];
  return apply(m, negate_op, a);
}

constexpr int add(model& m, int a, int b) {
  if (is_constant(m, a, 0)) return b;
  if (is_constant(m, b, 0)) return a;
  if (m.at(b).op == &negate_op) return subtract(m, a, m.at(b).in[0]);
  return map(m, add_op, wider(m, a, b), a, b);
}

constexpr int add_by_place(model& m, int a, int b) {
  node n{&add_by_place_op};
  n.in = {static_cast<std::int16_t>(a), static_cast<std::int16_t>(b), -1, -1};
  n.axes = m.at(a).axes;
  return m.put(n);
}

constexpr int subtract(model& m, int a, int b) {
  if (is_constant(m, b, 0)) return a;
  if (is_constant(m, a, 0)) return negate(m, b);
  if (m.at(b).op == &negate_op) return add(m, a, m.at(b).in[0]);
  return map(m, subtract_op, wider(m, a, b), a, b);
}

constexpr int multiply(model& m, int a, int b) {
  if (m.at(a).op == &constant_op && m.at(b).op == &constant_op) return constant(m, m.at(a).number * m.at(b).number);
  if (is_constant(m, a, 1)) return b;
  if (is_constant(m, b, 1)) return a;
  if (is_constant(m, a, -1)) return negate(m, b);
  if (is_constant(m, b, -1)) return negate(m, a);
  if (is_constant(m, a, 0) || is_constant(m, b, 0)) return identity(m, constant(m, 0), wider(m, a, b));
  return map(m, multiply_op, wider(m, a, b), a, b);
}

constexpr int divide(model& m, int a, int b) {
  if (m.at(b).op == &constant_op && m.at(b).number != 0) return multiply(m, a, constant(m, 1 / m.at(b).number));
  if (is_constant(m, a, 0)) return identity(m, a, wider(m, a, b));
  return map(m, divide_op, wider(m, a, b), a, b);
}

constexpr int where(model& m, int condition, int a, int b) {
  const axis_list& value = wider(m, a, b);
  return map(m, where_op, m.at(condition).axes.rank >= value.rank ? m.at(condition).axes : value, condition, a, b);
}

constexpr int fit(model& m, int a, const axis_list& out) {
  if (m.at(a).axes == out) return a;
  axis_list kept;
  for (int k = 0; k < m.at(a).axes.rank; ++k)
    if (out.has(m.at(a).axes[k])) kept.push(m.at(a).axes[k]);
  if (kept.rank < m.at(a).axes.rank) a = reduce(m, sum_op, a, kept.rank == out.rank ? out : kept);
  return identity(m, a, out);
}

}  // namespace build

namespace gradient_of {

constexpr void sqrt(model& m, int n, int g) { m.add_adjoint(in(m, n, 0), divide(m, multiply(m, constant(m, 0.5), g), n)); }
constexpr void softplus(model& m, int n, int g) { m.add_adjoint(in(m, n, 0), multiply(m, g, apply(m, sigmoid_op, in(m, n, 0)))); }
constexpr void erf(model& m, int n, int g) {
  const int x = in(m, n, 0), bell = apply(m, exp_op, negate(m, multiply(m, x, x)));
  m.add_adjoint(x, multiply(m, g, multiply(m, constant(m, 2 * std::numbers::inv_sqrtpi), bell)));
}
constexpr void absolute(model& m, int n, int g) {
  const int x = in(m, n, 0), zero = constant(m, 0);
  const int negative = map(m, less_op, m.at(x).axes, x, zero, -1, value_kind::boolean);
  m.add_adjoint(x, build::where(m, negative, negate(m, g), g));
}
constexpr void sine(model& m, int n, int g) { m.add_adjoint(in(m, n, 0), multiply(m, g, apply(m, cosine_op, in(m, n, 0)))); }
constexpr void cosine(model& m, int n, int g) { m.add_adjoint(in(m, n, 0), negate(m, multiply(m, g, apply(m, sine_op, in(m, n, 0))))); }
constexpr void arc_cosine(model& m, int n, int g) {
  const int x = in(m, n, 0);
  m.add_adjoint(x, negate(m, divide(m, g, apply(m, sqrt_op, subtract(m, constant(m, 1), multiply(m, x, x))))));
}
constexpr void chosen(model& m, int n, int g, int first_wins) {
  m.add_adjoint(in(m, n, 0), build::where(m, first_wins, g, constant(m, 0)));
  m.add_adjoint(in(m, n, 1), build::where(m, first_wins, constant(m, 0), g));
}
constexpr void maximum(model& m, int n, int g) {
  chosen(m, n, g, map(m, less_op, m.at(n).axes, in(m, n, 1), in(m, n, 0), -1, value_kind::boolean));
}
constexpr void minimum(model& m, int n, int g) {
  chosen(m, n, g, map(m, less_op, m.at(n).axes, in(m, n, 0), in(m, n, 1), -1, value_kind::boolean));
}
constexpr void where(model& m, int n, int g) {
  m.add_adjoint(in(m, n, 1), build::where(m, in(m, n, 0), g, constant(m, 0)));
  m.add_adjoint(in(m, n, 2), build::where(m, in(m, n, 0), constant(m, 0), g));
}

}  // namespace gradient_of
}  // namespace akin::inline v0
