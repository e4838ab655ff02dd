// SPDX-License-Identifier: Apache-2.0
// A public CLIP's architecture from the file that lies beside its weights: open_clip_config.json, or transformers' config.json.
#pragma once

#include <akin/clip/architecture.hpp>
#include <akin/clip/siglip_trunk.hpp>
#include <akin/io/json_values.hpp>
#include <akin/support/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace akin::inline v0 {
namespace detail {

inline std::string text_of(const json_value& value) {
  if (const auto* const text = std::get_if<std::string>(&value)) return "'" + printable(*text) + "'";
  if (const auto* const number = std::get_if<double>(&value)) return sentence_of({*number});
  if (const auto* const flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return std::holds_alternative<json_empty>(value) ? "empty" : "null";
}

/// Members of a configuration by their paths; null is the same as absent. It remembers what was asked for.
class config_members {
 public:
  config_members(json_values values, std::string path) : values_(std::move(values)), place_("config '" + std::move(path) + "'") {}

  const std::string& place() const { return place_; }
  const json_values& values() const { return values_; }

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(place_, ": ", parts...);
  }

  const json_value* find(std::string_view name) {
    asked_.emplace(name);
    const auto place = values_.find(name);
    return place == values_.end() || std::holds_alternative<std::nullptr_t>(place->second) ? nullptr : &place->second;
  }
  template <class T>
  T get(std::string_view name, T otherwise, std::string_view kind) {
    const json_value* const value = find(name);
    if (value == nullptr) return otherwise;
    if (!std::holds_alternative<T>(*value)) refuse("'", name, "' is ", text_of(*value), ", expected ", kind);
    return std::get<T>(*value);
  }
  bool flag(std::string_view name, bool otherwise) { return get(name, otherwise, "true or false"); }
  double number(std::string_view name, double otherwise) { return get(name, otherwise, "a number"); }
  std::string text(std::string_view name, std::string otherwise) { return get(name, std::move(otherwise), "a text"); }
  std::int64_t size(std::string_view name, std::int64_t otherwise) {
    const double value = number(name, static_cast<double>(otherwise));
    if (!(value >= 0 && value < 0x1p53) || value != std::floor(value))
      refuse("'", name, "' is ", value, ", expected a whole number");
    return static_cast<std::int64_t>(value);
  }
  std::int64_t size(std::string_view name) {
    if (find(name) == nullptr) refuse("it has no '", name, "'");
    return size(name, 0);
  }
  /// A member that decides what is computed, and must say what the towers do; `otherwise` is what its absence means.
  template <class T>
  void must_be(std::string_view name, const T& otherwise, const T& expected) {
    const json_value* const value = find(name);
    const json_value given = value == nullptr ? json_value{otherwise} : *value;
    if (given != json_value{expected})
      refuse("'", name, "' is ", text_of(given), ", expected ", text_of(json_value{expected}), " in such a model");
  }
  /// One part of the towers that open_clip can add and that is not there here.
  void must_be_off(std::string_view name) { must_be(name, false, false); }
  /// Members below these paths change nothing that a model computes.
  void ignore(std::string_view path) { ignored_.emplace_back(path); }
  void refuse_unknown() const {
    for (const auto& [name, value] : values_) {
      bool known =
          asked_.contains(name) || std::holds_alternative<std::nullptr_t>(value) || std::holds_alternative<json_empty>(value);
      for (const auto& path : ignored_) known = known || name == path || name.starts_with(path + '.');
      if (!known) refuse("'", printable(name), "' is not known, and the model may compute something else with it");
    }
  }

 private:
  json_values values_;
  std::string place_;
  std::set<std::string, std::less<>> asked_;
  std::vector<std::string> ignored_;
};

inline std::int64_t widened(std::int64_t width, double ratio, const config_members& c) {
  const double hidden = static_cast<double>(width) * ratio;
  if (!(hidden >= 1 && hidden < 0x1p31)) c.refuse("a width of ", width, " and an mlp_ratio of ", ratio, " make no hidden width");
  return static_cast<std::int64_t>(hidden);
}

// ---- open_clip ---------------------------------------------------------------------------------------------------------

/// SigLIP's image towers by their names in timm: vit_base_patch16_siglip_224. `timm_args` beside model_cfg overrides their sizes.
inline void read_siglip_trunk(config_members& c, image_architecture& image, const std::string& name) {
  char size[16] = "", rest[16] = "";
  int patch = 0, pixels = 0;
  const int found = std::sscanf(name.c_str(), "vit_%15[a-z0-9]_patch%4d_siglip_%5d%15s", size, &patch, &pixels, rest);
  const auto row = std::ranges::find(siglip_trunks, std::string_view{size}, &siglip_trunk::name);
  if (found != 3 || row == siglip_trunks.end())
    c.refuse("'vision_cfg.timm_model_name' is '", printable(name),
             "', expected one like 'vit_base_patch16_siglip_224' (base, large, so400m, giantopt)");
  image.patch = c.size("timm_args.patch_size", patch);
  image.width = c.size("timm_args.embed_dim", row->width);
  image.layers = c.size("timm_args.depth", row->layers);
  image.heads = c.size("timm_args.num_heads", row->heads);
  image.hidden = c.find("timm_args.mlp_ratio") ? widened(image.width, c.number("timm_args.mlp_ratio", 4), c) : row->hidden;
  image.function = row->function;
  c.must_be("timm_args.img_size", static_cast<double>(image.height), static_cast<double>(image.height));
  c.must_be<std::string>("vision_cfg.timm_pool", "avg", "map");
  c.must_be<std::string>("vision_cfg.timm_proj", "linear", "none");
}

/// An activation whose keyword arguments may ask for the approximation by tanh.
inline activation read_function(config_members& c, const std::string& tower, bool quick_gelu) {
  const std::string name = tower + ".act_kwargs.approximate", approximate = c.text(name, "none");
  if (approximate == "none") return quick_gelu ? activation::gelu_quick : activation::gelu_exact;
  if (approximate != "tanh" || quick_gelu)
    c.refuse("'", name, "' is '", printable(approximate), "', expected 'tanh' without quick_gelu, or nothing");
  return activation::gelu_tanh;
}

inline void read_open_clip_image(config_members& c, clip_architecture& a, bool quick_gelu) {
  const bool rectangle = c.find("vision_cfg.image_size.0") != nullptr;
  a.image.height = c.size(rectangle ? "vision_cfg.image_size.0" : "vision_cfg.image_size", 224);
  a.image.columns = rectangle ? c.size("vision_cfg.image_size.1") : a.image.height;
  if (a.family == clip_family::siglip) return read_siglip_trunk(c, a.image, c.text("vision_cfg.timm_model_name", ""));

  a.image.width = c.size("vision_cfg.width", 768);
  const std::int64_t head_width = c.size("vision_cfg.head_width", 64);
  const std::int64_t split = a.family == clip_family::residual_network ? 32 * a.image.width : a.image.width;
  if (head_width < 1 || split % head_width != 0)
    c.refuse("'vision_cfg.head_width' is ", head_width, ", which does not divide the width ", split);
  a.image.heads = split / head_width;
  if (a.family == clip_family::residual_network) {
    for (std::size_t k = 0; k < 4; ++k) a.image.stages[k] = c.size("vision_cfg.layers." + std::to_string(k));
    return c.ignore("vision_cfg.patch_size");
  }
  a.image.layers = c.size("vision_cfg.layers", 12);
  a.image.patch = c.size("vision_cfg.patch_size", 16);
  a.image.hidden = widened(a.image.width, c.number("vision_cfg.mlp_ratio", 4), c);
  a.image.function = read_function(c, "vision_cfg", quick_gelu);
  c.must_be("vision_cfg.norm_kwargs.eps", 1e-5, a.norm_epsilon());
  c.must_be<std::string>("vision_cfg.pool_type", "tok", "tok");
  c.must_be<std::string>("vision_cfg.pos_embed_type", "learnable", "learnable");
  c.must_be_off("vision_cfg.no_ln_pre");
}

inline void read_open_clip_text(config_members& c, clip_architecture& a, bool quick_gelu) {
  const bool siglip = a.family == clip_family::siglip;
  a.text.context = c.size("text_cfg.context_length", 77);
  a.text.vocabulary = c.size("text_cfg.vocab_size", 49408);
  a.text.width = c.size("text_cfg.width", 512);
  a.text.layers = c.size("text_cfg.layers", 12);
  a.text.heads = c.size("text_cfg.heads", 8);
  a.text.hidden = widened(a.text.width, c.number("text_cfg.mlp_ratio", 4), c);
  a.text.function = read_function(c, "text_cfg", quick_gelu);
  c.must_be("text_cfg.norm_kwargs.eps", 1e-5, a.norm_epsilon());
  c.must_be("text_cfg.no_causal_mask", false, siglip);
  c.must_be("text_cfg.proj_bias", false, siglip);
  c.must_be<std::string>("text_cfg.pool_type", "argmax", siglip ? "last" : "argmax");
  c.must_be<std::string>("text_cfg.proj_type", "linear", "linear");
  c.must_be_off("text_cfg.embed_cls");
  const std::string clean = siglip ? "canonicalize" : "lower";  // of SigLIP also where its file does not say it
  c.must_be("text_cfg.tokenizer_kwargs.clean", clean, clean);
  if (const json_value* const other = c.find("text_cfg.hf_tokenizer_name"); other != nullptr && !siglip && *other != json_value{std::string{}})
    c.refuse("'text_cfg.hf_tokenizer_name' is ", text_of(*other), ", but texts are read with CLIP's own tokenizer");
}

inline clip_architecture read_open_clip(config_members& c) {
  clip_architecture a;
  a.embed = c.size("embed_dim");
  const bool timm = c.find("vision_cfg.timm_model_name") != nullptr, stages = c.find("vision_cfg.layers.0") != nullptr;
  a.family = timm ? clip_family::siglip : stages ? clip_family::residual_network : clip_family::vision_transformer;
  const bool siglip = a.family == clip_family::siglip, quick_gelu = c.flag("quick_gelu", false);
  read_open_clip_image(c, a, quick_gelu);
  read_open_clip_text(c, a, quick_gelu && !siglip);
  if (siglip) c.must_be("custom_text", false, true);
  else c.flag("custom_text", false);  // it only says how the text tower's tensors are called
  if (siglip != (c.find("init_logit_bias") != nullptr))
    c.refuse("'init_logit_bias' is ", siglip ? "absent, but SigLIP has" : "given, but only SigLIP has", " a bias on its logits");
  for (const char* const tower : {"vision_cfg.", "text_cfg."}) {
    for (const char* const part :
         {"final_ln_after_pool", "qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner", "scale_attn", "scale_fc"})
      c.must_be_off(std::string{tower} + part);
    c.must_be<std::string>(std::string{tower} + "block_type", "default", "default");
    for (const char* const unseen : {"output_tokens", "act_kwargs", "norm_kwargs"}) c.ignore(std::string{tower} + unseen);
  }
  c.must_be_off("vision_cfg.attentional_pool");
  for (const char* const unseen :
       {"init_logit_scale", "cast_dtype", "vision_cfg.patch_dropout", "vision_cfg.attn_pooler_queries",
        "vision_cfg.attn_pooler_heads", "vision_cfg.timm_model_pretrained", "vision_cfg.timm_proj_bias", "vision_cfg.timm_drop",
        "vision_cfg.timm_drop_path", "text_cfg.tokenizer_mode", "text_cfg.pad_id", "text_cfg.eos_id", "preprocess_cfg"})
    c.ignore(unseen);
  c.refuse_unknown();
  return a;
}

// ---- transformers ------------------------------------------------------------------------------------------------------

inline activation read_hidden_act(config_members& c, const std::string& name, const char* otherwise) {
  const std::string act = c.text(name, otherwise);
  if (act == "quick_gelu") return activation::gelu_quick;
  if (act == "gelu") return activation::gelu_exact;
  if (act == "gelu_pytorch_tanh" || act == "gelu_new") return activation::gelu_tanh;
  c.refuse("'", name, "' is '", printable(act), "', expected gelu, quick_gelu or gelu_pytorch_tanh");
}

/// Absent members mean transformers' own defaults, which are ViT-B/32's, and SigLIP's base model's.
inline clip_architecture read_transformers(config_members& c, bool siglip) {
  clip_architecture a;
  a.family = siglip ? clip_family::siglip : clip_family::vision_transformer;
  const char* const act = siglip ? "gelu_pytorch_tanh" : "quick_gelu";
  const std::string text = "text_config.", image = "vision_config.";
  a.text.width = c.size(text + "hidden_size", siglip ? 768 : 512);
  a.text.hidden = c.size(text + "intermediate_size", siglip ? 3072 : 2048);
  a.text.layers = c.size(text + "num_hidden_layers", 12);
  a.text.heads = c.size(text + "num_attention_heads", siglip ? 12 : 8);
  a.text.context = c.size(text + "max_position_embeddings", siglip ? 64 : 77);
  a.text.vocabulary = c.size(text + "vocab_size", siglip ? 32000 : 49408);
  a.text.function = read_hidden_act(c, text + "hidden_act", act);
  a.image.width = c.size(image + "hidden_size", 768);
  a.image.hidden = c.size(image + "intermediate_size", 3072);
  a.image.layers = c.size(image + "num_hidden_layers", 12);
  a.image.heads = c.size(image + "num_attention_heads", 12);
  a.image.height = a.image.columns = c.size(image + "image_size", 224);
  a.image.patch = c.size(image + "patch_size", siglip ? 16 : 32);
  a.image.function = read_hidden_act(c, image + "hidden_act", act);
  a.embed = siglip ? c.size(text + "projection_size", a.text.width) : c.size("projection_dim", 512);
  for (const auto& tower : {text, image}) c.must_be(tower + "layer_norm_eps", a.norm_epsilon(), a.norm_epsilon());
  c.must_be(image + "num_channels", 3.0, 3.0);
  if (siglip) {
    c.must_be(image + "vision_use_head", true, true);
    return a;
  }
  // With the id 2, a mistake of old files, transformers takes the largest id as these towers do; other ids must be the largest.
  const std::int64_t end = c.size(text + "eos_token_id", 49407);
  if (end != 2 && end != a.text.vocabulary - 1)
    c.refuse("'text_config.eos_token_id' is ", end, ", but the text tower takes its feature at the largest id, ",
             a.text.vocabulary - 1);
  return a;
}

/// Old files keep what counts in text_config_dict and vision_config_dict, which override text_config and vision_config.
inline void apply_old_members(json_values& values) {
  for (const std::string section : {"text_config", "vision_config"})
    for (const auto& [name, value] : json_values{values})
      if (name.starts_with(section + "_dict.")) values[section + name.substr(section.size() + 5)] = value;
}

}  // namespace detail

