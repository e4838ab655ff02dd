// SPDX-License-Identifier: Apache-2.0
// What another program computed in training a model, against what akin computes: loss, gradients, steps.
#pragma once

#include "golden_folder.hpp"
#include "public_model.hpp"
#include "tower.hpp"

#include <akin/train/optimizer.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace clip_program {

/// A model with the folder's weights on the cpu backend, as it is trained: batch normalisation computes other values there.
template <class Model>
class training_verification {
 public:
  /// `extents` are those of both towers.
  template <class... Extents>
  training_verification(const golden_folder& golden, const threads& pool, const std::tuple<Extents...>& extents)
      : golden_{golden}, training_{weights_, pool} {
    std::apply(
        [&](const auto&... given) {
          training_.bind(public_clip::images(golden.pixels.shape[0]), public_clip::texts(golden.ids_shape[0]),
                         public_clip::embed(golden.model.architecture.embed), given...);
        },
        extents);
    training_.template set<"pixels">(golden.pixels.values);
    training_.template set<"ids">(golden.ids);
    akin::load_clip_weights(golden.model.weights, golden.model.architecture, weights_);
  }

  std::vector<comparison> run() {
    compare_loss();
    compare_gradients();
    compare_steps();
    return std::move(report_);
  }

 private:
  using tensor = akin::named_tensor<float>;

  std::vector<double> tensor_of(const akin::safetensors_file& file, const tensor& t) const {
    const auto numbers = file.read<float>(akin::open_clip_name(t.name, akin::names_of(golden_.model.weights)));
    if (numbers.size() != t.values.size())
      akin::fail("'", file.path(), "': the tensor '", t.name, "' has ", numbers.size(), " numbers, expected ", t.values.size());
    return doubles(numbers);
  }

  void compare_loss() {
    if (!golden_.has("loss.npy")) return;
    const double expected = golden_.numbers("loss.npy", {}).at(0),
                 absolute = std::abs(static_cast<double>(training_.forward()) - expected);
    report_.push_back(
        {"loss.npy", absolute, absolute / std::abs(expected), "1e-6 of the loss", absolute <= 1e-6 * std::abs(expected)});
  }

  /// A tensor's gradient may differ by 2e-5 of its own largest entry and 1e-7 of the largest of all: 2e-5 of their weighted sum.
  void compare_gradients() {
    if (!golden_.has("gradients.safetensors")) return;
    training_.forward();
    training_.backward();
    const auto file = golden_.tensors("gradients.safetensors");
    double of_all = 0;
    for (const auto& t : weights_.tensors())
      if (trained(t)) of_all = std::max(of_all, largest(tensor_of(file, t)));
    comparison c{"gradients.safetensors", 0, 0, "2e-5 of a tensor's largest entry, 1e-7 of all", true};
    for (const auto& t : weights_.tensors()) {
      if (!trained(t)) continue;
      const auto expected = tensor_of(file, t);
      const auto got = doubles(training_.gradients().subspan(static_cast<std::size_t>(t.offset), t.values.size()));
      const double absolute = furthest(got, expected), scale = largest(expected) + 5e-3 * of_all;
      c.absolute = std::max(c.absolute, absolute);
      c.relative = std::max(c.relative, absolute == 0 ? 0 : absolute / scale);
    }
    c.passed = c.relative <= 2e-5;
    report_.push_back(c);
  }

  /// Eight steps of AdamW on the one batch, from the weights of the file.
  void compare_steps() {
    if (!golden_.has("losses.npy")) return;
    akin::load_clip_weights(golden_.model.weights, golden_.model.architecture, weights_);
    akin::adamw<float> optimizer{weights_, {0.9, 0.98, 1e-6, 0.2, akin::decay_policy::legacy}};
    comparison c{"losses.npy", 0, 0, "1e-5 of each loss", false};
    for (const double expected : golden_.numbers("losses.npy", std::vector<std::int64_t>{8})) {
      const double absolute = std::abs(static_cast<double>(training_.forward()) - expected);
      c.absolute = std::max(c.absolute, std::isnan(absolute) ? INFINITY : absolute);
      c.relative = std::max(c.relative, std::isnan(absolute) ? INFINITY : absolute / std::abs(expected));
      training_.backward();
      optimizer.step(training_.gradients(), 1e-3);
      akin::clamp_temperature(weights_);
    }
    c.passed = c.relative <= 1e-5;
    report_.push_back(c);
    if (golden_.has("after.safetensors")) compare_weights(golden_.tensors("after.safetensors"));
  }

  /// The way that the weights went: the difference's root mean square against the way's, over all tensors together and in each.
  void compare_weights(const akin::safetensors_file& after) {
    comparison c{"after.safetensors", 0, 0, "2e-3 of the way (one tensor: 3e-2)", true};
    double all_error = 0, all_way = 0;
    const auto before = akin::read_clip_tensors(golden_.model.weights, golden_.model.architecture);
    for (const auto& t : weights_.tensors()) {
      const auto expected = tensor_of(after, t);
      const auto& entry = *std::ranges::find(before.entries, t.name, &akin::tensor_entry::name);
      std::vector<float> from(expected.size());
      akin::read_entry<float>(entry, from, golden_.model.weights.path());
      double error = 0, way = 0;
      for (std::size_t k = 0; k < expected.size(); ++k) {
        if (is_key_bias(t.name, k, expected.size())) continue;
        const double difference = static_cast<double>(t.values[k]) - expected[k],
                     step = expected[k] - static_cast<double>(from[k]);
        c.absolute = std::max(c.absolute, std::isnan(difference) ? INFINITY : std::abs(difference));
        error += difference * difference;
        way += step * step;
      }
      c.passed = c.passed && std::sqrt(error) <= 3e-2 * std::sqrt(way);
      all_error += error, all_way += way;
    }
    c.relative = std::sqrt(all_error / all_way);
    c.passed = c.passed && c.relative <= 2e-3;
    report_.push_back(c);
  }

  static bool trained(const tensor& t) { return t.role == akin::named_value::role_kind::parameter; }
  /// Softmax does not see the biases of keys: their gradients are rounding, of which Adam makes whole steps.
  static bool is_key_bias(std::string_view name, std::size_t k, std::size_t size) {
    const bool joined = name.ends_with("in_proj_bias") || name.ends_with("qkv.bias");
    return name.ends_with("k_proj.bias") || (joined && 3 * k / size == 1);
  }

  const golden_folder& golden_;
  akin::parameters<Model> weights_;
  akin::program<Model, akin::cpu_backend> training_;
  std::vector<comparison> report_;
};

/// What verify_training of a family does; Model is of public_clip, `vision` its image tower's extents.
template <class Model, class... Extents>
std::vector<comparison> verify_training(const golden_folder& golden, const threads& pool, const std::tuple<Extents...>& vision) {
  if (!golden.has("loss.npy") && !golden.has("gradients.safetensors") && !golden.has("losses.npy")) return {};
  return training_verification<Model>{golden, pool, std::tuple_cat(vision, public_clip::text_extents(golden.model.architecture))}
      .run();
}

}  // namespace clip_program
