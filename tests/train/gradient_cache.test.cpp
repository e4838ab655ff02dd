// SPDX-License-Identifier: Apache-2.0
// A batch in parts against the same batch at once: loss, gradients, random state, and what is refused.
#include <akin/nn/layer_norm.hpp>
#include <akin/nn/text_transformer.hpp>
#include <akin/nn/vision_transformer.hpp>
#include <akin/train/gradient_cache.hpp>

#include "check_model.hpp"
#include "count_allocations.hpp"
#include "support/files.hpp"

using namespace akin;

namespace gradient_cache_test {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct channels : axis<"channels", 3> {} channels;
inline constexpr struct height : axis<"height"> {} height;
inline constexpr struct width : axis<"width"> {} width;
inline constexpr struct tokens : axis<"tokens"> {} tokens;
inline constexpr struct embed : axis<"embed"> {} embed;

constexpr auto image_features(model& m) { return vision_transformer(m, "visual", m.data<"pixels">(images, channels, height, width), embed); }
constexpr auto text_features(model& m) { return text_transformer(m, "", m.indices<"ids">(texts, tokens), embed); }
template <class X, class Y>
constexpr auto loss_of(model& m, expr<real, X> x, expr<real, Y> y) {
  return symmetric_cross_entropy(cosine(x, y) * learnable_temperature(m), paired(images, texts));
}

struct clip {
  static constexpr auto define(model& m) { return loss_of(m, image_features(m), text_features(m)); }
};
struct image_encoder {
  static constexpr auto define(model& m) { return image_features(m); }
};
struct text_encoder {
  static constexpr auto define(model& m) { return text_features(m); }
};
struct loss {
  static constexpr auto define(model& m) { return loss_of(m, m.input<"x">(images, embed), m.input<"y">(texts, embed)); }
};
using cached = gradient_cache<loss, akin_test::tested_backend, encoded<"x", image_encoder>, encoded<"y", text_encoder>>;
static_assert(some_program<cached>);

/// Dropout, a weight that both sides share, and an input without rows.
template <class Rows, text Input>
struct side {
  static constexpr auto define(model& m) {
    const auto x = m.data<Input>(Rows{}, embed) * m.data<"gain">(embed);
    return l2_normalize(dropout(tanh(x * m.parameter<"w">(initial::normal(1), embed)), 0.4), over(embed));
  }
};
using both_sides = gradient_cache<loss, reference_backend, encoded<"x", side<struct images, "a">>, encoded<"y", side<struct texts, "b">>>;

std::vector<float> normal_numbers(std::size_t count, std::uint64_t seed) {
  random_stream random{seed, 1};
  std::vector<float> all(count);
  for (float& x : all) x = static_cast<float>(random.normal());
  return all;
}

struct batch_of_seven {
  std::vector<float> pixels = normal_numbers(7 * 3 * 12 * 12, 3);
  std::vector<std::int32_t> ids = [] {
    std::vector<std::int32_t> all(7 * 5);
    for (std::size_t k = 0; k < all.size(); ++k) all[k] = static_cast<std::int32_t>((k * 7 + k / 5) % 19);
    return all;
  }();
  parameters<clip> weights;

  batch_of_seven() {
    namespace i = image_tower;
    namespace t = text_tower;
    weights.bind(5, channels(3), i::width(16), i::layers(2), i::hidden(32), i::patch(4), i::patch_columns(4), i::tokens(10), t::width(12), t::layers(2),
                 t::hidden(24), t::vocabulary(19), tokens(5), embed(6));
  }
};

}  // namespace gradient_cache_test

using namespace gradient_cache_test;

TEST_CASE("loss and gradients of a batch in parts are those of the whole") {
  batch_of_seven b;
  program<clip, akin_test::tested_backend> whole{b.weights};
  whole.bind(images(7), texts(7), height(12), width(12), image_tower::heads(2), text_tower::heads(2));
  whole.set<"pixels">(b.pixels);
  whole.set<"ids">(b.ids);
  const float expected = whole.forward();
  whole.backward();
  double largest = 0;
  for (const float g : whole.gradients()) largest = std::max(largest, std::abs(static_cast<double>(g)));

  cached step{b.weights};
  step.loss().bind(images(7), texts(7));
  for (const auto part : {1, 3, 7, 100}) {
    CAPTURE(part);
    step.encoder<"x">().bind(part, images(7), height(12), width(12), image_tower::heads(2));
    step.encoder<"y">().bind(2, texts(7), text_tower::heads(2));
    step.encoder<"x">().set<"pixels">(b.pixels);
    step.encoder<"y">().set<"ids">(b.ids);
    for (int run = 0; run < 2; ++run) {  // nothing is left of the run before
      CHECK(std::abs(step.forward() / expected - 1) <= 1e-6f);
      step.backward();
    }
    for (const auto& t : b.weights.tensors()) {
      CAPTURE(t.name);
      double own = 0, error = 0;
      for (std::size_t k = 0; k < t.values.size(); ++k) {
        const double g = static_cast<double>(whole.gradients()[static_cast<std::size_t>(t.offset) + k]);
        own = std::max(own, std::abs(g));
        error = std::max(error, std::abs(static_cast<double>(step.gradients()[static_cast<std::size_t>(t.offset) + k]) - g));
      }
      CHECK(error <= 1e-5 * own + 1e-7 * largest);
    }
  }
}

