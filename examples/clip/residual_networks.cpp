// SPDX-License-Identifier: Apache-2.0
// What is compiled for CLIPs with a residual network. Its texts are those of a Vision Transformer.
#include "tower_program.hpp"
#include "trained_clip_program.hpp"
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

/// Calls use.template operator()<Model>() with the model that is trained.
template <class Use>
auto with_model(const akin::clip_architecture& a, Use use) {
  using public_clip::clip, public_clip::residual_vision_tower, public_clip::causal_text_tower;
  const akin::activation function = a.text.function;
  if (function == akin::activation::gelu_exact)
    return use.template operator()<clip<residual_vision_tower, causal_text_tower<akin::gelu_function>>>();
  if (function == akin::activation::gelu_quick)
    return use.template operator()<clip<residual_vision_tower, causal_text_tower<akin::quick_gelu_function>>>();
  akin::fail("training: no program is built for a residual network beside texts with ", akin::name_of(function));
}

std::vector<comparison> training(const golden_folder& golden, const threads& pool) {
  const auto& a = golden.model.architecture;
  return with_model(a, [&]<class Model>() { return verify_training<Model>(golden, pool, public_clip::residual_vision_extents(a)); });
}

std::unique_ptr<trained_clip> trained(const akin::clip_architecture& a, std::int64_t batch, std::uint64_t seed, const threads& pool) {
  return with_model(a, [&]<class Model>() { return make_trained_clip<Model>(a, batch, seed, pool, public_clip::residual_vision_extents(a)); });
}

}  // namespace

const model_family residual_networks{images, texts, training, trained};

}  // namespace clip_program
