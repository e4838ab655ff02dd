// SPDX-License-Identifier: Apache-2.0
// What a public model sees of an image is what open_clip, transformers and SigLIP's preprocessing make of it, in all bytes and
// floats.
#include <akin/data/preprocess.hpp>
#include <akin/data/read_image.hpp>
#include <akin/io/npy.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

namespace {

const std::string golden = AKIN_GOLDEN_DIR "/pixels/";

std::vector<std::string> lines_of(const std::string& path) {
  std::istringstream text(akin::read_file(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

/// All values of a byte, each as a gray pixel.
akin::image every_value() {
  akin::image result{256, 1, 3, {}};
  for (int v = 0; v < 256; ++v) result.pixels.insert(result.pixels.end(), 3, static_cast<std::uint8_t>(v));
  return result;
}

std::vector<float> normalized(const akin::image& rgb, const akin::preprocessing& how) {
  std::vector<float> planes(rgb.pixels.size());
  akin::normalize(rgb, how, planes);
  return planes;
}

}  // namespace

TEST_CASE("photographs, emoji and palettes: open_clip's pixels and floats") {
  // python make.py pixels out in 64: open_clip 3.3, Pillow 12.3
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(golden + "in")) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    const akin::image seen = akin::preprocess(akin::read_stored_image(entry.path().string()), akin::clip_preprocessing(64));
    CHECK(seen.pixels == akin::read_npy<std::uint8_t>(golden + "out/" + name + ".u8.npy").values);
    if (const std::string floats = golden + "out/" + name + ".f32.npy"; std::filesystem::exists(floats))
      CHECK(normalized(seen, akin::clip_preprocessing(64)) == akin::read_npy<float>(floats).values);
    ++files;
  }
  CHECK(files == 9);
}

TEST_CASE("every form that a file can have, under every policy") {
  const auto names = lines_of(golden + "more/names.txt");
  CHECK(names.size() == 36);
  const struct {
    std::string name;
    akin::preprocessing how;
  } policies[] = {{"open_clip", akin::clip_preprocessing(32)},
                  {"siglip", akin::siglip_preprocessing(32)},
                  {"transformers", akin::transformers_preprocessing(32)}};
  for (const auto& policy : policies) {
    CAPTURE(policy.name);
    const auto expected = akin::read_npy<std::uint8_t>(golden + "more/" + policy.name + ".u8.npy");
    const std::size_t each = 32 * 32 * 3;
    REQUIRE(expected.values.size() == each * names.size());
    for (std::size_t k = 0; k < names.size(); ++k) {
      CAPTURE(names[k]);
      const akin::image seen = akin::preprocess(akin::read_stored_image(golden + "more/in/" + names[k]), policy.how);
      CHECK(std::equal(seen.pixels.begin(), seen.pixels.end(), &expected.values[k * each], &expected.values[k * each] + each));
    }
    CHECK(normalized(every_value(), policy.how) == akin::read_npy<float>(golden + "more/" + policy.name + ".values.npy").values);
  }
}

TEST_CASE("a part of a resized image is cut out of it, by any number of threads") {
  akin::thread_pool pool(3);
  for (const char* name : {"alpha.png", "bilevel.png", "palette_alphas.png", "gray_16.png", "gray_16.pgm", "cmyk.jpg",
                           "gray_alpha.png", "tall.png"}) {
    CAPTURE(name);
    const akin::stored_image source = akin::read_stored_image(golden + "more/in/" + name);
    for (const auto& [width, height] :
         {std::pair{40, 30}, {source.samples.width, std::int64_t{61}}, {std::int64_t{90}, source.samples.height}, {7, 200}})
      for (const akin::resize_order order : {akin::resize_order::width_first, akin::resize_order::pillow_13}) {
        const akin::image_part part{width / 3, height / 4, width / 2, height / 3};
        const akin::image whole =
            akin::to_rgb(akin::crop(akin::resize(source, width, height, akin::whole(width, height), order), part));
        CHECK(akin::to_rgb(akin::resize(source, width, height, part, order)).pixels == whole.pixels);
        CHECK(akin::to_rgb(akin::resize(source, width, height, part, order, &pool)).pixels == whole.pixels);
      }
  }
}

TEST_CASE("a sliver of an image is seen without its resized whole") {
  const akin::stored_image line = akin::decode_pnm(bytes_of("P5 1 16384 255\n" + std::string(16384, '\x55')), "line");
  CHECK(akin::preprocess(line, akin::clip_preprocessing(224)).pixels == std::vector<std::uint8_t>(224 * 224 * 3, 0x55));
}

TEST_CASE("mistakes are one sentence") {
  const akin::stored_image source = akin::decode_pnm(bytes_of("P5 2 1 255\n\x07\xff"), "two");
  CHECK(sentence_of([&] { akin::preprocess(source, akin::clip_preprocessing(0)); }) ==
        "preprocess: got the size 0, expected at least one pixel");
  CHECK(contains(sentence_of([&] { akin::preprocess(source, akin::clip_preprocessing(20000)); }), "at most 16384 per side"));
  std::vector<float> planes(5);
  CHECK(contains(sentence_of([&] { akin::normalize(every_value(), akin::clip_preprocessing(), planes); }),
                 "room for 5, expected RGB"));
  CHECK(contains(sentence_of([&] { akin::crop(source, {1, 0, 2, 1}); }), "got 2 x 1 pixels at 1, 0, expected a part of 2 x 1"));
  CHECK(contains(sentence_of([&] { akin::resize(source, 5, 5, {0, 0, 5, 0}); }), "expected a part of 5 x 5"));
}
