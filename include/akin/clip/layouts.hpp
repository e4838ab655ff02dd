// SPDX-License-Identifier: Apache-2.0
// The ways in which files name and cut the same weights: open_clip's, which akin's towers share, and transformers'.
#pragma once

#include <akin/clip/tensors.hpp>
#include <akin/support/error.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// Files of open_clip's with custom_text hold the text tower under text., as all of SigLIP's do.
enum class weight_names { open_clip, open_clip_custom_text, transformers };

/// What one of open_clip's files calls a tensor of clip_tensors' list.
inline std::string open_clip_name(const std::string& ours, weight_names names) {
  const bool of_text = !ours.starts_with("visual.") && !ours.starts_with("text.") && !ours.starts_with("logit_");
  const bool prefixed = names == weight_names::open_clip_custom_text && of_text;
  return (prefixed ? "text." : "") + ours;
}

/// Numbers that lie in one piece in both of two lists of tensors; `transposed` pieces are whole matrices.
struct tensor_piece {
  std::size_t from = 0, to = 0;               // which tensor of each list
  std::int64_t from_begin = 0, to_begin = 0;  // its first number there
  std::int64_t count = 0;
  bool transposed = false;
};

/// The tensors of a file, and the pieces that lead there from clip_tensors' list. Read backwards, they lead from the file.
struct weight_layout {
  std::vector<tensor_shape> ours, theirs;
  std::vector<tensor_piece> pieces;
};

/// The same pieces in the other direction.
inline std::vector<tensor_piece> reversed(std::span<const tensor_piece> pieces) {
  std::vector<tensor_piece> back{pieces.begin(), pieces.end()};
  for (tensor_piece& piece : back) std::swap(piece.from, piece.to), std::swap(piece.from_begin, piece.to_begin);
  return back;
}

namespace detail {

/// What happens to a tensor on its way to transformers' names.
enum class way {
  same,
  transposed,
  flat,         // a leading extent of 1 goes: [1, patches, width] -> [patches, width]
  vector_of_1,  // a scalar becomes [1]
  thirds,       // query, key and value part; '?' in the name stands for q, k and v
  first_third,  // the query, beside the last two thirds in one tensor
  last_thirds,
};

/// Each '*' stands for one part of a name between dots.
struct name_rule {
  std::string ours, theirs;
  way to = way::same;
};

/// The rules of a Transformer's blocks, whose names begin with `ours` and `theirs`.
inline void add_block_rules(std::vector<name_rule>& rules, const std::string& ours, const std::string& theirs) {
  rules.insert(rules.end(), {{ours + "ln_1.*", theirs + "layer_norm1.*"},
                             {ours + "attn.in_proj_weight", theirs + "self_attn.?_proj.weight", way::thirds},
                             {ours + "attn.in_proj_bias", theirs + "self_attn.?_proj.bias", way::thirds},
                             {ours + "attn.out_proj.*", theirs + "self_attn.out_proj.*"},
                             {ours + "ln_2.*", theirs + "layer_norm2.*"},
                             {ours + "mlp.c_fc.*", theirs + "mlp.fc1.*"},
                             {ours + "mlp.c_proj.*", theirs + "mlp.fc2.*"}});
}

inline std::vector<name_rule> clip_rules() {
  std::vector<name_rule> rules{
      {"logit_scale", "logit_scale"},
      {"text_projection", "text_projection.weight", way::transposed},
      {"positional_embedding", "text_model.embeddings.position_embedding.weight"},
      {"token_embedding.weight", "text_model.embeddings.token_embedding.weight"},
      {"ln_final.*", "text_model.final_layer_norm.*"},
      {"visual.proj", "visual_projection.weight", way::transposed},
      {"visual.class_embedding", "vision_model.embeddings.class_embedding"},
      {"visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"},
      {"visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight"},
      {"visual.ln_pre.*", "vision_model.pre_layrnorm.*"},  // as transformers spells it
      {"visual.ln_post.*", "vision_model.post_layernorm.*"},
  };
  add_block_rules(rules, "transformer.resblocks.*.", "text_model.encoder.layers.*.");
  add_block_rules(rules, "visual.transformer.resblocks.*.", "vision_model.encoder.layers.*.");
  return rules;
}

inline std::vector<name_rule> siglip_rules() {
  std::vector<name_rule> rules{
      {"logit_scale", "logit_scale", way::vector_of_1},
      {"logit_bias", "logit_bias", way::vector_of_1},
      {"text.text_projection.*", "text_model.head.*"},
      {"text.positional_embedding", "text_model.embeddings.position_embedding.weight"},
      {"text.token_embedding.weight", "text_model.embeddings.token_embedding.weight"},
      {"text.ln_final.*", "text_model.final_layer_norm.*"},
      {"visual.trunk.pos_embed", "vision_model.embeddings.position_embedding.weight", way::flat},
      {"visual.trunk.patch_embed.proj.*", "vision_model.embeddings.patch_embedding.*"},
      {"visual.trunk.blocks.*.norm1.*", "vision_model.encoder.layers.*.layer_norm1.*"},
      {"visual.trunk.blocks.*.attn.qkv.*", "vision_model.encoder.layers.*.self_attn.?_proj.*", way::thirds},
      {"visual.trunk.blocks.*.attn.proj.*", "vision_model.encoder.layers.*.self_attn.out_proj.*"},
      {"visual.trunk.blocks.*.norm2.*", "vision_model.encoder.layers.*.layer_norm2.*"},
      {"visual.trunk.blocks.*.mlp.*.*", "vision_model.encoder.layers.*.mlp.*.*"},
      {"visual.trunk.norm.*", "vision_model.post_layernorm.*"},
      {"visual.trunk.attn_pool.latent", "vision_model.head.probe"},
      {"visual.trunk.attn_pool.q.*", "vision_model.head.attention.in_proj_*", way::first_third},
      {"visual.trunk.attn_pool.kv.*", "vision_model.head.attention.in_proj_*", way::last_thirds},
      {"visual.trunk.attn_pool.proj.*", "vision_model.head.attention.out_proj.*"},
      {"visual.trunk.attn_pool.norm.*", "vision_model.head.layernorm.*"},
      {"visual.trunk.attn_pool.mlp.*.*", "vision_model.head.mlp.*.*"},
  };
  add_block_rules(rules, "text.transformer.resblocks.*.", "text_model.encoder.layers.*.");
  return rules;
}

/// The part of a name before its first dot; the name keeps the rest, without the dot.
inline std::string_view take_part(std::string_view& name) {
  const std::size_t dot = name.find('.');
  const std::string_view part = name.substr(0, dot);
  name = dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
  return part;
}

/// Their name for a tensor that the rule matches, or nothing.
inline std::string renamed(const name_rule& rule, std::string_view name) {
  std::string result{rule.theirs};
  for (std::string_view pattern = rule.ours; !pattern.empty() || !name.empty();) {
    const std::string_view wanted = take_part(pattern), part = take_part(name);
    if (wanted == "*" && !part.empty()) result.replace(result.find('*'), 1, part);
    else if (wanted != part) return {};
  }
  return result;
}

class layout_builder {
 public:
  explicit layout_builder(std::vector<tensor_shape> ours) { layout_.ours = std::move(ours); }

