// SPDX-License-Identifier: Apache-2.0
// Appending nodes by number, for gradients and for operations written from others. Axes are lists here, not types.
#pragma once

#include <akin/expr/model.hpp>

namespace akin::inline v0::build {

inline constexpr operation constant_op{"constant", role::elementwise, no_gradient, scalar::constant};

constexpr int constant(model& m, double number) {
  node n{&constant_op};
  n.number = number;
  return m.put(n);
}

constexpr bool is_constant(const model& m, int id, double number) { return m.at(id).op == &constant_op && m.at(id).number == number; }

/// One elementwise node. An operand may lack axes of `out`: it is broadcast.
constexpr int map(model& m, const operation& op, const axis_list& out, int a, int b = -1, int c = -1, value_kind kind = value_kind::real) {
  node n{&op};
  n.in = {static_cast<std::int16_t>(a), static_cast<std::int16_t>(b), static_cast<std::int16_t>(c), -1};
  n.axes = out;
  n.kind = kind;
  return m.put(n);
}

/// The larger of the axes of two operands, of which one contains the other.
constexpr const axis_list& wider(const model& m, int a, int b) { return m.at(a).axes.rank >= m.at(b).axes.rank ? m.at(a).axes : m.at(b).axes; }

constexpr int identity(model& m, int a, const axis_list& out);
constexpr int add(model& m, int a, int b);
/// Two tensors of the same axes, of which one may stand there twice.
constexpr int add_by_place(model& m, int a, int b);
constexpr int subtract(model& m, int a, int b);
constexpr int multiply(model& m, int a, int b);
constexpr int divide(model& m, int a, int b);
constexpr int negate(model& m, int a);
constexpr int apply(model& m, const operation& op, int a) { return map(m, op, m.at(a).axes, a); }

constexpr int reduce(model& m, const operation& op, int a, const axis_list& out, int argument = 0) {
  node n{&op};
  n.in[0] = static_cast<std::int16_t>(a);
  n.axes = out;
  n.argument[0] = static_cast<std::int16_t>(argument);
  if (op.reduces == reduction::arg_max) n.kind = value_kind::index;
  return m.put(n);
}

/// Sums over the axes that `out` lacks, repeats along those that `a` lacks.
constexpr int fit(model& m, int a, const axis_list& out);

/// Two-operand contraction: every axis of a or b that `out` lacks is summed over.
constexpr int contract(model& m, int a, int b, const axis_list& out);

}  // namespace akin::inline v0::build

namespace akin::inline v0 {

constexpr void model::add_adjoint(int id, int gradient) {
  const node& n = at(id);
  if (n.kind != value_kind::real) return;
  if (n.name >= 0) {
    const auto role = names[n.name].role;
    if (role != named_value::role_kind::input && role != named_value::role_kind::parameter) return;
  } else if (n.op->vjp == no_gradient && id != regions[n.region].carry_in) {
    return;
  }
  const int home = regions[static_cast<std::size_t>(region)].forward;
  if (home >= 0 && n.region != home) report(mistake::gradient_leaves_repeat, id);
  gradient = build::fit(*this, gradient, at(id).axes);
  auto& slot = adjoint[static_cast<std::size_t>(id)];
  if (slot != 0) gradient = at(id).axes.has_one_twice() ? build::add_by_place(*this, slot - 1, gradient) : build::add(*this, slot - 1, gradient);
  slot = static_cast<std::int16_t>(gradient + 1);
}

}  // namespace akin::inline v0

#include <akin/expr/functions.hpp>  // what is declared above, with the operations that it needs
