// SPDX-License-Identifier: Apache-2.0
// SigLIP's towers and loss against open_clip and timm.
#include <akin/nn/siglip_text_transformer.hpp>
#include <akin/nn/siglip_vision_transformer.hpp>

#include "nn/golden_model.hpp"

using namespace akin;
using namespace akin_test;

namespace siglip_test {

struct model_of_paper {
  static constexpr auto define(model& m) {
    const auto image = siglip_vision_transformer(m, "visual.trunk", pixels_of(m), embed);
    const auto text = siglip_text_transformer(m, "text", ids_of(m), embed);
    const auto temperature = learnable_temperature(m);
    const auto bias = learnable_bias(m);
    const auto logits = logits_of(m, image, text, [&](auto cosines) { return cosines * temperature + bias; });
    return siglip(logits, paired(images, texts), over(texts));
  }
};

template <class Backend>
void agrees() {
  const golden_files files{"siglip"};
  golden_model<model_of_paper, Backend> model{
      files, embed(files.extent_of("text.text_projection.weight", 0)), image_tower::patch(files.extent_of("visual.trunk.patch_embed.proj.weight", 2)),
      image_tower::layers(files.count("visual.trunk.blocks.", ".norm1.weight")), image_tower::heads(3),
      image_tower::hidden(files.extent_of("visual.trunk.attn_pool.mlp.fc1.bias", 0)), text_tower::width(files.extent_of("text.text_projection.weight", 1)),
      text_tower::vocabulary(files.extent_of("text.token_embedding.weight", 0)), text_tower::layers(files.count("text.transformer.resblocks.", ".ln_1.weight")),
      text_tower::heads(3), text_tower::hidden(files.extent_of("text.transformer.resblocks.0.mlp.c_fc.bias", 0))};
  model.check_features();
  model.check_loss_and_gradients();
}

}  // namespace siglip_test

TEST_CASE("SigLIP agrees with open_clip, cpu backend") { siglip_test::agrees<akin_test::tested_backend>(); }
#if !defined(AKIN_TEST_THRUST)
TEST_CASE("SigLIP agrees with open_clip, reference backend") { siglip_test::agrees<reference_backend>(); }
#endif
