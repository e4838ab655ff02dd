// SPDX-License-Identifier: Apache-2.0
// SigLIP's image towers as timm names them, where open_clip's configurations look them up.
#pragma once

#include <akin/clip/architecture.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace akin::inline v0::detail {

struct siglip_trunk {
  std::string_view name;  // as in vit_base_patch16_siglip_224
  std::int64_t width, layers, heads, hidden;
  activation function;
  std::string_view sizes;  // one patch and resolution that timm knows for each patch; open_clip overrides the resolution
};

inline constexpr std::array siglip_trunks{
    siglip_trunk{"base", 768, 12, 12, 3072, activation::gelu_exact, "patch16_siglip_224 patch32_siglip_256"},
    siglip_trunk{"large", 1024, 24, 16, 4096, activation::gelu_exact, "patch16_siglip_256"},
    siglip_trunk{"so400m", 1152, 27, 16, 4304, activation::gelu_exact, "patch14_siglip_224 patch16_siglip_256"},
    siglip_trunk{"giantopt", 1536, 40, 16, 6144, activation::gelu_tanh, "patch16_siglip_256"},
};

/// timm's name of such a tower; empty where it has none.
inline std::string siglip_trunk_name(const image_architecture& i) {
  const auto row = std::ranges::find(siglip_trunks, i.width, &siglip_trunk::width);
  if (row == siglip_trunks.end() || row->layers != i.layers || row->heads != i.heads || row->hidden != i.hidden ||
      row->function != i.function)
    return {};
  const std::size_t place = row->sizes.find("patch" + std::to_string(i.patch) + "_");
  if (place == std::string_view::npos) return {};
  return "vit_" + std::string{row->name} + "_" + std::string{row->sizes.substr(place, row->sizes.find(' ', place) - place)};
}

}  // namespace akin::inline v0::detail
