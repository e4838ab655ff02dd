// SPDX-License-Identifier: Apache-2.0
// A whole CLIP against open_clip: features, logits, loss, and the gradient of every tensor, on both backends.
#include "tested_backend.hpp"

#include <akin/io/npy.hpp>
#include <akin/io/safetensors.hpp>
#include <akin/nn/text_transformer.hpp>
#include <akin/nn/vision_transformer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <string>
#include <vector>

using namespace akin;

namespace clip_vit {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct logit_rows : axis<"logit rows"> {} logit_rows;  // images under a name that may be stored beside texts
inline constexpr struct channels : axis<"channels", 3> {} channels;
inline constexpr struct height : axis<"height"> {} height;
inline constexpr struct width : axis<"width"> {} width;
inline constexpr struct tokens : axis<"tokens"> {} tokens;
inline constexpr struct embed : axis<"embed"> {} embed;

template <class Activation>
struct clip {
  static constexpr auto define(model& m) {
    const auto image = vision_transformer(m, "visual", m.data<"pixels">(images, channels, height, width), embed, Activation{});
    const auto text = text_transformer(m, "", m.indices<"ids">(texts, tokens), embed, Activation{});
    m.output<"image_features">(image);
    m.output<"text_features">(text);

    const auto temperature = learnable_temperature(m);
    const auto i = l2_normalize(image);
    const auto t = l2_normalize(text);
    m.output<"logits">(dot(rename(i, images, logit_rows), t) * temperature);
    return symmetric_cross_entropy(dot(i, t) * temperature, paired(images, texts));
  }
};
struct clip_gelu : clip<gelu_function> {};
struct clip_quick_gelu : clip<quick_gelu_function> {};

struct sizes {
  int heads, text_heads;
};

double largest(const std::vector<double>& x) {
  double most = 0;
  for (const double v : x) most = std::max(most, std::abs(v));
  return most;
}

template <class Numbers>
double furthest(const Numbers& got, const std::vector<double>& expected) {
  double most = 0;
  for (std::size_t k = 0; k < expected.size(); ++k) {
    const double d = std::abs(static_cast<double>(got[k]) - expected[k]);
    most = std::isnan(d) ? INFINITY : std::max(most, d);
  }
  return most;
}

std::vector<double> as_double(const std::vector<float>& x) { return {x.begin(), x.end()}; }

std::vector<double> read_reals(const std::string& path) {
  return as_double(read_npy<float>(path).values);
}

template <class Model, class Backend>
void agrees_with_open_clip(const std::string& name, sizes given) {
  using real = typename Backend::real;
  const std::string folder = std::string(AKIN_GOLDEN_DIR) + "/models/" + name + "/";
  const safetensors_file weights{folder + "open_clip_model.safetensors"}, gradients{folder + "gradients.safetensors"};
  const auto extent_of = [&](const char* tensor, std::size_t k) { return weights.find(tensor)->shape.at(k); };
  const auto layers = [&](const std::string& prefix) {
    std::int64_t count = 0;
    while (weights.find(prefix + std::to_string(count) + ".ln_1.weight")) ++count;
    return count;
  };
  const auto pixels = read_npy<float>(folder + "images.npy");
  const auto ids = read_npy<std::int64_t>(folder + "tokens.npy");

  parameters<Model, real> own;
  program<Model, Backend> p{own};
  p.bind(images(pixels.shape[0]), height(pixels.shape[2]), width(pixels.shape[3]), texts(ids.shape[0]), tokens(ids.shape[1]),
         embed(extent_of("text_projection", 1)), image_tower::width(extent_of("visual.proj", 0)),
         image_tower::patch(extent_of("visual.conv1.weight", 2)), image_tower::layers(layers("visual.transformer.resblocks.")),
         image_tower::heads(given.heads), image_tower::hidden(extent_of("visual.transformer.resblocks.0.mlp.c_fc.weight", 0)),
         text_tower::width(extent_of("text_projection", 0)), text_tower::vocabulary(extent_of("token_embedding.weight", 0)),
         text_tower::layers(layers("transformer.resblocks.")), text_tower::heads(given.text_heads),
         text_tower::hidden(extent_of("transformer.resblocks.0.mlp.c_fc.weight", 0)));

  auto tensors = own.tensors();
  CHECK(tensors.size() == weights.tensors().size());  // none is missing, none is left
  for (auto& t : tensors) {
    CAPTURE(t.name);
    REQUIRE(weights.find(t.name) != nullptr);
    CHECK(weights.find(t.name)->shape == t.shape);
    std::ranges::copy(weights.read<float>(t.name), t.values.begin());
  }
  const std::vector<real> x{pixels.values.begin(), pixels.values.end()};
  std::vector<std::int32_t> i{ids.values.begin(), ids.values.end()};
  p.template set<"pixels">(x);
  p.template set<"ids">(i);

  const double loss = static_cast<double>(p.forward()), expected_loss = static_cast<double>(read_npy<float>(folder + "loss.npy").values.at(0));
  MESSAGE(name << " loss " << loss << ", relative error " << std::abs(loss / expected_loss - 1));
  CHECK(std::abs(loss / expected_loss - 1) < 1e-6);

  const auto check_value = [&](const std::string& what, auto value, bool relative, double tolerance) {
    const auto expected = read_reals(folder + what + ".npy");
    REQUIRE(value.size() == static_cast<std::int64_t>(expected.size()));
    const double error = furthest(value.data, expected) / (relative ? largest(expected) : 1);
    MESSAGE(name << " " << what << ": error " << error);
    CHECK(error < tolerance);
  };
  check_value("image_features", p.template value<"image_features">(), true, 5e-6);
  check_value("text_features", p.template value<"text_features">(), true, 5e-6);
  check_value("logits", p.template value<"logits">(), false, 2e-5);

  p.backward();
  double of_all = 0, worst = 0;
  for (const auto& t : tensors) of_all = std::max(of_all, largest(as_double(gradients.read<float>(t.name))));
  std::string at;
  for (const auto& t : tensors) {
    CAPTURE(t.name);
    const auto expected = as_double(gradients.read<float>(t.name));
    const double error = furthest(p.gradients().subspan(static_cast<std::size_t>(t.offset)), expected), allowed = 2e-5 * largest(expected) + 1e-7 * of_all;
    CAPTURE(error);
    CAPTURE(largest(expected));
    CHECK(error <= allowed);
    if (error / allowed > worst) worst = error / allowed, at = t.name;
  }
  MESSAGE(name << " gradients: " << tensors.size() << " tensors, worst " << worst << " of what is allowed, at " << at);

  // The end of a text is the first place of its largest id, and no token sees a later one: padding may be anything.
  const auto end = *std::ranges::max_element(i);
  for (auto text = i.begin(); text != i.end(); text += ids.shape[1]) std::fill(std::find(text, text + ids.shape[1], end), text + ids.shape[1], end);
  const auto features = p.template value<"text_features">();
  const std::vector<real> before{features.data, features.data + features.size()};
  p.forward();
  CHECK(std::ranges::equal(before, std::span{p.template value<"text_features">().data, before.size()}));
}

// The root of the mean square of a tensor's entries, and its largest entry.
struct spread {
  double deviation = 0, most = 0;
};
template <class Store>
spread spread_of(Store& weights, const std::string& name) {
  spread s;
  for (const auto& each : weights.tensors())
    if (each.name == name)
      for (const double v : each.values) s.deviation += v * v / static_cast<double>(each.values.size()), s.most = std::max(s.most, std::abs(v));
  s.deviation = std::sqrt(s.deviation);
  return s;
}

}  // namespace clip_vit

