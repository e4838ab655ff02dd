// SPDX-License-Identifier: Apache-2.0
// What is compiled for CLIPs with a Vision Transformer.
#include "tower_program.hpp"
#include "trained_clip_program.hpp"
#include "verification.hpp"

#include <string_view>

namespace clip_program {

namespace {

/// Calls use(function) with the activation as a type; `towers` compute it.
template <class Use>
auto with_function(std::string_view towers, akin::activation function, Use use) {
  if (function == akin::activation::gelu_exact) return use(akin::gelu_function{});
  if (function == akin::activation::gelu_quick) return use(akin::quick_gelu_function{});
  akin::fail("no program is built for ", towers, " with ", akin::name_of(function));
}

std::unique_ptr<image_tower> images(const akin::clip_folder& model, const threads& pool) {
  return with_function("Vision Transformers", model.architecture.image.function, [&](auto function) {
    return make_image_tower<public_clip::vision_tower<decltype(function)>>(model, pool,
                                                                           public_clip::vision_extents(model.architecture));
  });
}

std::unique_ptr<text_tower> texts(const akin::clip_folder& model, const threads& pool) {
  return with_function("causal text towers", model.architecture.text.function, [&](auto function) {
    return make_causal_text_tower<public_clip::causal_text_tower<decltype(function)>>(model, pool);
  });
}

/// Calls use.template operator()<Model>() with the model that is trained.
template <class Use>
auto with_model(const akin::clip_architecture& a, Use use) {
  if (a.image.function != a.text.function)
    akin::fail("training: one tower computes ", akin::name_of(a.image.function), ", the other ", akin::name_of(a.text.function),
               "; both are expected to compute the same");
  return with_function("training CLIP", a.text.function, [&](auto function) {
    using f = decltype(function);
    return use.template operator()<public_clip::clip<public_clip::vision_tower<f>, public_clip::causal_text_tower<f>>>();
  });
}

std::vector<comparison> training(const golden_folder& golden, const threads& pool) {
  const auto& a = golden.model.architecture;
  return with_model(a, [&]<class Model>() { return verify_training<Model>(golden, pool, public_clip::vision_extents(a)); });
}

std::unique_ptr<trained_clip> trained(const akin::clip_architecture& a, std::int64_t batch, std::uint64_t seed, const threads& pool) {
  return with_model(a, [&]<class Model>() { return make_trained_clip<Model>(a, batch, seed, pool, public_clip::vision_extents(a)); });
}

}  // namespace

const model_family vision_transformers{images, texts, training, trained};

}  // namespace clip_program
