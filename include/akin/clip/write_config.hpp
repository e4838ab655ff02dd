// SPDX-License-Identifier: Apache-2.0
// A CLIP's architecture, and what its images become, as open_clip and transformers read them.
#pragma once

#include <akin/clip/architecture.hpp>
#include <akin/clip/layouts.hpp>
#include <akin/clip/read_preprocessing.hpp>
#include <akin/clip/siglip_trunk.hpp>
#include <akin/data/preprocess.hpp>
#include <akin/io/json_header.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {
namespace detail {

/// A member of a JSON object, written out.
struct json_member {
  json_member(std::string_view name, std::int64_t value) : text(json_quoted(name) + ": " + std::to_string(value)) {}
  json_member(std::string_view name, int value) : json_member(name, std::int64_t{value}) {}
  json_member(std::string_view name, bool value) : text(json_quoted(name) + (value ? ": true" : ": false")) {}
  json_member(std::string_view name, const char* value) : text(json_quoted(name) + ": " + json_quoted(value)) {}
  json_member(std::string_view name, const std::string& value) : json_member(name, value.c_str()) {}
  json_member(std::string_view name, double value) : text(json_quoted(name) + ": " + shortest(value)) {}
  json_member(std::string_view name, const std::vector<json_member>& members) : text(json_quoted(name) + ": {") {
    for (const auto& member : members) text += (text.back() == '{' ? "" : ", ") + member.text;
    text += '}';
  }
  json_member(std::string_view name, const std::vector<std::int64_t>& numbers) : text(json_quoted(name) + ": [") {
    for (const auto number : numbers) text += (text.back() == '[' ? "" : ", ") + std::to_string(number);
    text += ']';
  }
  json_member(std::string_view name, const std::array<float, 3>& numbers)
      : text(json_quoted(name) + ": [" + shortest(numbers[0]) + ", " + shortest(numbers[1]) + ", " + shortest(numbers[2]) + "]") {}
  std::string text;

 private:
  /// The fewest digits that come back as the same number.
  template <class Number>
  static std::string shortest(Number value) {
    std::array<char, 32> digits;
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
  }
};

inline std::string json_document(const std::vector<json_member>& members) {
  std::string text = "{";
  for (const auto& member : members) text += (text.size() == 1 ? "\n  " : ",\n  ") + member.text;
  return text + "\n}\n";
}

/// The ratio that open_clip multiplies the width with and truncates.
inline double mlp_ratio(std::int64_t width, std::int64_t hidden) {
  double ratio = static_cast<double>(hidden) / static_cast<double>(width);
  while (static_cast<std::int64_t>(ratio * static_cast<double>(width)) < hidden) ratio = std::nextafter(ratio, 2 * ratio);
  return ratio;
}

inline json_member image_size(const image_architecture& i) {
  if (i.height == i.columns) return {"image_size", i.height};
  return {"image_size", std::vector{i.height, i.columns}};
}

inline std::string open_clip_config(const clip_architecture& a, const std::optional<preprocessing>& how) {
  const auto& i = a.image;
  const auto& t = a.text;
  const bool siglip = a.family == clip_family::siglip;
  std::vector<json_member> image{image_size(i)}, all;
  if (siglip) {
    const std::string trunk = siglip_trunk_name(i).empty() ? "vit_base_patch16_siglip_224" : siglip_trunk_name(i);
    image.insert(image.end(),
                 {{"timm_model_name", trunk}, {"timm_model_pretrained", false}, {"timm_pool", "map"}, {"timm_proj", "none"}});
  } else if (a.family == clip_family::residual_network) {
    image.insert(image.end(), {{"layers", std::vector<std::int64_t>{i.stages.begin(), i.stages.end()}},
                               {"width", i.width},
                               {"head_width", 32 * i.width / i.heads}});
  } else {
    image.insert(image.end(), {{"layers", i.layers},
                               {"width", i.width},
                               {"head_width", i.width / i.heads},
                               {"mlp_ratio", mlp_ratio(i.width, i.hidden)},
                               {"patch_size", i.patch}});
    if (i.function == activation::gelu_tanh) image.push_back({"act_kwargs", std::vector<json_member>{{"approximate", "tanh"}}});
  }
  std::vector<json_member> text{{"context_length", t.context},
                                {"vocab_size", t.vocabulary},
                                {"width", t.width},
                                {"heads", t.heads},
                                {"layers", t.layers},
                                {"mlp_ratio", mlp_ratio(t.width, t.hidden)}};
  if (t.function == activation::gelu_tanh) text.push_back({"act_kwargs", std::vector<json_member>{{"approximate", "tanh"}}});
  if (siglip)
    text.insert(text.end(), {{"no_causal_mask", true},
                             {"proj_bias", true},
                             {"pool_type", "last"},
                             {"norm_kwargs", std::vector<json_member>{{"eps", a.norm_epsilon()}}}});
  std::vector<json_member> model{{"embed_dim", a.embed}};
  if (siglip) model.insert(model.end(), {{"init_logit_bias", -10}, {"custom_text", true}});
  else model.push_back({"quick_gelu", t.function == activation::gelu_quick});
  model.insert(model.end(), {{"vision_cfg", image}, {"text_cfg", text}});
  all.push_back({"model_cfg", model});
  if (siglip && siglip_trunk_name(i).empty())
    all.push_back({"timm_args", std::vector<json_member>{{"embed_dim", i.width},
                                                         {"depth", i.layers},
                                                         {"num_heads", i.heads},
                                                         {"mlp_ratio", mlp_ratio(i.width, i.hidden)},
                                                         {"patch_size", i.patch},
                                                         {"img_size", i.height}}});
  if (how)
    all.push_back(
        {"preprocess_cfg", std::vector<json_member>{{"mean", how->mean},
                                                    {"std", how->deviation},
                                                    {"interpolation", "bicubic"},
                                                    {"resize_mode", how->fit == image_fit::squash ? "squash" : "shortest"}}});
  return json_document(all);
}

inline const char* hidden_act(activation function) {
  constexpr std::array names{"gelu", "gelu_pytorch_tanh", "quick_gelu"};
  return names[static_cast<std::size_t>(function)];
}

inline std::string transformers_config(const clip_architecture& a) {
  const auto& i = a.image;
  const auto& t = a.text;
  const bool siglip = a.family == clip_family::siglip;
  const auto tower = [&](const char* type, const auto& sizes) {
    return std::vector<json_member>{{"model_type", type},
                                    {"hidden_size", sizes.width},
                                    {"intermediate_size", sizes.hidden},
                                    {"num_hidden_layers", sizes.layers},
                                    {"num_attention_heads", sizes.heads},
                                    {"hidden_act", hidden_act(sizes.function)},
                                    {"layer_norm_eps", a.norm_epsilon()},
                                    {siglip ? "projection_size" : "projection_dim", a.embed}};
  };
  auto text = tower(siglip ? "siglip_text_model" : "clip_text_model", t),
       image = tower(siglip ? "siglip_vision_model" : "clip_vision_model", i);
  text.insert(text.end(), {{"max_position_embeddings", t.context}, {"vocab_size", t.vocabulary}});
  if (!siglip)
    text.insert(text.end(),
                {{"bos_token_id", t.vocabulary - 2}, {"eos_token_id", t.vocabulary - 1}, {"pad_token_id", t.vocabulary - 1}});
  image.insert(image.end(), {{"image_size", i.height}, {"patch_size", i.patch}, {"num_channels", 3}});
  std::vector<json_member> all{{"model_type", siglip ? "siglip" : "clip"}};
  if (!siglip) all.push_back({"projection_dim", a.embed});
  all.insert(all.end(), {{"text_config", text}, {"vision_config", image}});
  return json_document(all);
}

}  // namespace detail

