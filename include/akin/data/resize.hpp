// SPDX-License-Identifier: Apache-2.0
// Resizes images as Pillow does with BICUBIC: antialiased, in integers, equal bit for bit.
#pragma once

#include <akin/data/image.hpp>
#include <akin/support/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace akin::inline v0 {

namespace detail {

inline constexpr int resize_bits =
    32 - 8 - 2;  // fraction bits that leave room for the sum of 8-bit pixels and two bits of overshoot

/// Which input pixels each output pixel reads along one side, and their weights.
struct resize_filter {
  struct window {
    std::size_t first, count;
  };
  std::size_t longest = 0;
  std::vector<window> windows;
  std::vector<std::int32_t> weights;  // `longest` for each output pixel
};

/// Keys' cubic with a = -0.5; OpenCV's and PyTorch's a = -0.75 gives other pixels.
inline double cubic_weight(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

inline resize_filter make_resize_filter(std::int64_t in, std::int64_t out) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double widening = (std::max)(scale, 1.0), support = 2.0 * widening;
  resize_filter filter;
  filter.longest = static_cast<std::size_t>(std::ceil(support)) * 2 + 1;
  filter.weights.resize(filter.longest * static_cast<std::size_t>(out));
  std::vector<double> exact(filter.longest);
  for (std::int64_t o = 0; o < out; ++o) {
    const double center = (static_cast<double>(o) + 0.5) * scale;
    const std::int64_t low = std::max<std::int64_t>(0, static_cast<std::int64_t>(center - support + 0.5));
    const std::int64_t high = (std::min)(in, static_cast<std::int64_t>(center + support + 0.5));
    const auto count = static_cast<std::size_t>(high - low);
    double sum = 0;
    for (std::size_t k = 0; k < count; ++k)
      sum += exact[k] = cubic_weight((static_cast<double>(k) + static_cast<double>(low) - center + 0.5) * (1.0 / widening));
    for (std::size_t k = 0; k < count; ++k) {
      // Divided first and rounded away from zero afterwards: any other order differs in the last bit.
      const double weight = exact[k] / sum * (1 << resize_bits);
      filter.weights[static_cast<std::size_t>(o) * filter.longest + k] =
          static_cast<std::int32_t>(weight + (weight < 0 ? -0.5 : 0.5));
    }
    filter.windows.push_back({static_cast<std::size_t>(low), count});
  }
  return filter;
}

inline std::uint8_t rounded_pixel(std::int32_t sum) { return static_cast<std::uint8_t>(std::clamp(sum >> resize_bits, 0, 255)); }
inline constexpr std::int32_t resize_half = 1 << (resize_bits - 1);

inline image resize_width(const image& source, std::int64_t width) {
  const resize_filter filter = make_resize_filter(source.width, width);
  image result = make_image(width, source.height, source.channels, "resized");
  const auto channels = static_cast<std::size_t>(source.channels);
  std::uint8_t* to = result.pixels.data();
  for (std::size_t y = 0; y < static_cast<std::size_t>(source.height); ++y) {
    const std::uint8_t* const row = &source.pixels[y * static_cast<std::size_t>(source.width) * channels];
    for (std::size_t x = 0; x < static_cast<std::size_t>(width); ++x)
      for (std::size_t c = 0; c < channels; ++c) {
        const auto [first, count] = filter.windows[x];
        std::int32_t sum = resize_half;
        for (std::size_t k = 0; k < count; ++k) sum += row[(first + k) * channels + c] * filter.weights[x * filter.longest + k];
        *to++ = rounded_pixel(sum);
      }
  }
  return result;
}

/// Row by row: one accumulator for each byte of a row, so that the inner loop is contiguous and vectorizes.
inline image resize_height(const image& source, std::int64_t height) {
  const resize_filter filter = make_resize_filter(source.height, height);
  image result = make_image(source.width, height, source.channels, "resized");
  const std::size_t row_bytes = static_cast<std::size_t>(source.width) * static_cast<std::size_t>(source.channels);
  std::vector<std::int32_t> sums(row_bytes);
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
    const auto [first, count] = filter.windows[y];
    std::ranges::fill(sums, resize_half);
    for (std::size_t k = 0; k < count; ++k) {
      const std::uint8_t* const row = &source.pixels[(first + k) * row_bytes];
      const std::int32_t weight = filter.weights[y * filter.longest + k];
      for (std::size_t b = 0; b < row_bytes; ++b) sums[b] += row[b] * weight;
    }
    for (std::size_t b = 0; b < row_bytes; ++b) result.pixels[y * row_bytes + b] = rounded_pixel(sums[b]);
  }
  return result;
}

}  // namespace detail

/// Which side is filtered first. Each pass rounds to bytes, so the order shows (by up to 4 of 255 in photographs).
enum class resize_order {
  width_first,  // Pillow up to 12, and so what published models were trained with
  pillow_13     // height first where it shrinks by more than twice the pixels that the width does (Pillow #9549, 2026)
};

/// The image at another size. Equal to Pillow's resize((width, height), BICUBIC) on modes L and RGB, bit for bit: one side, then
/// the other, each rounded to bytes, and a side that keeps its length is not filtered. errors: a size below 1 or above the limits
/// of image.hpp
inline image resize(const image& source, std::int64_t width, std::int64_t height,
                    resize_order order = resize_order::width_first) {
  if (width < 1 || height < 1 || source.width < 1 || source.height < 1)
    fail("resize: got ", source.width, " x ", source.height, " to ", width, " x ", height, " pixels, expected at least one");
  const std::int64_t shorter = source.height - height, narrower = source.width - width;
  if (order == resize_order::pillow_13 && shorter > 0 && shorter > 2 * narrower) {
    const image short_one = detail::resize_height(source, height);
    return width == source.width ? short_one : detail::resize_width(short_one, width);
  }
  image result = width == source.width ? source : detail::resize_width(source, width);
  return height == source.height ? result : detail::resize_height(result, height);
}

}  // namespace akin::inline v0
