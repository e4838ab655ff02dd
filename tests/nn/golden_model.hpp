// SPDX-License-Identifier: Apache-2.0
// A whole CLIP against open_clip: features, logits, loss, the gradient of every tensor, and eight steps of AdamW. In fp32 PyTorch itself is
// 5 to 30 times closer to its double precision than the tolerances here.
#pragma once

#include "tested_backend.hpp"

#include <akin/io/npy.hpp>
#include <akin/io/safetensors.hpp>
#include <akin/train/optimizer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace akin_test {

// The axes that every model here has.
inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct logit_rows : akin::axis<"logit rows"> {} logit_rows;  // images under a name that may be stored beside texts
inline constexpr struct channels : akin::axis<"channels", 3> {} channels;
inline constexpr struct height : akin::axis<"height"> {} height;
inline constexpr struct width : akin::axis<"width"> {} width;
inline constexpr struct tokens : akin::axis<"tokens"> {} tokens;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

constexpr auto pixels_of(akin::model& m) { return m.data<"pixels">(images, channels, height, width); }
constexpr auto ids_of(akin::model& m) { return m.indices<"ids">(texts, tokens); }

/// Names what open_clip's files hold of a model, and returns the scaled cosines of all pairs.
template <class Image, class Text, class Scale>
constexpr auto logits_of(akin::model& m, Image image, Text text, Scale scale) {
  m.output<"image_features">(image);
  m.output<"text_features">(text);
  const auto i = l2_normalize(image);
  const auto t = l2_normalize(text);
  m.output<"logits">(scale(dot(rename(i, images, logit_rows), t)));
  return scale(dot(i, t));
}

/// The directory of a golden model, and the extents that its tensors tell.
class golden_files {
 public:
  explicit golden_files(const std::string& name)
      : folder_{std::string{AKIN_GOLDEN_DIR} + "/models/" + name + "/"},
        weights{folder_ + "open_clip_model.safetensors"},
        gradients{folder_ + "gradients.safetensors"},
        pixels{akin::read_npy<float>(folder_ + "images.npy")},
        ids{akin::read_npy<std::int64_t>(folder_ + "tokens.npy")} {}

  std::int64_t extent_of(std::string_view tensor, std::size_t place) const {
    REQUIRE(weights.find(tensor) != nullptr);
    return weights.find(tensor)->shape.at(place);
  }
  /// How many of prefix0suffix, prefix1suffix, ... there are.
  std::int64_t count(const std::string& prefix, const std::string& suffix) const {
    std::int64_t n = 0;
    while (weights.find(prefix + std::to_string(n) + suffix)) ++n;
    return n;
  }
  std::vector<double> reals(const std::string& what) const { return as_double(akin::read_npy<float>(folder_ + what + ".npy").values); }
  static std::vector<double> tensor(const akin::safetensors_file& file, const std::string& name) { return as_double(file.read<float>(name)); }
  akin::safetensors_file after() const { return akin::safetensors_file{folder_ + "after.safetensors"}; }

 private:
  static std::vector<double> as_double(const std::vector<float>& x) { return {x.begin(), x.end()}; }

  std::string folder_;

 public:
  akin::safetensors_file weights, gradients;
  akin::npy_array<float> pixels;
  akin::npy_array<std::int64_t> ids;
};

inline double largest(std::span<const double> x) {
  double most = 0;
  for (const double v : x) most = std::max(most, std::abs(v));
  return most;
}

template <class Numbers>
double furthest(const Numbers& got, std::span<const double> expected) {
  double most = 0;
  for (std::size_t k = 0; k < expected.size(); ++k) {
    const double d = std::abs(static_cast<double>(got[k]) - expected[k]);
    most = std::isnan(d) ? std::numeric_limits<double>::infinity() : std::max(most, d);
  }
  return most;
}

/// A model with open_clip's weights on a backend, and what is to agree. The batch, the pixels and the ids are those of the files.
template <class Model, class Backend>
class golden_model {
 public:
  using real = typename Backend::real;

  template <class... Extents>
  explicit golden_model(const golden_files& files, const Extents&... given)
      : files_{files}, pixels_{files.pixels.values.begin(), files.pixels.values.end()}, ids_{files.ids.values.begin(), files.ids.values.end()} {
    const auto bind = [&](auto& program) {
      program.bind(images(files.pixels.shape[0]), height(files.pixels.shape[2]), width(files.pixels.shape[3]), texts(files.ids.shape[0]),
                   tokens(files.ids.shape[1]), given...);
      program.template set<"pixels">(pixels_);
      program.template set<"ids">(ids_);
    };
    bind(training_);
    bind(evaluation_);
    load();
  }

  /// Features to 5e-6 of their largest entry, logits to 2e-5: what a model in evaluation computes.
  void check_features() {
    evaluation_.forward();
    check_value("image_features", evaluation_.template value<"image_features">(), 5e-6, true);
    check_value("text_features", evaluation_.template value<"text_features">(), 5e-6, true);
    check_value("logits", evaluation_.template value<"logits">(), 2e-5, false);
  }