/// The architecture as a JSON text for open_clip_config.json or config.json; read_clip_config reads both back. The former also
/// says what images become, if that is given; transformers reads it from preprocessor_config_text.
/// errors: run time: what the other program has no words for (transformers: residual networks, images that are not square;
///         open_clip: QuickGELU in SigLIP, two activations in one Vision Transformer's model)
inline std::string clip_config_text(const clip_architecture& a, weight_names names, const std::optional<preprocessing>& how) {
  const bool square = a.image.height == a.image.columns;
  if (names == weight_names::transformers) {
    if (a.family == clip_family::residual_network)
      fail("transformers has no CLIP with a residual network: use open_clip's names");
    if (!square)
      fail("transformers' CLIP takes square images, but these have ", a.image.height, " x ", a.image.columns, " pixels");
    return detail::transformers_config(a);
  }
  if (a.family == clip_family::siglip && !square)
    fail("SigLIP in open_clip takes square images, but these have ", a.image.height, " x ", a.image.columns, " pixels");
  if (a.family == clip_family::siglip && a.text.function == activation::gelu_quick)
    fail("SigLIP's texts have GELU or its approximation by tanh in open_clip, but these have ", name_of(a.text.function));
  if (a.family == clip_family::siglip && a.image.function != activation::gelu_exact && detail::siglip_trunk_name(a.image).empty())
    fail("SigLIP's image tower of these sizes computes GELU in open_clip, but this one has ", name_of(a.image.function));
  if (a.family == clip_family::vision_transformer &&
      (a.image.function == activation::gelu_quick) != (a.text.function == activation::gelu_quick))
    fail("open_clip's CLIP has QuickGELU in both towers or in none, but these have ", name_of(a.image.function), " and ",
         name_of(a.text.function));
  return detail::open_clip_config(a, how);
}

/// The same for images as the family was trained with.
inline std::string clip_config_text(const clip_architecture& a, weight_names names) {
  return clip_config_text(a, names, default_preprocessing(a, names));
}

/// What images become, as a JSON text for transformers' preprocessor_config.json; read_preprocessing_file reads it back.
inline std::string preprocessor_config_text(const preprocessing& how) {
  using member = detail::json_member;
  const bool squash = how.fit == image_fit::squash;
  const std::vector<member> square{{"height", how.size}, {"width", how.size}};
  std::vector<member> all{{"image_processor_type", squash ? "SiglipImageProcessor" : "CLIPImageProcessor"},
                          {"do_convert_rgb", true},
                          {"do_resize", true},
                          {"size", squash ? square : std::vector<member>{{"shortest_edge", how.size}}},
                          {"resample", 3},
                          {"do_center_crop", !squash}};
  if (!squash) all.push_back({"crop_size", square});
  all.insert(all.end(), {{"do_rescale", true},
                         {"rescale_factor", 1.0 / 255},
                         {"do_normalize", true},
                         {"image_mean", how.mean},
                         {"image_std", how.deviation}});
  return detail::json_document(all);
}

}  // namespace akin::inline v0
