// SPDX-License-Identifier: Apache-2.0
// Configurations of open_clip and transformers: read, written, and refused where they say what the towers do not compute.
#include <akin/clip/config.hpp>
#include <akin/clip/presets.hpp>
#include <akin/clip/write_config.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

akin::clip_architecture read(const temporary_folder& folder, std::string_view text) {
  return akin::read_clip_config(folder.put("c.json", text));
}
std::string verdict(const temporary_folder& folder, std::string_view text) {
  return sentence_of([&] { read(folder, text); });
}

// The text with one part replaced.
std::string with(std::string text, std::string_view part, std::string_view other) {
  const auto place = text.find(part);
  REQUIRE(place != std::string::npos);
  return text.replace(place, part.size(), other);
}

const std::string vit =
    R"({"embed_dim": 24, "vision_cfg": {"image_size": 32, "layers": 3, "width": 64, "head_width": 32, "patch_size": 16},)"
    R"( "text_cfg": {"context_length": 12, "vocab_size": 300, "width": 48, "heads": 4, "layers": 2}})";
const std::string siglip =
    R"({"embed_dim": 768, "init_logit_bias": -10, "custom_text": true, "vision_cfg": {"image_size": 224, "timm_model_name": "vit_base_patch16_siglip_224",)"
    R"( "timm_model_pretrained": false, "timm_pool": "map", "timm_proj": "none"}, "text_cfg": {"context_length": 64, "vocab_size": 32000,)"
    R"( "hf_tokenizer_name": "timm/ViT-B-16-SigLIP", "tokenizer_kwargs": {"clean": "canonicalize"}, "width": 768, "heads": 12, "layers": 12,)"
    R"( "no_causal_mask": true, "proj_bias": true, "pool_type": "last", "norm_kwargs": {"eps": 1e-6}}})";

}  // namespace

TEST_CASE("open_clip's configurations") {
  const temporary_folder folder;
  const auto a = read(folder, vit);
  CHECK(a.family == akin::clip_family::vision_transformer);
  CHECK(a.embed == 24);
  CHECK(a.image.heads == 2);
  CHECK(a.image.hidden == 256);
  CHECK(a.image.function == akin::activation::gelu_exact);
  CHECK(a.text.hidden == 192);
  CHECK(a.grid_rows() == 2);
  CHECK(read(folder, R"({"model_cfg": )" + vit + R"(, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5]}})") == a);
  CHECK(read(folder, with(vit, R"("embed_dim")", R"("quick_gelu": true, "embed_dim")")).text.function ==
        akin::activation::gelu_quick);
  const auto wide = read(folder, with(vit, R"("image_size": 32)", R"("image_size": [32, 64])"));
  CHECK(wide.image.height == 32);
  CHECK(wide.image.columns == 64);
  CHECK(read(folder, siglip) == akin::clip_preset("ViT-B-16-SigLIP"));
  CHECK(read(folder, R"({"embed_dim": 512, "vision_cfg": {}, "text_cfg": {}})").image.patch == 16);  // open_clip's defaults
}

TEST_CASE("every preset comes back from the configurations that are written for it") {
  const temporary_folder folder;
  akin::for_each_clip_preset([&](std::string_view name) {
    CAPTURE(name);
    std::vector<akin::clip_architecture> models{akin::clip_preset(name)};
    if (models[0].family != akin::clip_family::siglip) models.push_back(akin::clip_preset(std::string{name} + "-quickgelu"));
    for (auto& a : models) {
      // A residual network has no activation of its own to write down.
      if (a.family == akin::clip_family::residual_network) a.image.function = akin::activation::gelu_exact;
      CHECK(read(folder, akin::clip_config_text(a, akin::weight_names::open_clip)) == [&] {
        auto back = a;
        if (a.family == akin::clip_family::residual_network)
          back.image.patch = 32, back.image.layers = 12, back.image.hidden = 3072;
        return back;
      }());
      if (a.family != akin::clip_family::residual_network)
        CHECK(read(folder, akin::clip_config_text(a, akin::weight_names::transformers)) == a);
    }
  });
}

TEST_CASE("transformers' configurations") {
  const temporary_folder folder;
  auto expected = akin::clip_preset("ViT-B-32-quickgelu");
  CHECK(read(folder, R"({"model_type": "clip"})") == expected);  // its defaults
  CHECK(read(folder, R"({"model_type": "clip", "text_config": {"eos_token_id": 2, "bos_token_id": 0}, "vision_config": null})") ==
        expected);
  CHECK(read(folder, R"({"model_type": "clip", "text_config": {"hidden_size": 1}, "text_config_dict": {"hidden_size": 512}})") ==
        expected);
  expected = akin::clip_preset("ViT-B-16-SigLIP");
  expected.image.function = expected.text.function = akin::activation::gelu_tanh;
  CHECK(read(folder, R"({"model_type": "siglip"})") == expected);
}

