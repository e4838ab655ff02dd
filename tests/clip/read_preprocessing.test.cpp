// SPDX-License-Identifier: Apache-2.0
// What images become is read from the files of open_clip and transformers, and what they do otherwise is refused.
#include <akin/clip/read_preprocessing.hpp>
#include <akin/clip/write_config.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <array>
#include <string>

namespace {

using akin::image_fit;
using akin::preprocess_order;

akin::clip_architecture square(akin::clip_family family, std::int64_t size) {
  akin::clip_architecture a;
  a.family = family;
  a.image.height = a.image.columns = size;
  return a;
}
const auto vit = square(akin::clip_family::vision_transformer, 224), siglip = square(akin::clip_family::siglip, 384);
constexpr auto open_clip = akin::weight_names::open_clip, transformers = akin::weight_names::transformers;

}  // namespace

TEST_CASE("without a file, what the family was trained with") {
  const temporary_folder folder;
  const auto one = akin::read_preprocessing(folder.path(), vit, open_clip);
  CHECK(one.size == 224);
  CHECK(one.fit == image_fit::center_crop);
  CHECK(one.order == preprocess_order::open_clip);
  CHECK(one.mean == akin::clip_preprocessing().mean);
  CHECK(akin::read_preprocessing(folder.path(), vit, transformers).order == preprocess_order::transformers);
  const auto other = akin::read_preprocessing(folder.path(), siglip, open_clip);
  CHECK(other.size == 384);
  CHECK(other.fit == image_fit::squash);
  CHECK(other.mean == std::array{0.5f, 0.5f, 0.5f});
}

TEST_CASE("open_clip's preprocess_cfg") {
  const temporary_folder folder;
  const auto read = [&](const std::string& members) {
    folder.put("open_clip_config.json", R"({"model_cfg": {}, "preprocess_cfg": {)" + members + "}}");
    return akin::read_preprocessing(folder.path(), vit, open_clip);
  };
  const auto how =
      read(R"("mean": [0.1, 0.2, 0.3], "std": [0.5, 0.5, 0.4], "interpolation": "bicubic", "resize_mode": "squash")");
  CHECK(how.mean == std::array{0.1f, 0.2f, 0.3f});
  CHECK(how.deviation == std::array{0.5f, 0.5f, 0.4f});
  CHECK(how.fit == image_fit::squash);
  CHECK(read(R"("resize_mode": "shortest")").fit == image_fit::center_crop);
  CHECK(read(R"("mean": [0.25], "std": 0.5)").mean == std::array{0.25f, 0.25f, 0.25f});
  CHECK(read(R"("interpolation": "random")").size == 224);  // in training alone
  CHECK(contains(sentence_of([&] { read(R"("interpolation": "bilinear")"); }), "'preprocess_cfg.interpolation' is 'bilinear'"));
  CHECK(contains(sentence_of([&] { read(R"("resize_mode": "longest")"); }), "expected shortest or squash"));
  for (const char* const number : {"0", "1e-60", "-0.5"})
    CHECK(contains(sentence_of([&] { read(R"("std": [0.5, 0.5, )" + std::string(number) + "]"); }), "expected numbers above 0"));
  CHECK(contains(sentence_of([&] { read(R"("mean": [0.1, 0.2])"); }), "preprocess_cfg.mean.2"));
  CHECK(contains(sentence_of([&] { read(R"("mean": [0.1, 0.2, 0.3, 0.4])"); }), "more than three"));
}

