// SPDX-License-Identifier: Apache-2.0
// The public CLIPs by the names that open_clip gives them.
#pragma once

#include <akin/clip/architecture.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace akin::inline v0 {
namespace detail {

struct clip_preset_row {
  std::string_view name;
  clip_family family;
  std::int64_t embed, image, patch, width, layers, heads, hidden;
  std::array<std::int64_t, 4> stages;
  std::int64_t text_width, text_heads, text_layers, text_hidden, context, vocabulary;
  activation text_function = activation::gelu_exact;
};

constexpr clip_preset_row vit_row(std::string_view name, std::int64_t embed, std::int64_t image, std::int64_t patch,
                                  std::int64_t width, std::int64_t layers, std::int64_t heads, std::int64_t hidden,
                                  std::int64_t text_width, std::int64_t text_heads, std::int64_t text_layers) {
  return {name,        clip_family::vision_transformer,
          embed,       image,
          patch,       width,
          layers,      heads,
          hidden,      {},
          text_width,  text_heads,
          text_layers, 4 * text_width,
          77,          49408};
}
constexpr clip_preset_row residual_row(std::string_view name, std::int64_t embed, std::int64_t image, std::int64_t width,
                                       std::array<std::int64_t, 4> stages, std::int64_t text_width, std::int64_t text_heads) {
  return {name,       clip_family::residual_network,
          embed,      image,
          0,          width,
          0,          width / 2,
          0,          stages,
          text_width, text_heads,
          12,         4 * text_width,
          77,         49408};
}
constexpr clip_preset_row siglip_row(std::string_view name, std::int64_t image, std::int64_t patch, std::int64_t width,
                                     std::int64_t layers, std::int64_t heads, std::int64_t hidden, std::int64_t context,
                                     std::int64_t vocabulary, activation text_function = activation::gelu_exact) {
  return {
      name,    clip_family::siglip, width,        image, patch, width, layers, heads, hidden, {}, width, heads, layers, hidden,
      context, vocabulary,          text_function};
}

// name, embed, image, patch | width, layers, heads, hidden of the image tower | width, heads, layers of the text tower
inline constexpr std::array clip_presets{
    vit_row("ViT-S-32", 384, 224, 32, 384, 12, 6, 1536, 384, 6, 12),
    vit_row("ViT-S-32-alt", 256, 224, 32, 384, 12, 6, 1536, 256, 4, 10),
    vit_row("ViT-S-16", 384, 224, 16, 384, 12, 6, 1536, 384, 6, 12),
    vit_row("ViT-M-32", 512, 224, 32, 512, 12, 8, 2048, 512, 8, 12),
    vit_row("ViT-B-32", 512, 224, 32, 768, 12, 12, 3072, 512, 8, 12),
    vit_row("ViT-B-32-256", 512, 256, 32, 768, 12, 12, 3072, 512, 8, 12),
    vit_row("ViT-B-16", 512, 224, 16, 768, 12, 12, 3072, 512, 8, 12),
    vit_row("ViT-L-14", 768, 224, 14, 1024, 24, 16, 4096, 768, 12, 12),
    vit_row("ViT-L-14-336", 768, 336, 14, 1024, 24, 16, 4096, 768, 12, 12),
    vit_row("ViT-L-16", 768, 224, 16, 1024, 24, 16, 4096, 768, 12, 12),
    vit_row("ViT-H-14", 1024, 224, 14, 1280, 32, 16, 5120, 1024, 16, 24),
    vit_row("ViT-g-14", 1024, 224, 14, 1408, 40, 16, 6144, 1024, 16, 24),
    vit_row("ViT-bigG-14", 1280, 224, 14, 1664, 48, 16, 8192, 1280, 20, 32),
    residual_row("RN50", 1024, 224, 64, {3, 4, 6, 3}, 512, 8),
    residual_row("RN101", 512, 224, 64, {3, 4, 23, 3}, 512, 8),
    residual_row("RN50x4", 640, 288, 80, {4, 6, 10, 6}, 640, 10),
    residual_row("RN50x16", 768, 384, 96, {6, 8, 18, 8}, 768, 12),
    residual_row("RN50x64", 1024, 448, 128, {3, 15, 36, 10}, 1024, 16),
    siglip_row("ViT-B-16-SigLIP", 224, 16, 768, 12, 12, 3072, 64, 32000),
    siglip_row("ViT-L-16-SigLIP-256", 256, 16, 1024, 24, 16, 4096, 64, 32000),
    siglip_row("ViT-SO400M-14-SigLIP", 224, 14, 1152, 27, 16, 4304, 16, 32000),
    siglip_row("ViT-SO400M-14-SigLIP-384", 384, 14, 1152, 27, 16, 4304, 64, 32000),
    siglip_row("ViT-L-16-SigLIP2-256", 256, 16, 1024, 24, 16, 4096, 64, 256000, activation::gelu_tanh),
};

constexpr clip_architecture architecture_of(const clip_preset_row& row) {
  clip_architecture a;
  a.family = row.family;
  a.embed = row.embed;
  a.image = {row.image, row.image, row.patch, row.width, row.layers, row.heads, row.hidden, row.stages, activation::gelu_exact};
  a.text = {row.context, row.vocabulary, row.text_width, row.text_layers, row.text_heads, row.text_hidden, row.text_function};
  return a;
}

}  // namespace detail

/// Calls visit(name) for every preset, smallest first within a family; "-quickgelu" may follow each name but SigLIP's.
template <class Visit>
void for_each_clip_preset(Visit visit) {
  for (const auto& row : detail::clip_presets) visit(row.name);
}

/// The architecture of a public model by open_clip's name: "ViT-B-32" or "ViT-B/32" with GELU, "ViT-B-32-quickgelu" with
/// QuickGELU, which OpenAI's weights and some others need.
/// errors: run time, listing the names that there are
/// source: open_clip's model_configs; Zhai et al. 2023 for SigLIP
inline clip_architecture clip_preset(std::string_view name) {
  constexpr std::string_view quick = "-quickgelu";
  std::string wanted{name};
  std::ranges::replace(wanted, '/', '-');
  const bool is_quick = wanted.ends_with(quick);
  if (is_quick) wanted.resize(wanted.size() - quick.size());
  for (const auto& row : detail::clip_presets) {
    if (row.name != wanted || (is_quick && row.family == clip_family::siglip)) continue;
    clip_architecture a = detail::architecture_of(row);
    if (is_quick) a.image.function = a.text.function = activation::gelu_quick;
    return a;
  }
  std::string names;
  for_each_clip_preset([&](std::string_view each) { names += (names.empty() ? "" : ", ") + std::string{each}; });
  fail("clip_preset: there is no model '", name, "'; there are ", names, ", and all but SigLIP's with -quickgelu");
}

/// What an architecture is called: open_clip's name, or what kind of model it is where it has none.
inline std::string name_of(const clip_architecture& a) {
  clip_architecture plain = a;
  const bool is_quick = a.text.function == activation::gelu_quick;
  if (is_quick) plain.image.function = plain.text.function = activation::gelu_exact;
  for (const auto& row : detail::clip_presets)
    if (detail::architecture_of(row) == plain) return std::string{row.name} + (is_quick ? "-quickgelu" : "");
  return std::string{name_of(a.family)};
}

}  // namespace akin::inline v0