TEST_CASE("what the towers do not compute is refused, naming both values") {
  const temporary_folder folder;
  struct refusal {
    std::string text, sentence;
  };
  const std::string hf =
      R"({"model_type": "clip", "text_config": {"hidden_act": "gelu"}, "vision_config": {"hidden_act": "gelu"}})";
  const std::vector<refusal> refusals{
      {"", "does not begin with '{'"},
      {"[]", "does not begin with '{'"},
      {"{}", "neither open_clip's (it has no embed_dim) nor transformers' (it has no model_type)"},
      {"{\"a\": 1", "got the text's end"},
      {"{\"a\": 1e999}", "a number does not fit a double"},
      {"{\"a\": NaN}", "expected a digit"},
      {"{\"a\": 01}", "expected ',' or '}'"},
      {"{\"a\": 1, \"a\": 2}", "'a' appears twice"},
      {"{\"a\": {\"b\": 1}, \"a.b\": 2}", "'a.b' appears twice"},
      {std::string(100, '['), "does not begin"},
      {"{\"a\":" + std::string(100, '['), "more than 64 deep"},
      {with(vit, R"("embed_dim": 24)", R"("embed_dim": "24")"), "'embed_dim' is '24', expected a number"},
      {with(vit, R"("embed_dim": 24)", R"("embed_dim": 24.5)"), "'embed_dim' is 24.5, expected a whole number"},
      {with(vit, R"("embed_dim": 24)", R"("embed_dim": -1)"), "'embed_dim' is -1, expected a whole number"},
      {with(vit, R"("embed_dim": 24)", R"("embed_dim": 0)"), "the embed is 0, expected 1 to"},
      {with(vit, R"("embed_dim": 24)", R"("embed_dim": 1e15)"), "the embed is 1000000000000000, expected 1 to"},
      {with(vit, R"("embed_dim": 24, )", R"("embed_dim": 24, "quick_gelu": 1, )"), "'quick_gelu' is 1, expected true or false"},
      {with(vit, R"("head_width": 32)", R"("head_width": 48)"),
       "'vision_cfg.head_width' is 48, which does not divide the width 64"},
      {with(vit, R"("head_width": 32)", R"("head_width": 0)"), "'vision_cfg.head_width' is 0"},
      {with(vit, R"("heads": 4)", R"("heads": 5)"), "the text tower's 5 heads do not divide its width 48"},
      {with(vit, R"("patch_size": 16)", R"("patch_size": 64)"), "an image of 32 x 32 pixels is smaller than a patch of 64"},
      {with(vit, R"("patch_size": 16)", R"("mlp_ratio": 1e300)"),
       "a width of 64 and an mlp_ratio of 1e+300 make no hidden width"},
      {with(vit, R"("patch_size": 16)", R"("qk_norm": true)"), "'vision_cfg.qk_norm' is true, expected false in such a model"},
      {with(vit, R"("patch_size": 16)", R"("pool_type": "avg")"),
       "'vision_cfg.pool_type' is 'avg', expected 'tok' in such a model"},
      {with(vit, R"("patch_size": 16)", R"("norm_kwargs": {"eps": 1e-6})"),
       "'vision_cfg.norm_kwargs.eps' is 1e-06, expected 1e-05"},
      {with(vit, R"("patch_size": 16)", R"("patches": 16)"), "'vision_cfg.patches' is not known"},
      {with(vit, R"("patch_size": 16)", R"("ls_init_value": 0.1)"), "'vision_cfg.ls_init_value' is not known"},
      {with(vit, R"("patch_size": 16)", R"("timm_model_name": "resnet50")"),
       "'vision_cfg.timm_model_name' is 'resnet50', expected one like"},
      {with(vit, R"("context_length": 12)", R"("no_causal_mask": true)"), "'text_cfg.no_causal_mask' is true, expected false"},
      {with(vit, R"("context_length": 12)", R"("hf_model_name": "roberta-base")"), "'text_cfg.hf_model_name' is not known"},
      {with(vit, R"("embed_dim": 24, )", R"("embed_dim": 24, "init_logit_bias": -10, )"),
       "'init_logit_bias' is given, but only SigLIP has"},
      {with(vit, R"("embed_dim": 24, )", R"("embed_dim": 24, "multimodal_cfg": {"width": 1}, )"),
       "'multimodal_cfg.width' is not known"},
      {with(siglip, R"("pool_type": "last")", R"("pool_type": "argmax")"), "'text_cfg.pool_type' is 'argmax', expected 'last'"},
      {with(siglip, R"("init_logit_bias": -10, )", ""), "'init_logit_bias' is absent, but SigLIP has"},
      {with(siglip, R"("embed_dim": 768)", R"("embed_dim": 512)"), "the embedding has 512 numbers and the image tower 768"},
      {with(vit, R"("context_length": 12)", R"("tokenizer_kwargs": {"clean": "whitespace"})"), "'text_cfg.tokenizer_kwargs.clean' is 'whitespace', expected 'lower'"},
      {with(vit, R"("context_length": 12)", R"("tokenizer_kwargs": {"strip_sep_token": true})"), "'text_cfg.tokenizer_kwargs.strip_sep_token' is not known"},
      {with(vit, R"("context_length": 12)", R"("hf_tokenizer_name": "bert-base-uncased")"), "'text_cfg.hf_tokenizer_name' is 'bert-base-uncased', but texts are read with CLIP's own"},
      {with(siglip, "canonicalize", "lower"), "'text_cfg.tokenizer_kwargs.clean' is 'lower', expected 'canonicalize'"},
      {with(hf, R"("hidden_act")", R"("vocab_size": 300, "hidden_act")"), "'text_config.eos_token_id' is 49407, but the text tower takes its feature at the largest id, 299"},
      {with(hf, R"("clip")", R"("bert")"), "'model_type' is 'bert', expected clip or siglip"},
      {with(hf, R"("gelu")", R"("relu")"), "'text_config.hidden_act' is 'relu', expected gelu, quick_gelu or gelu_pytorch_tanh"},
      {with(hf, R"("hidden_act")", R"("eos_token_id": 7, "hidden_act")"),
       "'text_config.eos_token_id' is 7, but the text tower takes its feature at the largest id, 49407"},
      {with(hf, R"("hidden_act")", R"("layer_norm_eps": 1, "hidden_act")"), "'text_config.layer_norm_eps' is 1, expected 1e-05"},
  };
  for (const refusal& each : refusals) {
    CAPTURE(each.text);
    const std::string got = verdict(folder, each.text);
    CAPTURE(got);
    CHECK(contains(got, each.sentence));
  }
}

