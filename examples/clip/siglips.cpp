// SPDX-License-Identifier: Apache-2.0
// What is compiled for SigLIP. open_clip's computes GELU, its SigLIP 2 the approximation in the texts; transformers' computes the
// approximation in both towers.
#include "tower_program.hpp"
#include "trained_clip.hpp"
#include "verification.hpp"

namespace clip_program {

namespace {

using exact = akin::gelu_function;
using approximate = akin::tanh_gelu_function;

template <class Use>
auto with_function(akin::activation function, Use use) {
  if (function == akin::activation::gelu) return use(exact{});
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
    return make_text_tower<public_clip::siglip_text_tower<decltype(function)>>(model, pool);
  });
}

template <class Image, class Text>
std::vector<comparison> training_with(const golden_folder& golden, const threads& pool) {
  using model = public_clip::siglip_clip<public_clip::siglip_vision_tower<Image>, public_clip::siglip_text_tower<Text>>;
  return verify_training<model>(golden, pool, public_clip::siglip_vision_extents(golden.model.architecture));
}

std::vector<comparison> training(const golden_folder& golden, const threads& pool) {
  const auto image = golden.model.architecture.image.function, text = golden.model.architecture.text.function;
  if (image == akin::activation::gelu && text == akin::activation::gelu) return training_with<exact, exact>(golden, pool);
  if (image == akin::activation::gelu && text == akin::activation::gelu_tanh)
    return training_with<exact, approximate>(golden, pool);
  if (image == akin::activation::gelu_tanh && text == akin::activation::gelu_tanh)
    return training_with<approximate, approximate>(golden, pool);
  akin::fail("verify: no program is built for SigLIP with ", akin::name_of(image), " in the image tower and ",
             akin::name_of(text), " in the text tower");
}

std::unique_ptr<trained_clip> trained(const akin::clip_architecture&, std::int64_t, std::uint64_t, const threads&) {
  akin::fail("training: SigLIP's texts need a SentencePiece model, and no vocabulary of that kind is learned here");
}

}  // namespace

const model_family siglips{images, texts, training, trained};

}  // namespace clip_program
