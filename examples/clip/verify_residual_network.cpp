// SPDX-License-Identifier: Apache-2.0
// akin-clip verify, for CLIPs with a residual network.
#include "verification.hpp"

namespace clip_program {

namespace {

template <class Activation>
std::vector<comparison> verify(const golden_folder& golden, const std::shared_ptr<akin::thread_pool>& pool) {
  namespace t = akin::residual_tower;
  const auto& a = golden.model.architecture;
  const auto& blocks = a.image.stages;
  return public_clip::with_text_extents(a, [&](const auto&... text) {
    return verification<public_clip::residual_clip<Activation>>{golden,
                                                                pool,
                                                                text...,
                                                                t::width(a.image.width),
                                                                t::heads(a.image.heads),
                                                                t::blocks_1(blocks[0]),
                                                                t::blocks_2(blocks[1]),
                                                                t::blocks_3(blocks[2]),
                                                                t::blocks_4(blocks[3])}
        .run();
  });
}

}  // namespace

std::vector<comparison> verify_residual_network(const golden_folder& golden, const std::shared_ptr<akin::thread_pool>& pool) {
  const akin::activation function = golden.model.architecture.text.function;
  if (function == akin::activation::gelu) return verify<akin::gelu_function>(golden, pool);
  if (function == akin::activation::quick_gelu) return verify<akin::quick_gelu_function>(golden, pool);
  akin::fail("verify: no program is built for a residual network beside texts with ", akin::name_of(function));
}

}  // namespace clip_program
