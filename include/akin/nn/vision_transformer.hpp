// SPDX-License-Identifier: Apache-2.0
// CLIP's image tower: a vision transformer.
#pragma once

#include <akin/expr/conv2d.hpp>
#include <akin/nn/transformer.hpp>

#include <string_view>

namespace akin::inline v0 {

/// The axes of the image tower, bound as in bind(image_tower::width(768), image_tower::layers(12), ...).
namespace image_tower {

inline constexpr struct width : axis<"image_tower::width"> {} width;
inline constexpr struct layers : axis<"image_tower::layers"> {} layers;
inline constexpr struct heads : axis<"image_tower::heads"> {} heads;
inline constexpr struct hidden : axis<"image_tower::hidden"> {} hidden;  // of the blocks' mlp: 4 |width| in most models
inline constexpr struct patch : axis<"image_tower::patch"> {} patch;     // pixels along a side of a patch
inline constexpr struct patch_columns : axis<"image_tower::patch_columns"> {} patch_columns;
inline constexpr struct patches : axis<"image_tower::patches"> {} patches;  // of one image; it follows from the image and the patch
inline constexpr struct tokens : axis<"image_tower::tokens"> {} tokens;     // the class token, then the patches, row by row

}  // namespace image_tower

/// Pixels to one feature for each image: patches, a class token, positions, a transformer, and what the class token has become.
/// shapes:   [images, channels, height, width] -> [images, embed]; image_tower's width, layers, heads, hidden and patch are bound at run time
///           parameters name.conv1.weight, .class_embedding, .positional_embedding, .ln_pre.*, .transformer.resblocks.*, .ln_post.*, .proj
/// values:   not normalised; pixels beyond a whole number of patches are not seen
/// cost:     ViT-B/32 at 224 pixels: 8.2 G operations for each image, forward
/// source:   Dosovitskiy et al. 2021; https://github.com/openai/CLIP, model.py
template <class Images, some_axis Channels, some_axis Height, some_axis Width, some_axis Embed, class Activation = gelu_function>
constexpr auto vision_transformer(model& m, std::string_view name, expr<real, axes<Images, Channels, Height, Width>> pixels, Embed embed,
                                  Activation activation = {}) {
  namespace t = image_tower;
  m.relate({extent_rule::same, m.number_of<struct t::patch_columns>(), m.number_of<struct t::patch>(), -1});
  const auto scale = initial::normal(1, t::width);
  const auto scope = m.scope(name);

  const auto start = initial::uniform(1, Channels{}, t::patch, t::patch_columns);
  const auto filters = m.parameter<"conv1.weight">(start, t::width, Channels{}, t::patch, t::patch_columns);
  const auto grid = conv2d<0, 0>(pixels, filters, Height{}, Width{});
  const auto rows = merge(grid, patches<Height, struct t::patch>{}, patches<Width, struct t::patch_columns>{}, t::patches);

  auto x = prepend(m.parameter<"class_embedding">(scale, t::width), rows, t::patches, t::tokens);
  x = x + m.parameter<"positional_embedding">(scale, t::tokens, t::width);
  x = layer_norm(m, "ln_pre", x, over(t::width));
  const auto class_token = [](auto each) { return take(each, t::tokens, 0); };
  const auto seen = transformer_of_one(m, "transformer", x, t::layers, t::heads, t::hidden, class_token, activation);

  const auto feature = layer_norm(m, "ln_post", seen, over(t::width));
  return dot(feature, m.parameter<"proj">(scale, t::width, embed));
}

}  // namespace akin::inline v0
