// SPDX-License-Identifier: Apache-2.0
// Images as bytes in memory: gray or RGB.
#pragma once

#include <akin/support/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace akin::inline v0 {

/// Row-major, channels interleaved: 1 (gray) or 3 (red, green, blue); inside a stored_image whatever its kind says.
struct image {
  std::int64_t width = 0;
  std::int64_t height = 0;
  int channels = 0;
  std::vector<std::uint8_t> pixels;
};

inline constexpr std::int64_t max_image_side = 16'384;
inline constexpr std::int64_t max_image_pixels = 134'217'728;  // 128 Mi: 400 MB as RGB

namespace detail {

/// `name` is for sentences.
inline void check_image_size(std::int64_t width, std::int64_t height, std::string_view name) {
  if (width < 1 || height < 1) fail("image '", name, "' has ", width, " x ", height, " pixels, expected at least one");
  if (width > max_image_side || height > max_image_side)
    fail("image '", name, "' has ", width, " x ", height, " pixels, expected at most ", max_image_side, " per side");
  if (width * height > max_image_pixels)
    fail("image '", name, "' has ", width, " x ", height, " pixels, expected at most ", max_image_pixels, " in all");
}

/// An image with its pixels allocated and zero, after its size was found to be sane.
inline image make_image(std::int64_t width, std::int64_t height, int channels, std::string_view name) {
  check_image_size(width, height, name);
  return {width, height, channels, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * channels))};
}

}  // namespace detail

/// Luma of ITU-R 601 in Pillow's integers: convert("L"), bit for bit. Gray images come back as they are.
inline image to_gray(const image& source) {
  if (source.channels == 1) return source;
  image result{source.width, source.height, 1, std::vector<std::uint8_t>(source.pixels.size() / 3)};
  for (std::size_t k = 0; k < result.pixels.size(); ++k) {
    const std::uint8_t* const rgb = &source.pixels[3 * k];
    result.pixels[k] = static_cast<std::uint8_t>((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
  }
  return result;
}

/// Three equal channels where there was one. RGB images come back as they are.
inline image to_rgb(image source) {
  if (source.channels == 3) return source;
  image result{source.width, source.height, 3, std::vector<std::uint8_t>(3 * source.pixels.size())};
  for (std::size_t k = 0; k < result.pixels.size(); ++k) result.pixels[k] = source.pixels[k / 3];
  return result;
}

}  // namespace akin::inline v0