TEST_CASE("two descriptions that differ are refused, naming both values") {
  const auto a = akin::clip_preset("ViT-B-32"), quick = akin::clip_preset("ViT-B-32-quickgelu"),
             large = akin::clip_preset("ViT-L-14"), rn = akin::clip_preset("RN50");
  const auto sentence = [](const auto& one, const auto& other) {
    return sentence_of([&] { akin::check_same(one, "one", other, "other"); });
  };
  CHECK(sentence(a, a) == "");
  CHECK(sentence(a, quick) == "one says that the image tower's activation is GELU, but other says QuickGELU");
  CHECK(sentence(a, large) == "one says that the embed is 512, but other says 768");
  CHECK(sentence(a, rn) == "one has a Vision Transformer for images, but other has a residual network");
}

TEST_CASE("what the other program has no words for is refused") {
  auto a = akin::clip_preset("ViT-B-32");
  a.image.columns = 448;
  CHECK(contains(sentence_of([&] { akin::clip_config_text(a, akin::weight_names::transformers); }),
                 "takes square images, but these have 224 x 448 pixels"));
  a.image.function = akin::activation::gelu_quick;
  CHECK(contains(sentence_of([&] { akin::clip_config_text(a, akin::weight_names::open_clip); }),
                 "but these have QuickGELU and GELU"));
  auto quick = akin::clip_preset("ViT-B-16-SigLIP");
  quick.text.function = akin::activation::gelu_quick;
  CHECK(contains(sentence_of([&] { akin::clip_config_text(quick, akin::weight_names::open_clip); }),
                 "SigLIP's texts have GELU or its approximation by tanh in open_clip, but these have QuickGELU"));
  auto approximate = akin::clip_preset("ViT-B-16-SigLIP");
  approximate.image.function = akin::activation::gelu_tanh;
  CHECK(contains(sentence_of([&] { akin::clip_config_text(approximate, akin::weight_names::open_clip); }),
                 "of these sizes computes GELU in open_clip, but this one has GELU (tanh)"));
}