TEST_CASE("what open_clip's file does not say is OpenAI's, whichever family the model is of") {
  const temporary_folder folder;
  for (const char* const text : {R"({"model_cfg": {}})", R"({"model_cfg": {}, "preprocess_cfg": {"size": 384}})"}) {
    folder.put("open_clip_config.json", text);
    const auto how = akin::read_preprocessing(folder.path(), siglip, open_clip);
    CHECK(how.size == 384);
    CHECK(how.fit == image_fit::center_crop);
    CHECK(how.mean == akin::clip_preprocessing().mean);
    CHECK(how.deviation == akin::clip_preprocessing().deviation);
  }
  folder.put("open_clip_config.json", R"({"preprocess_cfg": {"mean": 0.25, "std": 0.5}})");  // one number for three
  CHECK(akin::read_preprocessing(folder.path(), siglip, open_clip).mean == std::array{0.25f, 0.25f, 0.25f});
  CHECK(akin::read_preprocessing(folder.path(), siglip, open_clip).deviation == std::array{0.5f, 0.5f, 0.5f});
  folder.put("open_clip_config.json", R"({"preprocess_cfg": {"mode": "L"}})");
  CHECK(contains(sentence_of([&] { akin::read_preprocessing(folder.path(), vit, open_clip); }), "'preprocess_cfg.mode' is 'L', expected 'RGB'"));
}

TEST_CASE("transformers' preprocessor_config.json") {
  const temporary_folder folder;
  const auto read = [&](const std::string& members) {
    folder.put("preprocessor_config.json", "{" + members + "}");
    return akin::read_preprocessing(folder.path(), vit, transformers);
  };
  const auto how = read(
      R"("crop_size": {"height": 224, "width": 224}, "do_center_crop": true, "do_resize": true, "image_mean": [0.48145466, 0.4578275, 0.40821073],)"
      R"( "image_std": [0.26862954, 0.26130258, 0.27577711], "resample": 3, "size": {"shortest_edge": 224})");
  CHECK(how.mean == akin::clip_preprocessing().mean);
  CHECK(how.deviation == akin::clip_preprocessing().deviation);
  CHECK(how.fit == image_fit::center_crop);
  CHECK(read(R"("size": 224)").fit == image_fit::center_crop);
  CHECK(read("").fit == image_fit::center_crop);
  CHECK(akin::read_preprocessing(folder.path(), square(akin::clip_family::siglip, 224), transformers).fit == image_fit::squash);
  CHECK(contains(sentence_of([&] { akin::read_preprocessing(folder.path(), siglip, transformers); }), "'size' is 224, expected 384"));
  CHECK(read(R"("size": {"height": 224, "width": 224})").fit == image_fit::squash);
  CHECK(read(R"("image_mean": 0.5, "rescale_factor": 0.00392156862745098)").mean == std::array{0.5f, 0.5f, 0.5f});
  CHECK(contains(sentence_of([&] { read(R"("rescale_factor": 0.00784313725490196)"); }), "'rescale_factor' is 0.00784314, expected 1 / 255"));
  CHECK(contains(sentence_of([&] { read(R"("resample": 2)"); }), "'resample' is 2, expected 3"));
  CHECK(contains(sentence_of([&] { read(R"("size": 256)"); }), "'size' is 256, expected 224"));
  CHECK(contains(sentence_of([&] { read(R"("image_std": [0, 0.5, 0.5])"); }), "'image_std' has the number 0, expected numbers above 0"));
  CHECK(contains(sentence_of([&] { read(R"("do_normalize": false)"); }), "'do_normalize' is false"));
}

TEST_CASE("what is written for either program is read back") {
  const temporary_folder folder;
  for (const auto& a : {vit, siglip})
    for (const auto names : {open_clip, transformers})
      for (const auto fit : {image_fit::center_crop, image_fit::squash}) {
        auto how = akin::default_preprocessing(a, names);
        how.fit = fit;
        how.mean = {0.1f, 1.0f / 3, 0.40821073f};
        how.deviation = {0.5f, 1, 2.0f / 3};
        folder.put("open_clip_config.json", akin::clip_config_text(a, open_clip, how));
        folder.put("preprocessor_config.json", akin::preprocessor_config_text(how));
        const auto back = akin::read_preprocessing(folder.path(), a, names);
        CHECK(back.size == how.size);
        CHECK(back.fit == fit);
        CHECK(back.order == how.order);
        CHECK(back.mean == how.mean);
        CHECK(back.deviation == how.deviation);
      }
}

TEST_CASE("images that are no squares are refused") {
  auto wide = vit;
  wide.image.columns = 256;
  CHECK(contains(sentence_of([&] { akin::read_preprocessing(".", wide, open_clip); }), "256 x 224 pixels, expected squares"));
}