  /// The loss to 1e-6, every gradient to 2e-5 of its own largest entry and 1e-7 of the largest of all.
  void check_loss_and_gradients() {
    check_loss(static_cast<double>(training_.forward()), files_.reals("loss").at(0), 1e-6);
    training_.backward();
    double of_all = 0, worst = 0;
    std::string at;
    for (const auto& t : weights_.tensors())
      if (trained(t)) of_all = std::max(of_all, largest(files_.tensor(files_.gradients, t.name)));
    for (const auto& t : weights_.tensors()) {
      if (!trained(t)) continue;
      CAPTURE(t.name);
      const auto expected = files_.tensor(files_.gradients, t.name);
      const double allowed = 2e-5 * largest(expected) + 1e-7 * of_all;
      const double error = furthest(training_.gradients().subspan(static_cast<std::size_t>(t.offset)), expected) / allowed;
      CHECK(error <= 1);
      if (error > worst) worst = error, at = t.name;
    }
    MESSAGE("gradients: worst " << worst << " of what is allowed, at " << at);
  }

  /// Eight steps of AdamW on the one batch: losses to 1e-5; of the weights' way the root of the mean square differs by 2e-3, in one tensor by 3e-2.
  void check_steps() {
    load();
    akin::adamw<real> optimizer{weights_, {0.9, 0.98, 1e-6, 0.2, akin::decay_policy::legacy}};
    for (const double expected : files_.reals("losses")) {
      check_loss(static_cast<double>(training_.forward()), expected, 1e-5);
      training_.backward();
      optimizer.step(training_.gradients(), 1e-3);
      akin::clamp_temperature(weights_);
    }
    const auto after = files_.after();
    double error = 0, way = 0, worst = 0;
    std::string at;
    for (const auto& t : weights_.tensors()) {
      CAPTURE(t.name);
      const auto [e, w] = error_and_way(t, files_.tensor(files_.weights, t.name), files_.tensor(after, t.name));
      CHECK(std::sqrt(e) <= 3e-2 * std::sqrt(w));
      if (w > 0 && e / w > worst) worst = e / w, at = t.name;
      error += e, way += w;
    }
    CHECK(std::sqrt(error / way) <= 2e-3);
    MESSAGE("after eight steps: " << std::sqrt(error / way) << " of the way, worst " << std::sqrt(worst) << " at " << at);
  }

  akin::program<Model, Backend, akin::mode::evaluation>& evaluation() { return evaluation_; }
  std::span<std::int32_t> ids() { return ids_; }

 private:
  using tensor = akin::named_tensor<real>;
  static bool trained(const tensor& t) { return t.role == akin::named_value::role_kind::parameter; }

  // Every tensor is in the file and none is left, but for the counters of PyTorch's batch normalisation.
  void load() {
    auto tensors = weights_.tensors();
    for (auto& t : tensors) {
      CAPTURE(t.name);
      REQUIRE(files_.weights.find(t.name) != nullptr);
      REQUIRE(files_.weights.find(t.name)->shape == t.shape);
      std::ranges::copy(files_.weights.template read<float>(t.name), t.values.begin());
    }
    const auto counts = [](const akin::tensor_entry& t) { return t.name.ends_with("num_batches_tracked"); };
    CHECK(static_cast<std::ptrdiff_t>(tensors.size()) == std::ranges::count_if(files_.weights.tensors(), [&](const auto& t) { return !counts(t); }));
  }

  void check_loss(double got, double expected, double tolerance) {
    CAPTURE(got);
    CAPTURE(expected);
    CHECK(std::abs(got / expected - 1) <= tolerance);
  }

  void check_value(const std::string& what, akin::view<const real> value, double tolerance, bool relative) {
    const auto expected = files_.reals(what);
    CAPTURE(what);
    REQUIRE(value.size() == static_cast<std::int64_t>(expected.size()));
    const double error = furthest(value.data, expected) / (relative ? largest(expected) : 1);
    CHECK(error <= tolerance);
    MESSAGE(what << ": " << error);
  }

  struct squares {
    double error = 0, way = 0;
  };
  // Biases of keys are left out: softmax does not see them, so that their gradients are rounding, of which Adam makes whole steps.
  static squares error_and_way(const tensor& t, std::span<const double> before, std::span<const double> after) {
    const bool joined = t.name.ends_with("in_proj_bias") || t.name.ends_with("qkv.bias"), alone = t.name.ends_with("k_proj.bias");
    squares s;
    for (std::size_t k = 0; k < after.size(); ++k) {
      if (alone || (joined && k * 3 / after.size() == 1)) continue;
      const double error = static_cast<double>(t.values[k]) - after[k], way = after[k] - before[k];
      s.error += error * error;
      s.way += way * way;
    }
    return s;
  }

  const golden_files& files_;
  std::vector<real> pixels_;
  std::vector<std::int32_t> ids_;
  akin::parameters<Model, real> weights_;
  akin::program<Model, Backend> training_{weights_};
  akin::program<Model, Backend, akin::mode::evaluation> evaluation_{weights_};
};

}  // namespace akin_test
