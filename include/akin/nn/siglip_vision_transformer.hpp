// SPDX-License-Identifier: Apache-2.0
// SigLIP's image tower: a vision transformer without a class token, whose patches are pooled by attention.
#pragma once

#include <akin/nn/vision_transformer.hpp>

#include <numbers>
#include <string_view>

namespace akin::inline v0 {

/// Axes that SigLIP's image tower has besides those of vision_transformer. Nobody binds them.
namespace image_tower {

inline constexpr struct fan : axis<"image_tower::width + image_tower::hidden"> {} fan;  // of the mlps
inline constexpr struct probe_fan : axis<"image_tower::width + 1"> {} probe_fan;
inline constexpr struct one : axis<"one", 1> {} one;
inline constexpr struct one_probe : axis<"one probe", 1> {} one_probe;
inline constexpr struct keys_and_values : axis<"twice image_tower::width"> {} keys_and_values;
inline constexpr struct key_or_value : axis<"key, value", 2> {} key_or_value;

}  // namespace image_tower

namespace detail {

inline constexpr double siglip_eps = 1e-6;

/// Weights start uniform within sqrt(6 / (|in| + |out|)): Glorot and Bengio 2010.
inline constexpr initial siglip_projection = initial::uniform(std::numbers::sqrt3, image_tower::width);
inline constexpr initial siglip_layer = initial::uniform(std::numbers::sqrt2 * std::numbers::sqrt3, image_tower::fan);

/// Two layers with an activation between them: name.fc1.*, name.fc2.*
template <class Axes, class Activation>
constexpr auto siglip_mlp(model& m, std::string_view name, expr<real, Axes> x, Activation activation) {
  namespace t = image_tower;
  constexpr auto bias = initial::normal(1e-6);
  const auto scope = m.scope(name);
  return linear(m, "fc2", activation(linear(m, "fc1", x, t::width, t::hidden, siglip_layer, bias)), t::hidden, t::width, siglip_layer, bias);
}

/// x + attention(norm(x)), then x + mlp(norm(x)), with the names of timm.
template <class Axes, class Activation>
constexpr auto siglip_block(model& m, expr<real, Axes> x, Activation activation) {
  namespace t = image_tower;
  const attention_start<struct t::width> start{siglip_projection, siglip_projection};
  const auto normed = layer_norm(m, "norm1", x, over(t::width), siglip_eps);
  const auto y = x + self_attention<"qkv.weight", "qkv.bias", "proj">(m, "attn", normed, t::heads, all_tokens, start);
  return y + siglip_mlp(m, "mlp", layer_norm(m, "norm2", y, over(t::width), siglip_eps), activation);
}

/// A learned probe asks the patches, and x + mlp(norm(x)) makes a feature of the answer.
template <class Images, class Activation>
constexpr auto siglip_pool(model& m, std::string_view name, expr<real, axes<Images, struct image_tower::patches, struct image_tower::width>> x,
                           Activation activation) {
  namespace t = image_tower;
  constexpr heads_merged<struct t::width> merged;
  constexpr auto none = initial::constant(0);
  const auto scope = m.scope(name);
  const auto probe = m.parameter<"latent">(initial::uniform(std::numbers::sqrt2 * std::numbers::sqrt3, t::probe_fan), t::one, t::one_probe, t::width);
  const auto query = linear(m, "q", take(take(probe, t::one, 0), t::one_probe, 0), t::width, merged, siglip_projection, none);

  const auto weight = split(m.parameter<"kv.weight">(siglip_projection, t::keys_and_values, t::width), t::keys_and_values, t::key_or_value, merged);
  const auto bias = split(m.parameter<"kv.bias">(none, t::keys_and_values), t::keys_and_values, t::key_or_value, merged);
  const auto project = [&](int which) { return dot(x, take(weight, t::key_or_value, which), over(t::width)) + take(bias, t::key_or_value, which); };

  const auto y = linear(m, "proj", attend(query, project(0), project(1), t::heads), merged, t::width, siglip_projection, none);
  return y + siglip_mlp(m, "mlp", layer_norm(m, "norm", y, over(t::width), siglip_eps), activation);
}

}  // namespace detail

/// Pixels to one feature for each image: patches, positions, a transformer, and what a learned probe finds among the patches.
/// shapes:   [images, channels, height, width] -> [images, embed]; image_tower's layers, heads, hidden and patch are bound at run time, and
///           its width is |embed|: no projection follows
///           parameters name.patch_embed.proj.*, .pos_embed [1, patches, width], .blocks.*, .norm.*, .attn_pool.*
/// values:   not normalised; pixels beyond a whole number of patches are not seen
/// cost:     ViT-B/16 at 224 pixels: 36 G operations for each image, forward
/// source:   Zhai et al. 2023 (2303.15343); the probe: Zhai et al. 2022 (2106.04560), section 3.1; names of timm, initialisation of big_vision
/// example:  siglip_vision_transformer(m, "visual.trunk", m.data<"pixels">(images, channels, height, width), embed)
template <class Images, some_axis Channels, some_axis Height, some_axis Width, some_axis Embed, class Activation = gelu_function>
constexpr auto siglip_vision_transformer(model& m, std::string_view name, expr<real, axes<Images, Channels, Height, Width>> pixels, Embed embed,
                                         Activation activation = {}) {
  namespace t = image_tower;
  m.relate({extent_rule::same, m.number_of<struct t::patch_columns>(), m.number_of<struct t::patch>()});
  m.relate({extent_rule::same, m.number_of<struct t::width>(), m.number_of<Embed>()});
  m.relate({extent_rule::sum, m.number_of<struct t::fan>(), m.number_of<struct t::width>(), m.number_of<struct t::hidden>()});
  m.relate({extent_rule::sum, m.number_of<struct t::probe_fan>(), m.number_of<struct t::width>(), -1, 1});
  const auto scope = m.scope(name);

  const auto filters = m.parameter<"patch_embed.proj.weight">(initial::normal(1, Channels{}, t::patch, t::patch_columns), t::width, Channels{},
                                                              t::patch, t::patch_columns);
  const auto grid = conv2d<0, 0>(pixels, filters, Height{}, Width{}) + m.parameter<"patch_embed.proj.bias">(initial::constant(0), t::width);
  auto x = merge(grid, patches<Height, struct t::patch>{}, patches<Width, struct t::patch_columns>{}, t::patches);
  x = x + take(m.parameter<"pos_embed">(initial::normal(1, t::width), t::one, t::patches, t::width), t::one, 0);
  x = repeat(m, t::layers, "blocks", x, [&](auto each) { return detail::siglip_block(m, each, activation); });
  x = layer_norm(m, "norm", x, over(t::width), detail::siglip_eps);
  return rename(detail::siglip_pool(m, "attn_pool", x, activation), t::width, embed);
}

}  // namespace akin::inline v0
