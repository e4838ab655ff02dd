// SPDX-License-Identifier: Apache-2.0
// Checkpoints in safetensors: weights under their public names, the optimiser's moments beside them, everything else as metadata.
#pragma once

#include <akin/io/safetensors.hpp>
#include <akin/train/optimizer.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace akin::inline v0 {

/// A series of numbers that is kept with the weights: the history of the loss, for instance.
struct kept_series {
  std::string name;
  std::vector<std::int64_t> shape;
  std::span<const float> values;
};

/// Writes weights, moments and series to a temporary file, syncs it and renames it over `path`: a reader finds the old file or the new one.
/// errors: run time, naming the file: a folder that is missing, a disk that is full
inline void save_checkpoint(const std::string& path, parameter_store<float>& weights, adamw<float>& optimizer, std::span<const kept_series> series, std::map<std::string, std::string> metadata) {
  std::vector<tensor_to_write> all;
  const auto tensors = weights.tensors();
  for (const auto& t : tensors) {
    const auto part = [&](std::span<float> flat) { return std::span<const float>{flat.subspan(static_cast<std::size_t>(t.offset), t.values.size())}; };
    all.push_back(make_entry<float>(t.name, t.shape, t.values));
    if (t.role != named_value::role_kind::parameter) continue;
    all.push_back(make_entry<float>("optimizer.first_moment." + t.name, t.shape, part(optimizer.first_moment())));
    all.push_back(make_entry<float>("optimizer.second_moment." + t.name, t.shape, part(optimizer.second_moment())));
  }
  for (const auto& s : series) all.push_back(make_entry<float>(s.name, s.shape, s.values));
  metadata["optimizer.steps"] = std::to_string(optimizer.steps());
  write_safetensors(path, all, metadata);
}

/// The metadata value of this name.
/// errors: run time, naming the file and the value that it lacks
inline const std::string& metadata_of(const safetensors_file& file, const std::string& name) {
  const auto place = file.metadata().find(name);
  if (place == file.metadata().end()) fail("checkpoint: '", file.path(), "' has no metadata '", name, "': it was not written by this program");
  return place->second;
}

/// The same as a number.
/// errors: run time, naming the file, the name and the text that is no number
inline double metadata_number(const safetensors_file& file, const std::string& name) {
  const auto& text = metadata_of(file, name);
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc{} || end.ptr != text.data() + text.size()) fail("checkpoint: '", file.path(), "': metadata '", name, "' is '", text, "', expected a number");
  return value;
}

/// Fills `to` from the tensor of this name.
/// errors: run time, naming the tensor: one that is missing, misshapen (with both shapes), or has numbers that are not finite
inline void read_kept(const safetensors_file& file, const std::string& name, const std::vector<std::int64_t>& shape, std::span<float> to) {
  const tensor_entry* entry = file.find(name);
  if (!entry) fail("checkpoint: '", file.path(), "' has no tensor '", name, "' ", shape_text(shape));
  if (entry->shape != shape) fail("checkpoint: '", file.path(), "': tensor '", name, "' has shape ", shape_text(entry->shape), ", expected ", shape_text(shape));
  file.read<float>(name, to);
  for (const float x : to)
    if (!std::isfinite(x)) fail("checkpoint: '", file.path(), "': tensor '", name, "' has numbers that are not finite");
}

/// Fills every weight from the tensor of its name.
/// errors: as read_kept
inline void load_weights(const safetensors_file& file, parameter_store<float>& weights) {
  for (auto& t : weights.tensors()) read_kept(file, t.name, t.shape, t.values);
}

/// Fills weights and moments, so that training goes on with the same bits.
/// errors: as read_kept; moments of a tensor that the weights lack: the file is of another model
inline void load_training_state(const safetensors_file& file, parameter_store<float>& weights, adamw<float>& optimizer) {
  const auto tensors = weights.tensors();
  constexpr std::string_view moment = "optimizer.first_moment.";
  for (const auto& kept : file.tensors())
    if (kept.name.starts_with(moment) && std::none_of(tensors.begin(), tensors.end(), [&](const auto& t) { return kept.name.substr(moment.size()) == t.name; }))
      fail("checkpoint: '", file.path(), "' has the tensor '", kept.name.substr(moment.size()), "', which the model lacks");
  load_weights(file, weights);
  for (const auto& t : tensors) {
    if (t.role != named_value::role_kind::parameter) continue;
    const auto part = [&](std::span<float> flat) { return flat.subspan(static_cast<std::size_t>(t.offset), t.values.size()); };
    read_kept(file, std::string{moment} + t.name, t.shape, part(optimizer.first_moment()));
    read_kept(file, "optimizer.second_moment." + t.name, t.shape, part(optimizer.second_moment()));
  }
  optimizer.set_steps(static_cast<std::int64_t>(metadata_number(file, "optimizer.steps")));
}

}  // namespace akin::inline v0