using namespace clip_vit;

TEST_CASE("a CLIP with GELU agrees with open_clip, reference backend") { agrees_with_open_clip<clip_gelu, reference_backend>("vit", {2, 4}); }
TEST_CASE("a CLIP with GELU agrees with open_clip, tested backend") { agrees_with_open_clip<clip_gelu, akin_test::tested_backend>("vit", {2, 4}); }
TEST_CASE("a CLIP with QuickGELU agrees with open_clip, reference backend") {
  agrees_with_open_clip<clip_quick_gelu, reference_backend>("vit_quick_gelu", {2, 2});
}

TEST_CASE("weights start as in OpenAI's CLIP") {
  parameters<clip_gelu, double> weights;
  weights.bind(1, height(64), clip_vit::width(64), tokens(33), embed(100), image_tower::width(80), image_tower::patch(8),
               image_tower::layers(2), image_tower::heads(2), image_tower::hidden(320), text_tower::width(64), text_tower::vocabulary(500), text_tower::layers(8), text_tower::heads(2), text_tower::hidden(256));
  const auto normal = [&](const char* name, double deviation) {
    CAPTURE(name);
    const auto s = spread_of(weights, name);
    CHECK(s.deviation == doctest::Approx(deviation).epsilon(0.06));
    CHECK(s.most > 2 * deviation);
  };
  const auto uniform = [&](const char* name, double bound) {
    CAPTURE(name);
    const auto s = spread_of(weights, name);
    CHECK(s.deviation == doctest::Approx(bound / std::numbers::sqrt3).epsilon(0.06));
    CHECK(s.most <= bound);
  };
  const auto constant = [&](const char* name, double value) { CHECK(spread_of(weights, name).deviation == doctest::Approx(value).epsilon(1e-12)); };
  normal("token_embedding.weight", 0.02);
  normal("positional_embedding", 0.01);
  normal("text_projection", 1. / 8);
  normal("transformer.resblocks.7.attn.in_proj_weight", 1. / 8);
  normal("transformer.resblocks.7.attn.out_proj.weight", 1. / 8 / 4);
  normal("transformer.resblocks.7.mlp.c_fc.weight", 1. / 8 / std::numbers::sqrt2);
  normal("transformer.resblocks.7.mlp.c_proj.weight", 1. / 8 / 4);
  normal("visual.proj", 1 / std::sqrt(80.));
  normal("visual.positional_embedding", 1 / std::sqrt(80.));
  uniform("visual.conv1.weight", 1 / std::sqrt(3. * 8 * 8));
  uniform("visual.transformer.resblocks.1.attn.in_proj_weight", std::sqrt(6. / (4 * 80)));
  uniform("visual.transformer.resblocks.1.attn.out_proj.weight", 1 / std::sqrt(80.));
  uniform("visual.transformer.resblocks.1.mlp.c_fc.weight", 1 / std::sqrt(80.));
  uniform("visual.transformer.resblocks.1.mlp.c_proj.weight", 1 / std::sqrt(320.));
  constant("transformer.resblocks.0.attn.in_proj_bias", 0);
  constant("visual.transformer.resblocks.1.attn.out_proj.bias", 0);
  constant("visual.ln_pre.weight", 1);
  constant("logit_scale", std::log(1 / 0.07));
}
