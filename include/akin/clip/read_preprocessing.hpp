// SPDX-License-Identifier: Apache-2.0
// How a public model's images are made, from the files that lie beside its weights.
#pragma once

#include <akin/clip/architecture.hpp>
#include <akin/clip/config.hpp>
#include <akin/clip/layouts.hpp>
#include <akin/data/preprocess.hpp>
#include <akin/io/json_values.hpp>
#include <akin/support/error.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

namespace akin::inline v0 {
namespace detail {

/// Three numbers, or one that stands for all, in a list or not.
inline void read_three(config_members& c, const std::string& name, std::array<float, 3>& to) {
  const bool bare = c.find(name) != nullptr, listed = c.find(name + ".0") != nullptr, several = c.find(name + ".1") != nullptr;
  if (!bare && !listed) return;
  for (std::size_t k = 0; k < 3; ++k) {
    const std::string member = bare ? name : name + "." + std::to_string(several ? k : 0);
    if (c.find(member) == nullptr) c.refuse("it has no '", member, "'");
    const double number = c.number(member, 0);
    if (!(std::abs(number) < 1e9)) c.refuse("'", member, "' is ", number, ", expected a number such as 0.5");
    to[k] = static_cast<float>(number);
  }
  if (c.find(name + ".3") != nullptr) c.refuse("'", name, "' has more than three numbers");
}

/// What pixels are divided by, as the number that it is then.
inline void read_deviation(config_members& c, const std::string& name, std::array<float, 3>& to) {
  read_three(c, name, to);
  for (const float number : to)
    if (!(number > 0)) c.refuse("'", name, "' has the number ", number, ", expected numbers above 0");
}

/// preprocess_cfg of open_clip_config.json. What it does not say is as for OpenAI's CLIP, whichever family the model is of.
inline void read_open_clip_preprocessing(config_members c, preprocessing& how) {
  how = clip_preprocessing(how.size);
  read_three(c, "preprocess_cfg.mean", how.mean);
  read_deviation(c, "preprocess_cfg.std", how.deviation);
  const std::string mode = c.text("preprocess_cfg.resize_mode", "shortest");
  if (mode != "shortest" && mode != "squash")
    c.refuse("'preprocess_cfg.resize_mode' is '", printable(mode), "', expected shortest or squash");
  how.fit = mode == "squash" ? image_fit::squash : image_fit::center_crop;
  if (const std::string filter = c.text("preprocess_cfg.interpolation", "bicubic"); filter != "bicubic" && filter != "random")  // random: in training alone
    c.refuse("'preprocess_cfg.interpolation' is '", printable(filter), "', expected bicubic");
  c.must_be<std::string>("preprocess_cfg.mode", "RGB", "RGB");
}

/// transformers' preprocessor_config.json.
inline void read_transformers_preprocessing(config_members c, preprocessing& how) {
  constexpr double bicubic = 3;
  read_three(c, "image_mean", how.mean);
  read_deviation(c, "image_std", how.deviation);
  for (const char* const step : {"do_resize", "do_rescale", "do_normalize"}) c.must_be(step, true, true);
  c.must_be("resample", bicubic, bicubic);
  if (const double factor = c.number("rescale_factor", 1 / 255.0); !(std::abs(255 * factor - 1) < 1e-6))
    c.refuse("'rescale_factor' is ", factor, ", expected 1 / 255");
  const bool both = c.find("size.height") != nullptr, edge = c.find("size.shortest_edge") != nullptr, one = c.find("size") != nullptr;
  if (both || edge || one) how.fit = both ? image_fit::squash : image_fit::center_crop;
  const bool squash = how.fit == image_fit::squash;
  c.must_be("do_center_crop", !squash, !squash);
  c.must_be(both ? "size.height" : edge ? "size.shortest_edge" : "size", 224.0, static_cast<double>(how.size));
}

}  // namespace detail

/// What the family was trained with, in the order of the program that the names belong to.
constexpr preprocessing default_preprocessing(const clip_architecture& a, weight_names names) {
  preprocessing how = a.family == clip_family::siglip ? siglip_preprocessing(a.image.height) : clip_preprocessing(a.image.height);
  if (names == weight_names::transformers) how.order = preprocess_order::transformers;
  return how;
}

/// What a file says of the images of a model: `preprocess_cfg` of open_clip's configuration, or transformers'
/// preprocessor_config.json. What it does not say is that program's default; where there is no such file, all is as the family was trained.
/// errors: run time, one sentence with the file and the member: another filter than bicubic, another size than the model's, steps
///         left out; a deviation that is not above 0; a model whose images are no squares
inline preprocessing read_preprocessing_file(const std::string& path, const clip_architecture& a, weight_names names) {
  if (a.image.height != a.image.columns)
    fail("'", path, "': the model takes images of ", a.image.columns, " x ", a.image.height, " pixels, expected squares");
  preprocessing how = default_preprocessing(a, names);
  if (!std::filesystem::exists(path)) return how;
  detail::config_members members{read_json(path), path};
  if (names == weight_names::transformers) detail::read_transformers_preprocessing(std::move(members), how);
  else detail::read_open_clip_preprocessing(std::move(members), how);
  return how;
}

/// What the original program does with an image before the model in a folder: open_clip with weights in its names, as
/// open_clip_config.json says; transformers with weights in its, as preprocessor_config.json says.
/// errors: as read_preprocessing_file
inline preprocessing read_preprocessing(const std::string& folder, const clip_architecture& a, weight_names names) {
  const bool theirs = names == weight_names::transformers;
  return read_preprocessing_file(folder + (theirs ? "/preprocessor_config.json" : "/open_clip_config.json"), a, names);
}

}  // namespace akin::inline v0
