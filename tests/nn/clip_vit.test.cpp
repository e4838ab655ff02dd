// SPDX-License-Identifier: Apache-2.0
// CLIP with two transformers against open_clip, on both backends.
#include <akin/nn/text_transformer.hpp>
#include <akin/nn/vision_transformer.hpp>

#include "nn/golden_model.hpp"

using namespace akin;
using namespace akin_test;

namespace clip_vit {

template <class Activation>
struct clip {
  static constexpr auto define(model& m) {
    const auto temperature = learnable_temperature(m);
    const auto image = vision_transformer(m, "visual", pixels_of(m), embed, Activation{});
    const auto text = text_transformer(m, "", ids_of(m), embed, Activation{});
    const auto logits = logits_of(m, image, text, [&](auto cosines) { return cosines * temperature; });
    return symmetric_cross_entropy(logits, paired(images, texts));
  }
};
struct clip_gelu : clip<gelu_function> {};
struct clip_quick_gelu : clip<quick_gelu_function> {};

template <class Model, class Backend>
void agrees_with_open_clip(const std::string& name, std::int64_t heads, std::int64_t text_heads) {
  CAPTURE(name);
  const golden_files files{name};
  golden_model<Model, Backend> model{
      files, embed(files.extent_of("text_projection", 1)), image_tower::width(files.extent_of("visual.proj", 0)),
      image_tower::patch(files.extent_of("visual.conv1.weight", 2)), image_tower::layers(files.count("visual.transformer.resblocks.", ".ln_1.weight")),
      image_tower::heads(heads), image_tower::hidden(files.extent_of("visual.transformer.resblocks.0.mlp.c_fc.weight", 0)),
      text_tower::width(files.extent_of("text_projection", 0)), text_tower::vocabulary(files.extent_of("token_embedding.weight", 0)),
      text_tower::layers(files.count("transformer.resblocks.", ".ln_1.weight")), text_tower::heads(text_heads),
      text_tower::hidden(files.extent_of("transformer.resblocks.0.mlp.c_fc.weight", 0))};
  model.check_features();
  model.check_loss_and_gradients();
  if constexpr (std::is_same_v<Backend, akin_test::tested_backend>) model.check_steps();

  // The end of a text is the first place of its largest id, and no token sees a later one: padding may be anything.
  const auto text_features = [&] {
    model.evaluation().forward();
    const auto features = model.evaluation().template value<"text_features">();
    return std::vector<double>{features.data, features.data + features.size()};
  };
  const std::vector<double> before = text_features();
  const auto ids = model.ids();
  const auto end = *std::ranges::max_element(ids);
  const auto length = files.ids.shape[1];
  for (auto text = ids.begin(); text != ids.end(); text += length) std::fill(std::find(text, text + length, end), text + length, end);
  CHECK(text_features() == before);

  // So a batch needs no more tokens than its longest text, which here ends one token early.
  for (auto text = ids.begin(); text != ids.end(); text += length) std::fill(text + length - 2, text + length, end);
  const std::vector<double> whole = text_features();
  std::vector<std::int32_t> shorter;
  for (auto text = ids.begin(); text != ids.end(); text += length) shorter.insert(shorter.end(), text, text + length - 1);
  model.evaluation().resize(tokens(length - 1));
  model.evaluation().template set<"ids">(shorter);
  CHECK(furthest(text_features().data(), whole) <= 1e-6 * largest(whole));
}

}  // namespace clip_vit

using namespace clip_vit;

// One program for all sizes and depths of a kind.
TEST_CASE("CLIPs with GELU agree with open_clip, cpu backend") {
  agrees_with_open_clip<clip_gelu, akin_test::tested_backend>("vit", 2, 4);
  agrees_with_open_clip<clip_gelu, akin_test::tested_backend>("vit_wide_mlp", 2, 1);
}
#if !defined(AKIN_TEST_THRUST)
TEST_CASE("CLIPs with GELU agree with open_clip, reference backend") {
  agrees_with_open_clip<clip_gelu, reference_backend>("vit", 2, 4);
  agrees_with_open_clip<clip_gelu, reference_backend>("vit_wide_mlp", 2, 1);
}
#endif
TEST_CASE("a CLIP with QuickGELU agrees with open_clip, cpu backend") { agrees_with_open_clip<clip_quick_gelu, akin_test::tested_backend>("vit_quick_gelu", 2, 2); }
