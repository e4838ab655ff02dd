// SPDX-License-Identifier: Apache-2.0
// Convolution over two axes, with the axes of its result as types.
#pragma once

#include <akin/expr/reduce.hpp>

namespace akin::inline v0 {
namespace gradient_of {

constexpr void conv2d(model& m, int n, int g);

}  // namespace gradient_of

// argument: {stride (0: the kernel's extent), padding, height axis of x, width axis of x}
inline constexpr operation conv2d_op{.name = "conv2d", .plays = role::kernel, .vjp = vjp_of<gradient_of::conv2d>, .by_place = true};      // in: x, weight
inline constexpr operation conv2d_to_x_op{.name = "conv2d_to_x", .plays = role::kernel, .vjp = no_gradient, .by_place = true};            // in: g, weight
inline constexpr operation conv2d_to_weight_op{.name = "conv2d_to_weight", .plays = role::kernel, .vjp = no_gradient, .by_place = true};  // in: x, g

namespace gradient_of {

constexpr void conv2d(model& m, int n, int g) {
  node k = m.at(n);
  const int x = in(m, n, 0), weight = in(m, n, 1);
  k.op = &conv2d_to_x_op;
  k.in[0] = static_cast<std::int16_t>(g);
  k.axes = m.at(x).axes;
  const int to_x = m.put(k);
  k = m.at(n);
  k.op = &conv2d_to_weight_op;
  k.in[1] = static_cast<std::int16_t>(g);
  k.axes = m.at(weight).axes;
  m.add_adjoint(x, to_x);
  m.add_adjoint(weight, m.put(k));
}

}  // namespace gradient_of

namespace detail {

template <class Axis, class Kernel, int Stride>
consteval auto window_name() {
  constexpr std::string_view by = Kernel::name;
  static_assert(Stride < 100, "akin: conv2d: the stride must be below 100");
  constexpr std::size_t size = Axis::name.size() + 1 + (Stride > 9 ? 2 : Stride > 1 ? 1 : by.size());
  text<size + 1> name;
  std::size_t k = 0;
  for (char c : Axis::name) name.characters[k++] = c;
  name.characters[k++] = Stride == 1 ? '-' : '/';
  if constexpr (Stride > 9) name.characters[k++] = static_cast<char>('0' + Stride / 10);
  if constexpr (Stride > 1) name.characters[k++] = static_cast<char>('0' + Stride % 10);
  else for (char c : by) name.characters[k++] = c;
  return name;
}

}  // namespace detail

/// Every Stride-th place along an axis: the axis of a strided convolution's result, "height/2".
template <class Axis, int Stride>
struct strided : axis<detail::window_name<Axis, Axis, Stride>()> {};
/// Patches as long as the kernel, side by side: "height/patch".
template <class Axis, class Kernel>
struct patches : axis<detail::window_name<Axis, Kernel, 0>()> {};
/// Where a kernel fits without padding: "height-kernel".
template <class Axis, class Kernel>
struct inside : axis<detail::window_name<Axis, Kernel, 1>()> {};

namespace detail {

template <class Axis, class Kernel, int Stride, int Padding>
struct windows { using type = strided<Axis, Stride>; };
template <class Axis, class Kernel, int Padding>
struct windows<Axis, Kernel, 0, Padding> { using type = patches<Axis, Kernel>; };
template <class Axis, class Kernel, int Padding>
struct windows<Axis, Kernel, 1, Padding> { using type = std::conditional_t<(Padding > 0) || Kernel::static_extent == 1, Axis, inside<Axis, Kernel>>; };

}  // namespace detail

/// Cross-correlation of an image with filters, as in the networks of the literature.
/// shapes:   x [images, .., height, width, ..] with channels in any place, weight [filters, channels, kh, kw] -> [images, height', width', filters];
///           stride 1 with padding keeps height and width (checked when bound: 2 padding = |kh| - 1); stride 0 is the kernel's extent
/// values:   zero padding; as for dot
/// cost:     2 |images| |height'| |width'| |filters| |channels| |kh| |kw| operations
/// errors:   compile time "akin: conv2d: weight and image share no channel axis", "akin: conv2d: the image lacks its height or width"; run time on the cpu backend
///           where stride 0 meets a kernel that is not square
/// gradient: to the image and to the weight
template <int Stride, int Padding, class Images, class... X, class Filters, class Channels, class Kh, class Kw, class Height, class Width>
constexpr auto conv2d(expr<real, axes<Images, X...>> x, expr<real, axes<Filters, Channels, Kh, Kw>> weight, Height, Width) {
  constexpr bool has_channels = operand_has_axis<axes_are<X...>, axis_is<Channels>>;
  constexpr bool is_image = operand_has_axis<axes_are<X...>, axis_is<Height>> && operand_has_axis<axes_are<X...>, axis_is<Width>>;
  static_assert(has_channels, "akin: conv2d: weight and image share no channel axis");
  static_assert(!has_channels || is_image, "akin: conv2d: the image lacks its height or width");
  if constexpr (!has_channels || !is_image) return expr<real, unknown>{x.owner, x.id};
  else {
    model& m = *x.owner;
    using rows = typename detail::windows<Height, Kh, Stride, Padding>::type;
    using columns = typename detail::windows<Width, Kw, Stride, Padding>::type;
    using out = axes<Images, rows, columns, Filters>;
    node n{&conv2d_op};
    n.in = {static_cast<std::int16_t>(x.id), static_cast<std::int16_t>(weight.id), -1, -1};
    n.axes = m.list(out{});
    n.argument = {Stride, Padding, m.number_of<Height>(), m.number_of<Width>()};
    m.relate({extent_rule::windows, m.number_of<rows>(), m.number_of<Height>(), m.number_of<Kh>(), Stride, Padding});
    m.relate({extent_rule::windows, m.number_of<columns>(), m.number_of<Width>(), m.number_of<Kw>(), Stride, Padding});
    return expr<real, out>{&m, m.put(n)};
  }
}

/// Lets a mistake made before through.
template <int Stride, int Padding, class X, class Weight, class Height, class Width>
  requires(detail::either_unknown<X, Weight>)
constexpr expr<real, unknown> conv2d(expr<real, X> x, expr<real, Weight>, Height, Width) { return {x.owner, x.id}; }

}  // namespace akin::inline v0
