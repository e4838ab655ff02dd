// SPDX-License-Identifier: Apache-2.0
// Means of windows that lie side by side: how an image is halved without aliasing.
#pragma once

#include <akin/expr/layout.hpp>

namespace akin::inline v0 {
namespace gradient_of {

constexpr void average_pool(model& m, int n, int g);

}  // namespace gradient_of

// argument: {size, height axis of the longer side, width axis of the longer side}
inline constexpr operation average_pool_op{"average_pool", role::kernel, vjp_of<gradient_of::average_pool>};
inline constexpr operation average_pool_to_x_op{"average_pool_to_x", role::kernel, no_gradient};

namespace gradient_of {

constexpr void average_pool(model& m, int n, int g) {
  const int x = in(m, n, 0);
  m.add_adjoint(x, build::part(m, average_pool_to_x_op, g, m.at(x).axes, m.at(n).argument));
}

}  // namespace gradient_of

namespace detail {

template <class Axis, int Size>
consteval auto pooled_name() {
  static_assert(Size >= 1 && Size <= 9, "akin: average_pool: a window is 1 to 9 entries long");
  constexpr std::string_view by = " in windows of ";
  text<Axis::name.size() + by.size() + 2> name;
  std::size_t k = 0;
  for (const std::string_view part : {Axis::name, by})
    for (const char c : part) name.characters[k++] = c;
  name.characters[k] = static_cast<char>('0' + Size);
  return name;
}

struct side {
  static constexpr std::string_view name = "side";
};
template <int Size>
struct window : axis<pooled_name<side, Size>(), Size> {};  // "side in windows of 2"

}  // namespace detail

/// Windows of Size entries along an axis, side by side: "height in windows of 2".
template <class Axis, int Size>
struct pooled : axis<detail::pooled_name<Axis, Size>()> {};

/// The mean of every Size x Size window; windows lie side by side.
/// shapes:   [.., height, width, ..] -> [.., pooled<height, Size>, pooled<width, Size>, ..]
/// values:   rows and columns beyond the last whole window are left out
/// cost:     one pass over the operand, one over its gradient
/// errors:   compile time "akin: average_pool: height and width must be neighbours in this order"
/// gradient: every pixel of a window gets 1 / Size^2 of the window's, pixels outside of all windows get 0
/// source:   He et al. 2019 (1812.01187), section 4.2: a convolution with a stride after it aliases less
template <int Size, class Axes, some_axis Height, some_axis Width>
constexpr auto average_pool(expr<real, Axes> x, Height, Width) {
  if constexpr (std::is_same_v<Axes, unknown>) return x;
  else if constexpr (!axes_are_neighbours<detail::as_axes<Axes>, axis_is<Height>, axis_is<Width>>) {
    static_assert(axes_are_neighbours<detail::as_axes<Axes>, axis_is<Height>, axis_is<Width>>,
                  "akin: average_pool: height and width must be neighbours in this order");
    return expr<real, unknown>{x.owner, x.id};
  } else {
    model& m = *x.owner;
    using rows = pooled<Height, Size>;
    using columns = pooled<Width, Size>;
    using out = typename detail::replaced<typename detail::replaced<Axes, Height, axes<rows>>::type, Width, axes<columns>>::type;
    const auto height = m.number_of<Height>(), width = m.number_of<Width>(), window = m.number_of<detail::window<Size>>();
    m.relate({extent_rule::windows, m.number_of<rows>(), height, window, Size, 0});
    m.relate({extent_rule::windows, m.number_of<columns>(), width, window, Size, 0});
    return expr<real, out>{&m, build::part(m, average_pool_op, x.id, m.list(out{}), {Size, height, width, -1})};
  }
}

}  // namespace akin::inline v0
