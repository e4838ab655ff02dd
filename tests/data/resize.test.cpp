// SPDX-License-Identifier: Apache-2.0
// Resizing gives Pillow's pixels, bit for bit.
#include <akin/data/resize.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace {

/// y, x, c = np.mgrid[0:h, 0:w, 0:channels]; ((x * 37 + y * 101 + c * 59 + x * y * 13) % 256).astype("u1")
akin::image pattern(std::int64_t width, std::int64_t height, int channels) {
  akin::image result{width, height, channels, {}};
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c)
        result.pixels.push_back(static_cast<std::uint8_t>(x * 37 + y * 101 + c * 59 + x * y * 13));
  return result;
}

std::uint64_t fnv(const std::vector<std::uint8_t>& bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

}  // namespace

TEST_CASE("pixels are Pillow's") {
  // Image.fromarray(pattern).resize((W, H), Image.BICUBIC).tobytes() in Pillow 11.3, its FNV-1a hash; gray, then RGB
  struct golden {
    std::int64_t width, height, new_width, new_height;
    std::uint64_t gray, rgb;
  };
  for (const golden& one :
       {golden{7, 5, 4, 3, 0xf137c3510daf1672, 0x72289344dfecf3dc}, golden{5, 4, 9, 7, 0x16fdbdaa00fc6945, 0xb9d779926ecbeb97},
        golden{64, 48, 20, 15, 0x4464ae23857d2871, 0x703eadbf489e40fa},
        golden{40, 30, 61, 30, 0x171af56f50b16621, 0xdb0586636bd4e654},
        golden{20, 90, 18, 11, 0x967e5f7956aab2b8, 0xef7333a749fadfbe}}) {
    CAPTURE(one.width);
    CHECK(fnv(akin::resize(pattern(one.width, one.height, 1), one.new_width, one.new_height).pixels) == one.gray);
    CHECK(fnv(akin::resize(pattern(one.width, one.height, 3), one.new_width, one.new_height).pixels) == one.rgb);
  }
  const std::vector<std::uint8_t> expected{60, 137, 132, 166, 109, 122, 122, 92, 144, 127, 144, 170};
  CHECK(akin::resize(pattern(7, 5, 1), 4, 3).pixels == expected);
}

TEST_CASE("the order of Pillow 13 is there for those who need it") {
  const akin::image tall = pattern(20, 90, 1), flat = pattern(64, 48, 1);
  CHECK(fnv(akin::resize(tall, 18, 11, akin::resize_order::pillow_13).pixels) == 0x49633d4f93804857);  // Pillow 13.0
  CHECK(akin::resize(flat, 20, 15, akin::resize_order::pillow_13).pixels == akin::resize(flat, 20, 15).pixels);
}

TEST_CASE("the same size is the same image, and constants stay") {
  const akin::image source = pattern(13, 7, 3);
  CHECK(akin::resize(source, 13, 7).pixels == source.pixels);
  const akin::image white{9, 11, 1, std::vector<std::uint8_t>(99, 255)};
  for (const std::int64_t side : {1, 2, 10, 50}) {
    const akin::image resized = akin::resize(white, side, side + 1);
    CHECK(resized.width == side);
    CHECK(resized.height == side + 1);
    CHECK(resized.pixels == std::vector<std::uint8_t>(static_cast<std::size_t>(side * (side + 1)), 255));
  }
}

TEST_CASE("impossible sizes are refused with one sentence") {
  for (const akin::pixel_kind kind : {akin::pixel_kind::gray, akin::pixel_kind::gray_16, akin::pixel_kind::bilevel}) {
    const akin::stored_image dot = akin::detail::make_stored_image(1, 1, kind, "dot");
    CHECK(contains(sentence_of([&] { akin::resize(dot, 12'000, 12'000, akin::whole(12'000, 12'000)); }),
                   "12000 x 12000 pixels, expected at most 134217728 in all"));
  }
  const akin::image source = pattern(3, 2, 1);
  CHECK(sentence_of([&] { akin::resize(source, 0, 5); }) == "resize: got 3 x 2 to 0 x 5 pixels, expected at least one");
  CHECK(contains(sentence_of([&] { akin::resize(akin::image{}, 4, 5); }), "got 0 x 0 to 4 x 5"));
  CHECK(contains(sentence_of([&] { akin::resize(source, 16385, 5); }), "at most 16384 per side"));
}
