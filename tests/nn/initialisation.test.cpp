// SPDX-License-Identifier: Apache-2.0
// How the weights of every tower start: deviation, bounds and constants, by the sources that the towers name.
#include <akin/akin.hpp>
#include <akin/nn/modified_residual_network.hpp>
#include <akin/nn/siglip_text_transformer.hpp>
#include <akin/nn/siglip_vision_transformer.hpp>
#include <akin/nn/text_transformer.hpp>
#include <akin/nn/vision_transformer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

using namespace akin;

namespace initialisation_test {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct channels : axis<"channels", 3> {} channels;
inline constexpr struct height : axis<"height"> {} height;
inline constexpr struct columns : axis<"columns"> {} columns;
inline constexpr struct tokens : axis<"tokens"> {} tokens;
inline constexpr struct embed : axis<"embed"> {} embed;

constexpr auto pixels_of(model& m) { return m.data<"pixels">(images, channels, height, columns); }

struct clip {
  static constexpr auto define(model& m) {
    const auto image = vision_transformer(m, "visual", pixels_of(m), embed);
    return sum(dot(image, text_transformer(m, "", m.indices<"ids">(texts, tokens), embed)) * learnable_temperature(m));
  }
};
struct residual {
  static constexpr auto define(model& m) { return sum(modified_residual_network(m, "visual", pixels_of(m), embed)); }
};
struct siglip_towers {
  static constexpr auto define(model& m) {
    const auto image = siglip_vision_transformer(m, "visual.trunk", pixels_of(m), embed);
    return sum(dot(image, siglip_text_transformer(m, "text", m.indices<"ids">(texts, tokens), embed)) + learnable_bias(m));
  }
};

// The deviation of a tensor's entries from 0, and its largest entry.
struct spread {
  double deviation = 0, most = 0;
};

class started {
 public:
  template <class Model>
  explicit started(parameters<Model, double>& weights) : tensors_{weights.tensors()} {}

  void normal(const std::string& name, double deviation) const {
    CAPTURE(name);
    CHECK(of(name).deviation == doctest::Approx(deviation).epsilon(0.06));
    CHECK(of(name).most > 2 * deviation);
  }
  void uniform(const std::string& name, double bound) const {
    CAPTURE(name);
    CHECK(of(name).deviation == doctest::Approx(bound / std::numbers::sqrt3).epsilon(0.06));
    CHECK(of(name).most <= bound);
  }
  void constant(const std::string& name, double value) const {
    CAPTURE(name);
    CHECK(of(name).deviation == doctest::Approx(value).epsilon(1e-12));
    CHECK(of(name).most == doctest::Approx(value).epsilon(1e-12));
  }

 private:
  spread of(const std::string& name) const {
    const auto t = std::ranges::find(tensors_, name, &named_tensor<double>::name);
    REQUIRE(t != tensors_.end());
    spread s;
    for (const double v : t->values) s.deviation += v * v / static_cast<double>(t->values.size()), s.most = std::max(s.most, std::abs(v));
    s.deviation = std::sqrt(s.deviation);
    return s;
  }

  std::vector<named_tensor<double>> tensors_;
};

}  // namespace initialisation_test

using namespace initialisation_test;

