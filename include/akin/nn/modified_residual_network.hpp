// SPDX-License-Identifier: Apache-2.0
// CLIP's other image tower: a residual network with a stem of three convolutions, strides without aliasing, and attention for pooling.
#pragma once

#include <akin/expr/average_pool.hpp>
#include <akin/expr/repeat.hpp>
#include <akin/nn/attention.hpp>
#include <akin/nn/residual_network.hpp>

#include <string_view>

namespace akin::inline v0 {

/// The axes of the tower, bound as in bind(residual_tower::width(64), residual_tower::blocks_1(3), ...).
namespace residual_tower {

inline constexpr struct width : axis<"residual_tower::width"> {} width;           // of the stem's result; the feature has 32 times as many
inline constexpr struct heads : axis<"residual_tower::heads"> {} heads;           // of the pooling: |width| / 2 in the published models
inline constexpr struct blocks_1 : axis<"residual_tower::blocks_1"> {} blocks_1;  // of the first stage: at least one
inline constexpr struct blocks_2 : axis<"residual_tower::blocks_2"> {} blocks_2;
inline constexpr struct blocks_3 : axis<"residual_tower::blocks_3"> {} blocks_3;
inline constexpr struct blocks_4 : axis<"residual_tower::blocks_4"> {} blocks_4;

// These follow.
inline constexpr struct two : axis<"two", 2> {} two;
inline constexpr struct width_half : axis<"residual_tower::width / 2"> {} width_half;
inline constexpr struct width_2 : axis<"2 residual_tower::width"> {} width_2;
inline constexpr struct width_4 : axis<"4 residual_tower::width"> {} width_4;
inline constexpr struct width_8 : axis<"8 residual_tower::width"> {} width_8;
inline constexpr struct width_16 : axis<"16 residual_tower::width"> {} width_16;
inline constexpr struct width_32 : axis<"32 residual_tower::width"> {} width_32;
inline constexpr struct places : axis<"residual_tower::places"> {} places;  // of the last stage's image, row by row
inline constexpr struct tokens : axis<"residual_tower::tokens"> {} tokens;  // their mean, then the places

constexpr void relate_widths(model& m) {
  m.relate({extent_rule::quotient, m.number_of<struct width_half>(), m.number_of<struct width>(), m.number_of<struct two>()});
  const auto twice = [&](std::int16_t wide, std::int16_t narrow) { m.relate({extent_rule::sum, wide, narrow, narrow}); };
  twice(m.number_of<struct width_2>(), m.number_of<struct width>());
  twice(m.number_of<struct width_4>(), m.number_of<struct width_2>());
  twice(m.number_of<struct width_8>(), m.number_of<struct width_4>());
  twice(m.number_of<struct width_16>(), m.number_of<struct width_8>());
  twice(m.number_of<struct width_32>(), m.number_of<struct width_16>());
}

}  // namespace residual_tower

namespace detail {

/// A convolution without bias, conv.weight, and batch normalisation, norm.*; the weights start as in PyTorch.
template <int Stride, class KernelRows, class KernelColumns, class X, some_axis Height, some_axis Width, some_axis Channels, some_axis Filters>
constexpr auto convolve_and_normalize(model& m, std::string_view conv, std::string_view norm, expr<real, X> x, Height height, Width width,
                                      Channels channels, Filters filters, initial gain = initial::constant(1)) {
  constexpr KernelRows rows;
  constexpr KernelColumns columns;
  const auto weight = [&] {
    const auto scope = m.scope(conv);
    return m.parameter<"weight">(initial::uniform(1, channels, rows, columns), filters, channels, rows, columns);
  }();
  const auto y = conv2d<Stride, KernelRows::static_extent / 2>(x, weight, height, width);
  using out = typename decltype(y)::axes_type;
  return batch_norm(m, norm, y, filters, over(axis_of<out, 0>{}, axis_of<out, 1>{}, axis_of<out, 2>{}), 0.1, 1e-5, gain);
}

template <class Images, class Height, class Width, class Channels, some_axis Filters>
constexpr auto conv1_norm(model& m, std::string_view conv, std::string_view norm, expr<real, axes<Images, Height, Width, Channels>> x,
                          Filters filters, initial gain = initial::constant(1)) {
  return convolve_and_normalize<1, struct kernel_1_rows, struct kernel_1_columns>(m, conv, norm, x, Height{}, Width{}, Channels{}, filters, gain);
}
template <class Images, class Height, class Width, class Channels, some_axis Filters>
constexpr auto conv3_norm(model& m, std::string_view conv, std::string_view norm, expr<real, axes<Images, Height, Width, Channels>> x,
                          Filters filters) {
  return convolve_and_normalize<1, struct kernel_3_rows, struct kernel_3_columns>(m, conv, norm, x, Height{}, Width{}, Channels{}, filters);
}

template <int Stride, class Images, class Height, class Width, class Channels>
constexpr auto shrink(expr<real, axes<Images, Height, Width, Channels>> x) {
  if constexpr (Stride == 1) return x;
  else return average_pool<Stride>(x, Height{}, Width{});
}

}  // namespace detail

/// relu(shortcut(x) + conv1(conv3(conv1(x)))): every convolution has stride 1, and the mean of Stride x Stride windows stands before the last
/// one and in the shortcut, which is x where shapes agree.
/// shapes:   [images, height, width, channels] -> [images, height / Stride, width / Stride, out]
/// names:    conv1.weight, bn1.*, conv2.weight, bn2.*, conv3.weight, bn3.*, downsample.0.weight, downsample.1.*
/// values:   bn3 starts with a gain of 0, so that a block starts as its shortcut
/// source:   He et al. 2016, figure 5; https://github.com/openai/CLIP, model.py
template <int Stride, class Images, class Height, class Width, class Channels, some_axis Inner, some_axis Out>
constexpr auto bottleneck(model& m, expr<real, axes<Images, Height, Width, Channels>> x, Inner inner, Out out) {
  const auto a = relu(detail::conv1_norm(m, "conv1", "bn1", x, inner));
  const auto b = relu(detail::conv3_norm(m, "conv2", "bn2", a, inner));
  const auto c = detail::conv1_norm(m, "conv3", "bn3", detail::shrink<Stride>(b), out, initial::constant(0));
  if constexpr (Stride == 1 && std::is_same_v<Channels, Out>) return relu(c + x);
  else return relu(c + detail::conv1_norm(m, "downsample.0", "downsample.1", detail::shrink<Stride>(x), out));
}

/// A stage: a block that shrinks the image and widens its channels, then |blocks| - 1 that keep both.
/// cost:     two blocks are compiled, however deep
template <int Stride, class Images, class Height, class Width, class Channels, some_axis Inner, some_axis Out, some_axis Blocks>
constexpr auto bottleneck_stage(model& m, std::string_view name, expr<real, axes<Images, Height, Width, Channels>> x, Inner inner, Out out,
                                Blocks blocks) {
  const auto further = detail::one_less(m, blocks);
  const auto scope = m.scope(name);
  const auto first = [&] {
    const auto number = m.scope("0");
    return bottleneck<Stride>(m, x, inner, out);
  }();
  return repeat(m, further, "", first, [&](auto y) { return bottleneck<1>(m, y, inner, out); }, 1);
}

/// Tokens to one feature: the mean of all tokens asks, and the mean and all tokens answer.
/// shapes:   [images, places, width] -> [images, embed]
/// names:    positional_embedding, q_proj.*, k_proj.*, v_proj.*, c_proj.*
/// source:   Radford et al. 2021, section 2.4; https://github.com/openai/CLIP, model.py
template <class Images, some_axis Places, some_axis Width, some_axis Tokens, some_axis Heads, some_axis Embed>
constexpr auto attention_pool(model& m, std::string_view name, expr<real, axes<Images, Places, Width>> places, Tokens tokens, Heads heads,
                              Embed embed) {
  constexpr Width width;
  constexpr heads_merged<Width> merged;
  m.relate({extent_rule::same, m.number_of<heads_merged<Width>>(), m.number_of<Width>()});
  const auto start = initial::normal(1, width);
  const auto scope = m.scope(name);
  auto x = prepend(mean(places, over(Places{})), places, Places{}, tokens);
  x = x + m.parameter<"positional_embedding">(start, tokens, width);
  const auto query = linear(m, "q_proj", take(x, tokens, 0), width, merged, start);
  const auto key = linear(m, "k_proj", x, width, merged, start);
  const auto value = linear(m, "v_proj", x, width, merged, start);
  return linear(m, "c_proj", attend(query, key, value, heads), merged, embed, start);
}

/// Pixels to one feature for each image: a stem, four stages of bottlenecks, and attention over the places that remain.
/// shapes:   [images, channels, height, width] -> [images, embed]; residual_tower's width, heads and blocks are bound at run time
///           parameters name.conv1.weight, .bn1.*, ..., .layer1.0.conv1.weight, ..., .attnpool.*
/// values:   not normalised; in training batch normalisation uses the batch's statistics and moves the running ones, in evaluation it uses those
/// cost:     RN50 at 224 pixels: 12.2 G operations for each image, forward
/// errors:   run time "bind: axis 'residual_tower::width' of extent 3 cannot be split into 2 equal parts (axis 'two')"
/// source:   Radford et al. 2021, section 2.4; He et al. 2019 (1812.01187); https://github.com/openai/CLIP, model.py
template <class Images, some_axis Channels, some_axis Height, some_axis Width, some_axis Embed>
constexpr auto modified_residual_network(model& m, std::string_view name, expr<real, axes<Images, Channels, Height, Width>> pixels, Embed embed) {
  namespace t = residual_tower;
  t::relate_widths(m);
  const auto scope = m.scope(name);

  const auto halved = detail::convolve_and_normalize<2, struct detail::kernel_3_rows, struct detail::kernel_3_columns>(m, "conv1", "bn1", pixels, Height{},
                                                                                                      Width{}, Channels{}, t::width_half);
  const auto stem = relu(detail::conv3_norm(m, "conv3", "bn3", relu(detail::conv3_norm(m, "conv2", "bn2", relu(halved), t::width_half)), t::width));

  const auto x1 = bottleneck_stage<1>(m, "layer1", detail::shrink<2>(stem), t::width, t::width_4, t::blocks_1);
  const auto x2 = bottleneck_stage<2>(m, "layer2", x1, t::width_2, t::width_8, t::blocks_2);
  const auto x3 = bottleneck_stage<2>(m, "layer3", x2, t::width_4, t::width_16, t::blocks_3);
  const auto x4 = bottleneck_stage<2>(m, "layer4", x3, t::width_8, t::width_32, t::blocks_4);

  using last = typename decltype(x4)::axes_type;
  const auto places = merge(x4, detail::axis_of<last, 1>{}, detail::axis_of<last, 2>{}, t::places);
  return attention_pool(m, "attnpool", places, t::tokens, t::heads, embed);
}

}  // namespace akin::inline v0
