// SPDX-License-Identifier: Apache-2.0
// Which parts of a CLIP learn, and how fast: towers and blocks that stay as they are, rates that fall towards the pixels.
#pragma once

#include <akin/train/optimizer.hpp>

#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

namespace akin::inline v0 {

enum class clip_tower { image, text };

/// Tensors of the image tower are named visual.*; those of the text tower are the rest but for the temperature and the bias.
inline bool in_tower(clip_tower tower, std::string_view name) {
  const bool of_image = name.starts_with("visual.");
  if (tower == clip_tower::image) return of_image;
  return !of_image && name != "logit_scale" && name != "logit_bias";
}

/// How far a tensor of a transformer is from its input: 0 for embeddings, k + 1 in block k, layers + 1 behind the blocks.
inline int depth_in_tower(std::string_view name, int layers) {
  for (const std::string_view blocks : {"resblocks.", "blocks."})
    if (const auto at = name.find(blocks); at != std::string_view::npos) {
      int block = 0;
      std::from_chars(name.data() + at + blocks.size(), name.data() + name.size(), block);
      return block + 1;
    }
  for (const std::string_view embedding : {"conv1.", "class_embedding", "positional_embedding", "token_embedding", "ln_pre.", "patch_embed.", "pos_embed"})
    if (name.find(embedding) != std::string_view::npos) return 0;
  return layers + 1;
}

/// A tower that stays as it is, as in LiT: its weights neither move nor decay. The running statistics of batch normalisation still move.
/// source:  Zhai et al. 2022 (2111.07991)
/// example: adamw<float> optimizer{weights, {.rate = freeze(clip_tower::image)}};
inline rate_of_tensor freeze(clip_tower tower) {
  return [=](std::string_view name) { return in_tower(tower, name) ? 0.0 : 1.0; };
}

/// A transformer whose embeddings and first blocks stay as they are.
inline rate_of_tensor freeze_blocks(clip_tower tower, int blocks) {
  return [=](std::string_view name) { return in_tower(tower, name) && depth_in_tower(name, blocks) <= blocks ? 0.0 : 1.0; };
}

/// Rates that fall by a factor from layer to layer towards the input: factor^(layers + 1 - depth_in_tower).
/// source:  Clark et al. 2020 (2003.10555), section 3.1
inline rate_of_tensor decay_by_layer(clip_tower tower, int layers, double factor) {
  return [=](std::string_view name) { return in_tower(tower, name) ? std::pow(factor, layers + 1 - depth_in_tower(name, layers)) : 1.0; };
}

/// What program::freeze takes, so that nothing is computed for tensors whose rate is 0.
inline std::function<bool(std::string_view)> without_gradient(rate_of_tensor rate) {
  return [rate = std::move(rate)](std::string_view name) { return rate(name) == 0; };
}

/// Two rules at once: their rates are multiplied.
inline rate_of_tensor both(rate_of_tensor a, rate_of_tensor b) {
  return [a = std::move(a), b = std::move(b)](std::string_view name) { return a(name) * b(name); };
}

}  // namespace akin::inline v0
