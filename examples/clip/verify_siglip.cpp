// SPDX-License-Identifier: Apache-2.0
// akin-clip verify, for SigLIP.
#include "verification.hpp"

namespace clip_program {

namespace {

template <class ImageActivation, class TextActivation>
std::vector<comparison> verify(const golden_folder& golden, const std::shared_ptr<akin::thread_pool>& pool) {
  namespace t = akin::image_tower;
  const auto& a = golden.model.architecture;
  return public_clip::with_text_extents(a, [&](const auto&... text) {
    return verification<public_clip::siglip_clip<ImageActivation, TextActivation>>{golden,
                                                                                   pool,
                                                                                   text...,
                                                                                   t::patch(a.image.patch),
                                                                                   t::layers(a.image.layers),
                                                                                   t::heads(a.image.heads),
                                                                                   t::hidden(a.image.hidden)}
        .run();
  });
}

}  // namespace

/// open_clip's SigLIP computes GELU, its SigLIP 2 the approximation in the texts; transformers' computes the approximation in
/// both.
std::vector<comparison> verify_siglip(const golden_folder& golden, const std::shared_ptr<akin::thread_pool>& pool) {
  using exact = akin::gelu_function;
  using approximate = akin::tanh_gelu_function;
  const auto image = golden.model.architecture.image.function, text = golden.model.architecture.text.function;
  if (image == akin::activation::gelu && text == akin::activation::gelu) return verify<exact, exact>(golden, pool);
  if (image == akin::activation::gelu && text == akin::activation::gelu_tanh) return verify<exact, approximate>(golden, pool);
  if (image == akin::activation::gelu_tanh && text == akin::activation::gelu_tanh)
    return verify<approximate, approximate>(golden, pool);
  akin::fail("verify: no program is built for SigLIP with ", akin::name_of(image), " in the image tower and ",
             akin::name_of(text), " in the text tower");
}

}  // namespace clip_program
