// SPDX-License-Identifier: Apache-2.0
// Random crops have the area and the shape that they are asked for, everywhere in the image, and replay.
#include <akin/data/random_crop.hpp>
#include <akin/data/read_image.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <cmath>
#include <cstdint>

TEST_CASE("area, ratio and place are in their ranges and fill them") {
  akin::random_stream random(1, 2);
  const std::int64_t width = 640, height = 480;
  double area_sum = 0, ratio_sum = 0, x_sum = 0, y_sum = 0;
  const int crops = 4000;
  for (int k = 0; k < crops; ++k) {
    const akin::image_part part = akin::random_crop(width, height, random, {0.08, 1.0});
    const double area = static_cast<double>(part.width * part.height) / static_cast<double>(width * height);
    const double ratio = static_cast<double>(part.width) / static_cast<double>(part.height);
    CHECK((part.x >= 0 && part.y >= 0 && part.x + part.width <= width && part.y + part.height <= height));
    CHECK((area > 0.079 && area < 1.001 && ratio > 0.74 && ratio < 1.35));
    area_sum += area;
    ratio_sum += std::log(ratio);
    if (part.width < width) x_sum += static_cast<double>(part.x) / static_cast<double>(width - part.width);
    if (part.height < height) y_sum += static_cast<double>(part.y) / static_cast<double>(height - part.height);
  }
  // torchvision's RandomResizedCrop((0.08, 1)) on 640 x 480: means 0.432 and 0.030 over 20,000 crops.
  CHECK(std::abs(area_sum / crops - 0.432) < 0.015);
  CHECK(std::abs(ratio_sum / crops - 0.030) < 0.011);
  CHECK(std::abs(x_sum / crops - 0.5) < 0.02);
  CHECK(std::abs(y_sum / crops - 0.5) < 0.02);
}

TEST_CASE("where nothing fits, the largest part in the middle") {
  akin::random_stream random(1, 2);
  const auto same = [](const akin::image_part& a, const akin::image_part& b) {
    return a.x == b.x && a.y == b.y && a.width == b.width && a.height == b.height;
  };
  CHECK(same(akin::random_crop(1000, 30, random), {480, 0, 40, 30}));  // torchvision: i, j, h, w = 0, 480, 30, 40
  CHECK(same(akin::random_crop(30, 1000, random), {0, 480, 30, 40}));
  CHECK(same(akin::random_crop(1, 1, random), {0, 0, 1, 1}));
}

TEST_CASE("a copy of the stream replays the pixels") {
  const akin::stored_image source = akin::read_stored_image(AKIN_GOLDEN_DIR "/pixels/in/photo_420.jpg");
  akin::random_stream random(3, 4);
  akin::random_stream again = random;
  const akin::preprocessing how = akin::clip_preprocessing(48);
  const akin::random_crop_ranges small{0.3, 0.5};
  const akin::image first = akin::preprocess_for_training(source, how, random, small);
  CHECK(first.width == 48);
  CHECK(akin::preprocess_for_training(source, how, again, small).pixels == first.pixels);
  CHECK(akin::preprocess_for_training(source, how, random, small).pixels != first.pixels);
}

TEST_CASE("impossible ranges are one sentence") {
  akin::random_stream random(1, 2);
  CHECK(contains(sentence_of([&] { akin::random_crop(0, 5, random); }), "got 0 x 5 pixels"));
  CHECK(contains(sentence_of([&] { akin::random_crop(5, 5, random, {0.9, 0.5}); }), "areas from 0.9 to 0.5"));
}
