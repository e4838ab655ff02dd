// SPDX-License-Identifier: Apache-2.0
// A public CLIP as it is downloaded: a folder with weights and, most of the time, a configuration.
#pragma once

#include <akin/clip/config.hpp>
#include <akin/clip/infer.hpp>
#include <akin/clip/presets.hpp>
#include <akin/clip/weights.hpp>
#include <akin/io/safetensors.hpp>
#include <akin/support/error.hpp>
#include <akin/support/fingerprint.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// The weights, mapped, and the architecture that they agree with.
struct clip_folder {
  clip_architecture architecture;
  safetensors_file weights;
};

/// errors: run time, where there is no such folder, or none that can be looked into
inline void require_folder(const std::string& folder) {
  std::error_code code;
  const bool is_there = std::filesystem::is_directory(folder, code);
  if (is_there) (void)std::filesystem::is_directory(folder + "/.", code);  // which needs the right to look into it
  const bool is_absent = code == std::errc::no_such_file_or_directory || code == std::errc::not_a_directory;
  if (code && !is_absent) fail("cannot look into the folder '", folder, "': ", code.message());
  if (!is_there) fail("there is no folder '", folder, "'");
}

namespace detail {

inline std::string existing_path(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  return std::filesystem::exists(path) ? path : std::string{};
}

inline std::string weights_path(const std::string& folder) {
  require_folder(folder);
  for (const char* const name : {"open_clip_model.safetensors", "model.safetensors"})
    if (const std::string path = existing_path(folder, name); !path.empty()) return path;
  fail("'", folder, "' has neither open_clip_model.safetensors nor model.safetensors");
}

/// The activation of weights without a configuration, where the file tells it.
inline activation told_activation(const safetensors_file& file) {
  if (is_from_openai(file)) return activation::gelu_quick;
  const auto written = file.metadata().find("activation");
  for (const auto function : {activation::gelu_exact, activation::gelu_tanh, activation::gelu_quick})
    if (written != file.metadata().end() && written->second == name_of(function)) return function;
  fail("weights: '", file.path(),
       "' does not say whether its towers compute GELU or QuickGELU: put open_clip_config.json or config.json beside it");
}

/// config.json is transformers' only where it names a model_type: timm's folders have another file of this name.
inline bool is_transformers_clip(const std::string& path) {
  const json_values values = read_json(path);
  const auto type = values.find("model_type");
  return type != values.end() && type->second == json_value{std::string{"clip"}};
}

inline clip_architecture folder_architecture(const std::string& folder, const safetensors_file& weights) {
  std::string one = existing_path(folder, "open_clip_config.json"), other = existing_path(folder, "config.json");
  if (one.empty() && other.empty()) return infer_clip_architecture(weights, told_activation(weights));
  if (names_of(weights) == weight_names::transformers || one.empty()) std::swap(one, other);
  if (one.empty()) std::swap(one, other);
  const clip_architecture a = read_clip_config(one);
  if (!other.empty() && (other.ends_with("open_clip_config.json") || is_transformers_clip(other)))
    check_same(a, "'" + one + "'", read_clip_config(other), "'" + other + "'");
  return a;
}

}  // namespace detail

/// Opens open_clip_model.safetensors or model.safetensors in a folder. The architecture is that of open_clip_config.json or
/// config.json, whichever belongs to the weights' names; without either it is inferred, as OpenAI's files need.
/// errors: run time, one sentence: no weights there; two configurations that differ (both values are named); tensors that the
///         architecture does not have, or an activation that the weights were not trained with
inline clip_folder open_clip_folder(const std::string& folder) {
  safetensors_file weights{detail::weights_path(folder)};
  const clip_architecture a = detail::folder_architecture(folder, weights);
  check_tensors(weights, layout_of(a, names_of(weights)));
  check_activation(weights, a);
  return {a, std::move(weights)};
}

/// What a model's embeddings are kept under: its architecture's name, and a sum of the architecture and the weights, so that moving
/// the folder changes nothing, and training or another number of heads does.
/// cost: reads every weight once
inline std::string identity_of(const clip_folder& model) {
  const clip_architecture& a = model.architecture;
  std::vector<std::uint64_t> sums{static_cast<std::uint64_t>(a.family)};
  for_each_activation(a, [&](std::string_view, activation function) { sums.push_back(static_cast<std::uint64_t>(function)); });
  for_each_size(a, [&](std::string_view, std::int64_t size, std::int64_t) { sums.push_back(static_cast<std::uint64_t>(size)); });
  for (const tensor_entry& tensor : model.weights.tensors()) sums.push_back(fingerprint(tensor.bytes));
  return name_of(a) + ' ' + fingerprint_text(std::as_bytes(std::span(sums)));
}

/// How cosines become logits: cosine * scale + bias.
struct logit_scale {
  double scale = 1, bias = 0;
};

/// The scale of a model's logits, which its file holds as a logarithm; a bias where it has one, as SigLIP has.
inline logit_scale read_logit_scale(const safetensors_file& weights) {
  const auto number = [&](const char* name) { return static_cast<double>(weights.read<float>(name).at(0)); };
  return {std::exp(number("logit_scale")), weights.find("logit_bias") != nullptr ? number("logit_bias") : 0};
}

}  // namespace akin::inline v0
