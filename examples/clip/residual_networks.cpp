// SPDX-License-Identifier: Apache-2.0
// What is compiled for CLIPs with a residual network. Its texts are those of a Vision Transformer.
#include "tower_program.hpp"
#include "verification.hpp"

namespace clip_program {

namespace {

std::unique_ptr<image_tower> images(const akin::clip_folder& model, const threads& pool) {
  return make_image_tower<public_clip::residual_vision_tower>(model, pool,
                                                              public_clip::residual_vision_extents(model.architecture));
}

std::unique_ptr<text_tower> texts(const akin::clip_folder& model, const threads& pool) {
  return vision_transformers.texts(model, pool);
}

template <class Activation>
std::vector<comparison> training_with(const golden_folder& golden, const threads& pool) {
  using model = public_clip::clip<public_clip::residual_vision_tower, public_clip::causal_text_tower<Activation>>;
  return verify_training<model>(golden, pool, public_clip::residual_vision_extents(golden.model.architecture));
}

std::vector<comparison> training(const golden_folder& golden, const threads& pool) {
  const akin::activation function = golden.model.architecture.text.function;
  if (function == akin::activation::gelu) return training_with<akin::gelu_function>(golden, pool);
  if (function == akin::activation::quick_gelu) return training_with<akin::quick_gelu_function>(golden, pool);
  akin::fail("verify: no program is built for a residual network beside texts with ", akin::name_of(function));
}

}  // namespace

const model_family residual_networks{images, texts, training};

}  // namespace clip_program
