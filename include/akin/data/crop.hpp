// SPDX-License-Identifier: Apache-2.0
// Cuts rectangles out of images.
#pragma once

#include <akin/data/stored_image.hpp>
#include <akin/support/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// The columns x to x + width - 1 and the rows y to y + height - 1 of an image.
struct image_part {
  std::int64_t x = 0, y = 0, width = 0, height = 0;
};

constexpr image_part whole(std::int64_t width, std::int64_t height) { return {0, 0, width, height}; }

namespace detail {

inline void check_part(const image_part& part, std::int64_t width, std::int64_t height) {
  const auto fits = [](std::int64_t first, std::int64_t count, std::int64_t all) {
    return first >= 0 && count >= 1 && first <= all - count;
  };
  if (!fits(part.x, part.width, width) || !fits(part.y, part.height, height))
    fail("crop: got ", part.width, " x ", part.height, " pixels at ", part.x, ", ", part.y, ", expected a part of ", width, " x ",
         height);
}

template <class Sample>
std::vector<Sample> crop_samples(const std::vector<Sample>& samples, std::int64_t width, std::int64_t channels,
                                 const image_part& part) {
  std::vector<Sample> result;
  result.reserve(static_cast<std::size_t>(part.width * part.height * channels));
  for (std::int64_t y = part.y; y < part.y + part.height; ++y) {
    const auto row = samples.begin() + (y * width + part.x) * channels;
    result.insert(result.end(), row, row + part.width * channels);
  }
  return result;
}

}  // namespace detail

/// The pixels of a part.
/// errors: a part that is empty or not inside the image
inline stored_image crop(stored_image source, const image_part& part) {
  image& all = source.samples;
  detail::check_part(part, all.width, all.height);
  if (part.width == all.width && part.height == all.height) return source;
  if (is_deep(source.kind)) source.deep = detail::crop_samples(source.deep, all.width, 1, part);
  else all.pixels = detail::crop_samples(all.pixels, all.width, all.channels, part);
  all.width = part.width;
  all.height = part.height;
  return source;
}

}  // namespace akin::inline v0
