// SPDX-License-Identifier: Apache-2.0
// The blocks of a small residual network.
#pragma once

#include <akin/expr/conv2d.hpp>
#include <akin/expr/layout.hpp>
#include <akin/nn/batch_norm.hpp>

namespace akin::inline v0 {

namespace detail {

// Rows and columns of a 3 x 3 and of a 1 x 1 kernel. Not in akin itself, whose namespace v0 is inline: nvcc takes the two of one name for a contradiction there.
inline constexpr struct kernel_3_rows : axis<"kernel 3 rows", 3> {} kernel_3_rows;
inline constexpr struct kernel_3_columns : axis<"kernel 3 columns", 3> {} kernel_3_columns;
inline constexpr struct kernel_1_rows : axis<"kernel 1 rows", 1> {} kernel_1_rows;
inline constexpr struct kernel_1_columns : axis<"kernel 1 columns", 1> {} kernel_1_columns;

template <class Axes, int Place>
using axis_of = typename axis_at<Axes, Place>::type;

}  // namespace detail

/// 3 x 3 convolution without bias, He initialisation, then batch normalisation.
/// shapes: x [images, height, width, channels] or any order with these axes -> [images, height', width', filters]
/// names:  conv.weight, bn.weight, ...
template <int Stride, class X, some_axis Channels, some_axis Filters, some_axis Height, some_axis Width>
constexpr auto conv3_bn(model& m, std::string_view name, expr<real, X> x, Channels channels, Filters filters, Height height, Width width) {
  const auto scope = m.scope(name);
  const auto weight = m.parameter<"conv.weight">(initial::normal(1.4142135623730951, channels, detail::kernel_3_rows, detail::kernel_3_columns), filters, channels, detail::kernel_3_rows, detail::kernel_3_columns);
  const auto y = conv2d<Stride, 1>(x, weight, height, width);
  using out = typename decltype(y)::axes_type;
  return batch_norm(m, "bn", y, filters, over(detail::axis_of<out, 0>{}, detail::axis_of<out, 1>{}, detail::axis_of<out, 2>{}));
}

/// relu(shortcut(x) + conv(relu(conv(x)))): the shortcut is x where shapes agree, else a 1 x 1 convolution.
/// source: He et al. 2016
template <int Stride, class Images, class Height, class Width, class Channels, some_axis Filters>
constexpr auto residual_block(model& m, std::string_view name, expr<real, axes<Images, Height, Width, Channels>> x, Filters filters) {
  const auto scope = m.scope(name);
  const auto a = relu(conv3_bn<Stride>(m, "1", x, Channels{}, filters, Height{}, Width{}));
  using inner = typename decltype(a)::axes_type;
  const auto b = conv3_bn<1>(m, "2", a, filters, Filters{}, detail::axis_of<inner, 1>{}, detail::axis_of<inner, 2>{});
  if constexpr (Stride == 1 && std::is_same_v<Channels, Filters>) {
    return relu(x + b);
  } else {
    const auto weight = m.parameter<"shortcut.weight">(initial::normal(1, Channels{}), filters, Channels{}, detail::kernel_1_rows, detail::kernel_1_columns);
    return relu(conv2d<Stride, 0>(x, weight, Height{}, Width{}) + b);
  }
}

}  // namespace akin::inline v0