  void add(std::size_t index, way to, const std::string& name) {
    const tensor_shape& tensor = layout_.ours[index];
    const std::int64_t size = tensor.size();
    std::vector<std::int64_t> shape = tensor.shape;
    switch (to) {
      case way::same:
        return link(index, name, shape, 0, size);
      case way::transposed:
        return link(index, name, {shape[1], shape[0]}, 0, size, true);
      case way::flat:
        return link(index, name, {shape[1], shape[2]}, 0, size);
      case way::vector_of_1:
        return link(index, name, {1}, 0, size);
      case way::thirds:
        shape[0] /= 3;
        for (std::int64_t k = 0; k < 3; ++k) {
          std::string part = name;
          part[part.find('?')] = "qkv"[k];
          link(index, part, shape, k * size / 3, size / 3);
        }
        return;
      case way::first_third:
        shape[0] *= 3;
        return link(index, name, shape, 0, size);
      case way::last_thirds:  // into the tensor that the query has begun
        return layout_.pieces.push_back({index, index_of(name), 0, size / 2, size});
    }
  }

  weight_layout take() { return std::move(layout_); }

 private:
  void link(std::size_t index, const std::string& name, std::vector<std::int64_t> shape, std::int64_t begin, std::int64_t count,
            bool transposed = false) {
    layout_.theirs.push_back({name, std::move(shape)});
    layout_.pieces.push_back({index, layout_.theirs.size() - 1, begin, 0, count, transposed});
  }
  std::size_t index_of(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::find(layout_.theirs, name, &tensor_shape::name) - layout_.theirs.begin());
  }

  weight_layout layout_;
};

}  // namespace detail

/// What a file with these names holds of such a model.
/// errors: run time: transformers has no CLIP with a residual network
/// source: https://github.com/huggingface/transformers, models/clip and models/siglip (names)
inline weight_layout layout_of(const clip_architecture& a, weight_names names) {
  if (names == weight_names::transformers && a.family == clip_family::residual_network)
    fail("transformers has no CLIP with a residual network: use open_clip's names");
  const std::vector<tensor_shape> ours = clip_tensors(a);
  const auto rules = a.family == clip_family::siglip ? detail::siglip_rules() : detail::clip_rules();
  detail::layout_builder layout{ours};
  for (std::size_t k = 0; k < ours.size(); ++k) {
    if (names != weight_names::transformers) {
      layout.add(k, detail::way::same, open_clip_name(ours[k].name, names));
      continue;
    }
    for (const auto& rule : rules)
      if (const std::string name = detail::renamed(rule, ours[k].name); !name.empty()) layout.add(k, rule.to, name);
  }
  return layout.take();
}

}  // namespace akin::inline v0
