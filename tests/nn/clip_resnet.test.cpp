// SPDX-License-Identifier: Apache-2.0
// CLIP with a ModifiedResNet against open_clip: batch normalisation in both modes, average pooling, attention pooling.
#include <akin/nn/modified_residual_network.hpp>
#include <akin/nn/text_transformer.hpp>

#include "nn/golden_model.hpp"

using namespace akin;
using namespace akin_test;

namespace clip_resnet_test {

struct clip {
  static constexpr auto define(model& m) {
    const auto temperature = learnable_temperature(m);
    const auto image = modified_residual_network(m, "visual", pixels_of(m), embed);
    const auto text = text_transformer(m, "", ids_of(m), embed, quick_gelu);
    const auto logits = logits_of(m, image, text, [&](auto cosines) { return cosines * temperature; });
    return symmetric_cross_entropy(logits, paired(images, texts));
  }
};

template <class Backend>
golden_model<clip, Backend> made(const golden_files& files, std::int64_t heads, std::int64_t text_heads) {
  namespace t = residual_tower;
  const auto blocks = [&](const std::string& stage) { return files.count("visual." + stage + ".", ".conv1.weight"); };
  return golden_model<clip, Backend>{
      files, embed(files.extent_of("text_projection", 1)), t::width(files.extent_of("visual.conv3.weight", 0)), t::heads(heads),
      t::blocks_1(blocks("layer1")), t::blocks_2(blocks("layer2")), t::blocks_3(blocks("layer3")), t::blocks_4(blocks("layer4")),
      text_tower::width(files.extent_of("text_projection", 0)), text_tower::vocabulary(files.extent_of("token_embedding.weight", 0)),
      text_tower::layers(files.count("transformer.resblocks.", ".ln_1.weight")), text_tower::heads(text_heads),
      text_tower::hidden(files.extent_of("transformer.resblocks.0.mlp.c_fc.weight", 0))};
}

}  // namespace clip_resnet_test

using namespace clip_resnet_test;

TEST_CASE("a CLIP with a residual network agrees with open_clip, cpu backend") {
  const golden_files files{"resnet"};
  auto model = made<akin_test::tested_backend>(files, 8, 2);
  model.check_features();
  model.check_loss_and_gradients();
  model.check_steps();
}

#if !defined(AKIN_TEST_THRUST)
TEST_CASE("a CLIP with a residual network agrees with open_clip, reference backend") {
  const golden_files files{"resnet"};
  auto model = made<reference_backend>(files, 8, 2);
  model.check_features();
  model.check_loss_and_gradients();
}
#endif