TEST_CASE("an optimiser takes a step in parts, which allocates nothing after the first") {
  batch_of_seven b;
  cached step{b.weights};
  step.loss().bind(images(7), texts(7));
  step.encoder<"x">().bind(1, images(7), height(12), width(12), image_tower::heads(2));
  step.encoder<"y">().bind(7, texts(7), text_tower::heads(2));
  adamw<float> optimizer{b.weights, {}};
  const auto one_step = [&] {
    step.encoder<"x">().set<"pixels">(b.pixels);
    step.encoder<"y">().set<"ids">(b.ids);
    const float value = step.forward_and_backward();
    optimizer.clip(step, 1);
    optimizer.step(step, 1e-2);
    clamp_temperature(step);
    return value;
  };
  const float first = one_step();
  one_step();
  if (akin_test::settings_share_bits && akin_test::uncounted().empty())  // a promise of the cpu backend
    CHECK(akin_test::allocations_of([&] { one_step(); }) == 0);
  for (int k = 0; k < 20; ++k) one_step();
  CHECK(one_step() < 0.5f * first);
}

TEST_CASE("dropout draws the same numbers in both runs: gradients are the loss's differences") {
  const std::vector<float> drawn = normal_numbers(5 * 6 * 2 + 12, 9);
  const std::vector<double> a(drawn.begin(), drawn.begin() + 30), b(drawn.begin() + 30, drawn.begin() + 60), gain(6, 1.5);
  struct whole {
    static constexpr auto define(model& m) { return loss_of(m, side<struct images, "a">::define(m), m.input<"y">(texts, embed)); }
  };
  parameters<whole, double> weights;
  weights.bind(4, embed(6));
  both_sides step{weights};
  step.loss().bind(images(5), texts(5));
  step.encoder<"x">().bind(2, images(5));
  step.encoder<"y">().bind(3, texts(5));
  step.encoder<"x">().set<"a">(a);
  step.encoder<"x">().set<"gain">(gain);
  step.encoder<"y">().set<"b">(b);
  step.encoder<"y">().set<"gain">(gain);
  step.seed(17);
  const double value = step.forward();
  step.backward();
  const std::vector<double> gradients(step.gradients().begin(), step.gradients().end());
  REQUIRE(gradients.size() == 7);  // w and the temperature
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    double& w = weights.values()[k];
    const double start = w, h = 1e-5;
    w = start + h;
    const double above = step.forward();
    w = start - h;
    const double below = step.forward();
    w = start;
    CAPTURE(k);
    CHECK(gradients[k] == doctest::Approx((above - below) / (2 * h)).epsilon(1e-7));
  }
  step.seed(18);
  CHECK(step.forward() != value);
}

TEST_CASE("mistakes are named") {
  batch_of_seven b;
  cached step{b.weights};
  auto& encoder = step.encoder<"x">();
  CHECK(sentence_of([&] { encoder.set<"pixels">(b.pixels); }) == "gradient_cache: set: the encoder is not bound");
  CHECK(sentence_of([&] { encoder.bind(0, images(7)); }) == "gradient_cache: a part of 0 examples: give at least 1");
  CHECK(sentence_of([&] { encoder.bind(2, height(12)); }) == "gradient_cache: bind: the whole batch needs an extent along axis 'images'");
  encoder.bind(2, images(7), height(12), width(12), image_tower::heads(2));
  CHECK(sentence_of([&] { encoder.set<"pixels">(std::span{b.pixels}.first(100)); }) ==
        "gradient_cache: set: input 'pixels' has 100 numbers, which are not 7 rows of images");
  CHECK(sentence_of([&] { step.forward(); }) == "forward: input 'pixels' is not set");
}
