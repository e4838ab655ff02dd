// SPDX-License-Identifier: Apache-2.0
// Every tensor of a public CLIP, by its name in open_clip and with its shape.
#pragma once

#include <akin/clip/architecture.hpp>
#include <akin/io/tensor_entry.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// A tensor that a model has, wherever its numbers lie.
struct tensor_shape {
  std::string name;
  std::vector<std::int64_t> shape;
  bool trained = true;  // false for what batch norm counts and averages

  std::int64_t size() const { return detail::element_count(shape).value(); }
};

namespace detail {

/// Appends the tensors of layers whose names begin with a common prefix.
class tensor_list {
 public:
  using extents = std::vector<std::int64_t>;

  void tensor(std::string name, extents shape) { all_.push_back({std::move(name), std::move(shape)}); }
  void linear(const std::string& name, std::int64_t in, std::int64_t out) {
    tensor(name + ".weight", {out, in});
    tensor(name + ".bias", {out});
  }
  void norm(const std::string& name, std::int64_t width) {
    tensor(name + ".weight", {width});
    tensor(name + ".bias", {width});
  }
  void batch_norm(const std::string& name, std::int64_t channels) {
    norm(name, channels);
    all_.push_back({name + ".running_mean", {channels}, false});
    all_.push_back({name + ".running_var", {channels}, false});
  }
  void convolution(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel) {
    tensor(name + ".weight", {out, in, kernel, kernel});
  }

  /// OpenAI's residual attention blocks.
  void transformer(const std::string& name, std::int64_t width, std::int64_t layers, std::int64_t hidden) {
    for (std::int64_t k = 0; k < layers; ++k) {
      const std::string block = name + ".resblocks." + std::to_string(k);
      norm(block + ".ln_1", width);
      tensor(block + ".attn.in_proj_weight", {3 * width, width});
      tensor(block + ".attn.in_proj_bias", {3 * width});
      linear(block + ".attn.out_proj", width, width);
      norm(block + ".ln_2", width);
      linear(block + ".mlp.c_fc", width, hidden);
      linear(block + ".mlp.c_proj", hidden, width);
    }
  }

  void vision_transformer(const clip_architecture& a) {
    const auto& i = a.image;
    tensor("visual.class_embedding", {i.width});
    tensor("visual.positional_embedding", {a.grid_rows() * a.grid_columns() + 1, i.width});
    tensor("visual.proj", {i.width, a.embed});
    convolution("visual.conv1", 3, i.width, i.patch);
    norm("visual.ln_pre", i.width);
    transformer("visual.transformer", i.width, i.layers, i.hidden);
    norm("visual.ln_post", i.width);
  }

  /// A stem of three convolutions, four stages of bottlenecks whose width doubles, attention pooling.
  void residual_network(const clip_architecture& a) {
    const std::int64_t width = a.image.width, pooled = 32 * width;
    const auto conv_bn = [&](const std::string& name, const std::string& number, std::int64_t in, std::int64_t out,
                             std::int64_t kernel) {
      convolution(name + "conv" + number, in, out, kernel);
      batch_norm(name + "bn" + number, out);
    };
    conv_bn("visual.", "1", 3, width / 2, 3);
    conv_bn("visual.", "2", width / 2, width / 2, 3);
    conv_bn("visual.", "3", width / 2, width, 3);
    std::int64_t in = width;
    for (std::size_t stage = 0; stage < 4; ++stage) {
      const std::int64_t narrow = width << stage, wide = 4 * narrow;
      for (std::int64_t k = 0; k < a.image.stages[stage]; ++k, in = wide) {
        const std::string block = "visual.layer" + std::to_string(stage + 1) + "." + std::to_string(k) + ".";
        conv_bn(block, "1", in, narrow, 1);
        conv_bn(block, "2", narrow, narrow, 3);
        conv_bn(block, "3", narrow, wide, 1);
        if (k > 0) continue;
        convolution(block + "downsample.0", in, wide, 1);
        batch_norm(block + "downsample.1", wide);
      }
    }
    tensor("visual.attnpool.positional_embedding", {a.grid_rows() * a.grid_columns() + 1, pooled});
    for (const char* const part : {"q_proj", "k_proj", "v_proj"}) linear(std::string{"visual.attnpool."} + part, pooled, pooled);
    linear("visual.attnpool.c_proj", pooled, a.embed);
  }

  /// SigLIP's, with the names of timm's Vision Transformer.
  void siglip_image(const clip_architecture& a) {
    const auto& i = a.image;
    const std::string trunk = "visual.trunk.", pool = trunk + "attn_pool.";
    const auto mlp = [&](const std::string& name) {
      linear(name + "mlp.fc1", i.width, i.hidden);
      linear(name + "mlp.fc2", i.hidden, i.width);
    };
    tensor(trunk + "pos_embed", {1, a.grid_rows() * a.grid_columns(), i.width});
    convolution(trunk + "patch_embed.proj", 3, i.width, i.patch);
    tensor(trunk + "patch_embed.proj.bias", {i.width});
    for (std::int64_t k = 0; k < i.layers; ++k) {
      const std::string block = trunk + "blocks." + std::to_string(k) + ".";
      norm(block + "norm1", i.width);
      linear(block + "attn.qkv", i.width, 3 * i.width);
      linear(block + "attn.proj", i.width, i.width);
      norm(block + "norm2", i.width);
      mlp(block);
    }
    norm(trunk + "norm", i.width);
    tensor(pool + "latent", {1, 1, i.width});
    linear(pool + "q", i.width, i.width);
    linear(pool + "kv", i.width, 2 * i.width);
    linear(pool + "proj", i.width, i.width);
    norm(pool + "norm", i.width);
    mlp(pool);
  }

  void text(const clip_architecture& a, const std::string& prefix) {
    const auto& t = a.text;
    tensor(prefix + "positional_embedding", {t.context, t.width});
    tensor(prefix + "token_embedding.weight", {t.vocabulary, t.width});
    transformer(prefix + "transformer", t.width, t.layers, t.hidden);
    norm(prefix + "ln_final", t.width);
    if (a.family == clip_family::siglip) linear(prefix + "text_projection", t.width, a.embed);
    else tensor(prefix + "text_projection", {t.width, a.embed});
  }

  std::vector<tensor_shape> take() { return std::move(all_); }

 private:
  std::vector<tensor_shape> all_;
};

}  // namespace detail

/// Every tensor of the model under open_clip's name: what a file of weights holds, no more and no less.
/// cost:   one entry for each tensor: 302 for a Vision Transformer of 12 layers beside a text Transformer of 12
/// source: Radford et al. 2021; https://github.com/mlfoundations/open_clip (names)
inline std::vector<tensor_shape> clip_tensors(const clip_architecture& a) {
  detail::tensor_list list;
  list.tensor("logit_scale", {});
  if (a.family == clip_family::siglip) list.tensor("logit_bias", {});
  switch (a.family) {
    case clip_family::vision_transformer:
      list.vision_transformer(a);
      break;
    case clip_family::residual_network:
      list.residual_network(a);
      break;
    case clip_family::siglip:
      list.siglip_image(a);
      break;
  }
  list.text(a, a.family == clip_family::siglip ? "text." : "");
  return list.take();
}

/// Numbers that training changes: 151,277,313 for ViT-B-32.
inline std::int64_t parameter_count(const clip_architecture& a) {
  std::int64_t count = 0;
  for (const tensor_shape& tensor : clip_tensors(a))
    if (tensor.trained) count += tensor.size();
  return count;
}

}  // namespace akin::inline v0
