// SPDX-License-Identifier: Apache-2.0
// A block run once for each layer, with the number of layers given at run time.
#pragma once

#include <akin/expr/elementwise.hpp>

namespace akin::inline v0 {

constexpr void differentiate_region(model& m, int from, int region);

namespace gradient_of {

constexpr void repeat(model& m, int n, int g);

}  // namespace gradient_of

inline constexpr operation carry_op{"carry", role::leaf, no_gradient};
inline constexpr operation repeat_op{"repeat", role::repeat, vjp_of<gradient_of::repeat>};    // in: x; argument: {region}
inline constexpr operation repeat_to_x_op{"repeat_to_x", role::repeat, no_gradient};          // in: g, the repeat node; argument: {backward region}

namespace detail {

constexpr int open_region(model& m, int depth_axis, int forward, const axis_list& carried) {
  const int region = m.region_count++;
  m.regions[static_cast<std::size_t>(region)] = {static_cast<std::int16_t>(m.region), static_cast<std::int16_t>(depth_axis), static_cast<std::int16_t>(forward)};
  m.regions[static_cast<std::size_t>(region)].recomputed = forward < 0 && m.checkpoints();
  m.region = region;
  node n{&carry_op};
  n.axes = carried;
  n.region = static_cast<std::int8_t>(region);
  n.argument[0] = static_cast<std::int16_t>(region);
  m.regions[static_cast<std::size_t>(region)].carry_in = static_cast<std::int16_t>(m.put(n));
  return region;
}

constexpr int close_region(model& m, const operation& op, int region, int a, int b, int carried_out) {
  auto& entry = m.regions[static_cast<std::size_t>(region)];
  entry.carry_out = static_cast<std::int16_t>(carried_out);
  m.region = entry.parent;
  node n{&op};
  n.in = {static_cast<std::int16_t>(a), static_cast<std::int16_t>(b), -1, -1};
  n.axes = m.at(entry.carry_in).axes;
  n.argument[0] = static_cast<std::int16_t>(region);
  return m.put(n);
}

}  // namespace detail

/// y = block(block(... block(x))), |layers| times; every layer has parameters and states of its own, named prefix.0.name, prefix.1.name,
/// ... or with the numbers from `first_number` on.
/// shapes:   the block keeps the axes of x
/// cost:     compiled once, however deep; what the gradient reads of a layer is kept for each, or its argument where the model
///           checkpoints blocks
/// errors:   compile time "akin: repeat: the block changes the axes"
/// example:  repeat(m, layers, "transformer.resblocks", x, [&](auto x) { return block(m, x); })
template <some_axis Layers, class Axes, class Block>
constexpr expr<real, Axes> repeat(model& m, Layers, std::string_view name, expr<real, Axes> x, Block block, int first_number = 0) {
  const int region = detail::open_region(m, m.number_of<Layers>(), -1, m.at(x.id).axes);
  m.regions[static_cast<std::size_t>(region)].first_number = static_cast<std::int16_t>(first_number);
  const auto prefix = m.scope(name);
  const auto layer = m.scope("*");
  const auto y = block(expr<real, Axes>{&m, m.regions[static_cast<std::size_t>(region)].carry_in});
  static_assert(std::is_same_v<decltype(y), const expr<real, Axes>>, "akin: repeat: the block changes the axes");
  return {&m, detail::close_region(m, repeat_op, region, x.id, -1, y.id)};
}

namespace gradient_of {

constexpr void repeat(model& m, int n, int g) {
  const int forward = m.at(n).argument[0];
  const auto& entry = m.regions[static_cast<std::size_t>(forward)];
  g = build::fit(m, g, m.at(n).axes);
  const int region = detail::open_region(m, entry.depth_axis, forward, m.at(n).axes);
  m.adjoint[static_cast<std::size_t>(entry.carry_out)] = static_cast<std::int16_t>(m.regions[static_cast<std::size_t>(region)].carry_in + 1);
  differentiate_region(m, entry.carry_out, forward);
  int out = m.adjoint_of(entry.carry_in) - 1;
  if (out < 0) out = build::identity(m, build::constant(m, 0), m.at(n).axes);  // the block does not read what it is given
  m.add_adjoint(in(m, n, 0), detail::close_region(m, repeat_to_x_op, region, g, n, out));
}

}  // namespace gradient_of

/// Appends the gradient nodes of one region, walking back from `from`.
constexpr void differentiate_region(model& m, int from, int region) {
  for (int k = from; k >= 0; --k)
    if (m.at(k).region == region && m.adjoint_of(k) != 0 && m.at(k).op->vjp != no_gradient) m.at(k).op->vjp(m, k, m.adjoint_of(k) - 1);
}

}  // namespace akin::inline v0
