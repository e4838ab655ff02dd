// SPDX-License-Identifier: Apache-2.0
// What is compiled for SigLIP. open_clip's computes GELU, its SigLIP 2 the approximation in the texts; transformers' computes the
// approximation in both towers.
#include "tower_program.hpp"
#include "trained_clip_program.hpp"
#include "verification.hpp"

namespace clip_program {

namespace {

using exact = akin::gelu_function;
using approximate = akin::tanh_gelu_function;

template <class Use>
auto with_function(akin::activation function, Use use) {
  if (function == akin::activation::gelu_exact) return use(exact{});
  if (function == akin::activation::gelu_tanh) return use(approximate{});
  akin::fail("no program is built for SigLIP with ", akin::name_of(function));
}

std::unique_ptr<image_tower> images(const akin::clip_folder& model, const threads& pool) {
  return with_function(model.architecture.image.function, [&](auto function) {
    return make_image_tower<public_clip::siglip_vision_tower<decltype(function)>>(
        model, pool, public_clip::siglip_vision_extents(model.architecture));
  });
}

std::unique_ptr<text_tower> texts(const akin::clip_folder& model, const threads& pool) {
  return with_function(model.architecture.text.function, [&](auto function) {
    return make_siglip_text_tower<public_clip::siglip_text_tower<decltype(function)>>(model, pool);
  });
}

/// Calls use.template operator()<Model>() with the model that is trained.
template <class Use>
auto with_model(const akin::clip_architecture& a, Use use) {
  using public_clip::siglip_clip, public_clip::siglip_text_tower, public_clip::siglip_vision_tower;
  const auto image = a.image.function, text = a.text.function;
  if (image == akin::activation::gelu_exact && text == akin::activation::gelu_exact)
    return use.template operator()<siglip_clip<siglip_vision_tower<exact>, siglip_text_tower<exact>>>();
  if (image == akin::activation::gelu_exact && text == akin::activation::gelu_tanh)
    return use.template operator()<siglip_clip<siglip_vision_tower<exact>, siglip_text_tower<approximate>>>();
  if (image == akin::activation::gelu_tanh && text == akin::activation::gelu_tanh)
    return use.template operator()<siglip_clip<siglip_vision_tower<approximate>, siglip_text_tower<approximate>>>();
  akin::fail("training: no program is built for SigLIP with ", akin::name_of(image), " in the image tower and ", akin::name_of(text),
             " in the text tower");
}

std::vector<comparison> training(const golden_folder& golden, const threads& pool) {
  const auto& a = golden.model.architecture;
  return with_model(a, [&]<class Model>() { return verify_training<Model>(golden, pool, public_clip::siglip_vision_extents(a)); });
}

std::unique_ptr<trained_clip> trained(const akin::clip_architecture& a, std::int64_t batch, std::uint64_t seed, const threads& pool) {
  return with_model(a, [&]<class Model>() { return make_trained_clip<Model>(a, batch, seed, pool, public_clip::siglip_vision_extents(a)); });
}

}  // namespace

const model_family siglips{images, texts, training, trained};

}  // namespace clip_program
