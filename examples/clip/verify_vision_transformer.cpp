// SPDX-License-Identifier: Apache-2.0
// akin-clip verify, for CLIPs with a Vision Transformer.
#include "verification.hpp"

namespace clip_program {

namespace {

template <class Activation>
std::vector<comparison> verify(const golden_folder& golden, const std::shared_ptr<akin::thread_pool>& pool) {
  namespace t = akin::image_tower;
  const auto& a = golden.model.architecture;
  return public_clip::with_text_extents(a, [&](const auto&... text) {
    return verification<public_clip::vision_clip<Activation>>{golden,
                                                              pool,
                                                              text...,
                                                              t::width(a.image.width),
                                                              t::patch(a.image.patch),
                                                              t::layers(a.image.layers),
                                                              t::heads(a.image.heads),
                                                              t::hidden(a.image.hidden)}
        .run();
  });
}

}  // namespace

std::vector<comparison> verify_vision_transformer(const golden_folder& golden, const std::shared_ptr<akin::thread_pool>& pool) {
  const auto& a = golden.model.architecture;
  if (a.image.function != a.text.function)
    akin::fail("verify: one tower computes ", akin::name_of(a.image.function), ", the other ", akin::name_of(a.text.function),
               "; both are expected to compute the same");
  switch (a.text.function) {
    case akin::activation::gelu:
      return verify<akin::gelu_function>(golden, pool);
    case akin::activation::quick_gelu:
      return verify<akin::quick_gelu_function>(golden, pool);
    case akin::activation::gelu_tanh:
      break;
  }
  akin::fail("verify: no program is built for a Vision Transformer with ", akin::name_of(a.text.function));
}

}  // namespace clip_program