TEST_CASE("CLIP's transformers start as OpenAI's") {
  parameters<clip, double> weights;
  weights.bind(1, height(64), columns(64), tokens(33), embed(100), image_tower::width(80), image_tower::patch(8), image_tower::layers(2),
               image_tower::heads(2), image_tower::hidden(320), text_tower::width(64), text_tower::vocabulary(500), text_tower::layers(8),
               text_tower::heads(2), text_tower::hidden(256));
  const started start{weights};
  start.normal("token_embedding.weight", 0.02);
  start.normal("positional_embedding", 0.01);
  start.normal("text_projection", 1. / 8);
  start.normal("transformer.resblocks.7.attn.in_proj_weight", 1. / 8);
  start.normal("transformer.resblocks.7.attn.out_proj.weight", 1. / 8 / 4);
  start.normal("transformer.resblocks.7.mlp.c_fc.weight", 1. / 8 / std::numbers::sqrt2);
  start.normal("transformer.resblocks.7.mlp.c_proj.weight", 1. / 8 / 4);
  start.normal("visual.proj", 1 / std::sqrt(80.));
  start.normal("visual.positional_embedding", 1 / std::sqrt(80.));
  start.uniform("visual.conv1.weight", 1 / std::sqrt(3. * 8 * 8));
  start.uniform("visual.transformer.resblocks.1.attn.in_proj_weight", std::sqrt(6. / (4 * 80)));
  start.uniform("visual.transformer.resblocks.1.attn.out_proj.weight", 1 / std::sqrt(80.));
  start.uniform("visual.transformer.resblocks.1.mlp.c_fc.weight", 1 / std::sqrt(80.));
  start.uniform("visual.transformer.resblocks.1.mlp.c_proj.weight", 1 / std::sqrt(320.));
  start.constant("transformer.resblocks.0.attn.in_proj_bias", 0);
  start.constant("visual.transformer.resblocks.1.attn.out_proj.bias", 0);
  start.constant("visual.ln_pre.weight", 1);
  start.constant("logit_scale", std::log(1 / 0.07));
}

TEST_CASE("CLIP's residual network starts as OpenAI's: every block as its shortcut") {
  parameters<residual, double> weights;
  weights.bind(1, height(128), columns(128), embed(100), residual_tower::width(16), residual_tower::heads(8), residual_tower::blocks_1(2),
               residual_tower::blocks_2(1), residual_tower::blocks_3(3), residual_tower::blocks_4(1));
  const started start{weights};
  start.uniform("visual.conv3.weight", 1 / std::sqrt(8. * 9));
  start.constant("visual.bn3.weight", 1);
  start.uniform("visual.layer3.2.conv2.weight", 1 / std::sqrt(64. * 9));
  start.uniform("visual.layer3.0.downsample.0.weight", 1 / std::sqrt(128.));
  start.constant("visual.layer3.0.downsample.1.weight", 1);
  start.constant("visual.layer1.0.bn2.weight", 1);
  start.constant("visual.layer1.0.bn3.weight", 0);
  start.constant("visual.layer1.1.bn3.weight", 0);
  start.constant("visual.layer4.0.bn3.running_var", 1);
  start.normal("visual.attnpool.positional_embedding", 1 / std::sqrt(512.));
  start.normal("visual.attnpool.q_proj.weight", 1 / std::sqrt(512.));
  start.normal("visual.attnpool.c_proj.weight", 1 / std::sqrt(512.));
  start.uniform("visual.attnpool.v_proj.bias", 1 / std::sqrt(512.));
}

TEST_CASE("SigLIP's towers start as in big_vision, its text tower as open_clip's") {
  parameters<siglip_towers, double> weights;
  weights.bind(1, height(32), columns(32), tokens(33), embed(80), image_tower::patch(4), image_tower::layers(2), image_tower::heads(2),
               image_tower::hidden(200), text_tower::width(64), text_tower::vocabulary(500), text_tower::layers(8), text_tower::heads(2),
               text_tower::hidden(256));
  const started start{weights};
  start.normal("visual.trunk.pos_embed", 1 / std::sqrt(80.));
  start.normal("visual.trunk.patch_embed.proj.weight", 1 / std::sqrt(3. * 4 * 4));
  start.uniform("visual.trunk.blocks.1.attn.qkv.weight", std::sqrt(6. / (80 + 80)));
  start.uniform("visual.trunk.blocks.1.attn.proj.weight", std::sqrt(6. / (80 + 80)));
  start.uniform("visual.trunk.blocks.1.mlp.fc1.weight", std::sqrt(6. / (80 + 200)));
  start.uniform("visual.trunk.attn_pool.kv.weight", std::sqrt(6. / (80 + 80)));
  start.uniform("visual.trunk.attn_pool.mlp.fc2.weight", std::sqrt(6. / (80 + 200)));
  start.constant("visual.trunk.attn_pool.kv.bias", 0);
  start.normal("text.transformer.resblocks.7.attn.in_proj_weight", 1. / 8);
  start.normal("text.text_projection.weight", 1. / 8);
  start.constant("text.text_projection.bias", 0);
}
