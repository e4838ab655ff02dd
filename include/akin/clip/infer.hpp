// SPDX-License-Identifier: Apache-2.0
// The architecture of OpenAI's models from the shapes of their tensors, where no configuration lies beside them.
#pragma once

#include <akin/clip/architecture.hpp>
#include <akin/io/safetensors.hpp>
#include <akin/support/error.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

namespace akin::inline v0 {
namespace detail {

class shape_reader {
 public:
  explicit shape_reader(const safetensors_file& file) : file_(file) {}

  bool has(const std::string& name) const { return file_.find(name) != nullptr; }
  std::int64_t extent(const std::string& name, std::size_t dimension) const {
    const tensor_entry* const entry = file_.find(name);
    if (entry == nullptr) refuse("has no tensor '", name, "', which OpenAI's models have");
    if (entry->shape.size() <= dimension)
      refuse("has the tensor '", name, "' with the shape ", shape_text(entry->shape), ", expected at least ", dimension + 1,
             " dimensions");
    return entry->shape[dimension];
  }
  /// Names that differ in a number only: how many there are from 0 on.
  std::int64_t count(const std::string& before, const std::string& after) const {
    std::int64_t k = 0;
    while (has(before + std::to_string(k) + after)) ++k;
    return k;
  }
  /// Side of the square of patches behind one more row.
  std::int64_t grid(const std::string& positions) const {
    const std::int64_t patches = extent(positions, 0) - 1, side = std::llround(std::sqrt(static_cast<double>(patches)));
    if (patches < 1 || side * side != patches)
      refuse("has ", patches, " positions of patches in '", positions, "', expected a square number");
    return side;
  }
  /// Heads 64 wide, at most `most` of them.
  std::int64_t heads(const char* tower, std::int64_t width, std::int64_t most) const {
    if (width % 64 != 0 || width > 64 * most)
      refuse("has ", tower, " tower of width ", width, ", whose heads do not follow from its shapes: a configuration is needed beside it");
    return width / 64;
  }
  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail("weights: '", file_.path(), "' ", parts...);
  }

 private:
  const safetensors_file& file_;
};

}  // namespace detail

/// What the shapes say, with heads 64 wide as in all of OpenAI's models. Shapes do not tell GELU from QuickGELU: the caller does.
/// errors: run time, naming the tensor: one that is missing, a number of positions that is no square; a tower whose width is no multiple of
///         64, or a Vision Transformer wider than 1024, since public ones have heads of other widths
/// source: https://github.com/openai/CLIP, model.py (build_model)
inline clip_architecture infer_clip_architecture(const safetensors_file& file, activation function) {
  const detail::shape_reader shapes{file};
  clip_architecture a;
  a.embed = shapes.extent("text_projection", 1);
  a.text = {shapes.extent("positional_embedding", 0),
            shapes.extent("token_embedding.weight", 0),
            shapes.extent("token_embedding.weight", 1),
            shapes.count("transformer.resblocks.", ".ln_1.weight"),
            shapes.heads("a text", shapes.extent("token_embedding.weight", 1), 1024),
            shapes.extent("transformer.resblocks.0.mlp.c_fc.weight", 0),
            function};
  a.image.function = function;
  if (shapes.has("visual.proj")) {
    a.family = clip_family::vision_transformer;
    a.image.width = shapes.extent("visual.conv1.weight", 0);
    a.image.patch = shapes.extent("visual.conv1.weight", 3);
    a.image.layers = shapes.count("visual.transformer.resblocks.", ".ln_1.weight");
    a.image.hidden = shapes.extent("visual.transformer.resblocks.0.mlp.c_fc.weight", 0);
    a.image.heads = shapes.heads("an image", a.image.width, 16);
    a.image.height = a.image.columns = a.image.patch * shapes.grid("visual.positional_embedding");
  } else {
    a.family = clip_family::residual_network;
    a.image.width = shapes.extent("visual.layer1.0.conv1.weight", 0);
    a.image.heads = shapes.heads("an image", a.image.width * 32, 1024);
    for (std::size_t k = 0; k < 4; ++k)
      a.image.stages[k] = shapes.count("visual.layer" + std::to_string(k + 1) + ".", ".conv1.weight");
    a.image.height = a.image.columns = 32 * shapes.grid("visual.attnpool.positional_embedding");
  }
  check_architecture(a, "weights: '" + file.path() + "'");
  return a;
}

}  // namespace akin::inline v0