/// The architecture that a configuration describes: open_clip's (a model_cfg, or one of its model_configs files) or transformers'
/// (model_type clip or siglip).
/// errors: run time, one sentence with the member's path and both values: what contradicts itself, what these towers do not
///         compute, and, in open_clip's, members that are not known
/// source: open_clip 3.3, CLIPVisionCfg and CLIPTextCfg; transformers 5, CLIPConfig and SiglipConfig (defaults)
inline clip_architecture read_clip_config(const std::string& path) {
  json_values values = read_json(path);
  const auto has = [&](std::string_view name) {
    const auto place = values.lower_bound(name);
    return place != values.end() && place->first.starts_with(name);
  };
  clip_architecture a;
  const auto type = values.find("model_type");
  if (type != values.end()) {
    const bool siglip = type->second == json_value{std::string{"siglip"}};
    if (!siglip && type->second != json_value{std::string{"clip"}})
      fail("config '", path, "': 'model_type' is ", detail::text_of(type->second), ", expected clip or siglip");
    detail::apply_old_members(values);
    detail::config_members c{std::move(values), path};
    a = detail::read_transformers(c, siglip);
  } else {
    if (has("model_cfg.")) {
      json_values model;
      for (auto& [name, value] : values) {
        if (name.starts_with("model_cfg.")) model[name.substr(10)] = std::move(value);
        else if (name.starts_with("timm_args.")) model[name] = std::move(value);
      }
      values = std::move(model);
    }
    if (!values.contains("embed_dim"))
      fail("config '", path, "' is neither open_clip's (it has no embed_dim) nor transformers' (it has no model_type)");
    detail::config_members c{std::move(values), path};
    a = detail::read_open_clip(c);
  }
  check_architecture(a, "config '" + path + "'");
  return a;
}

}  // namespace akin::inline v0
