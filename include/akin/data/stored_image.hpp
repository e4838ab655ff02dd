// SPDX-License-Identifier: Apache-2.0
// Images in the form in which their files hold them. Published models resize that form and turn it to RGB afterwards, so it shows
// in their pixels whether a file has a palette or transparency.
#pragma once

#include <akin/data/image.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// What the samples of an image mean; behind it the name of the same mode in Pillow.
enum class pixel_kind {
  gray,        // L
  gray_alpha,  // LA
  rgb,         // RGB
  rgba,        // RGBA
  cmyk,        // CMYK: 255 is full ink
  palette,     // P: numbers of colors
  bilevel,     // 1: 0 or 255
  gray_16,     // I;16: 0 to 65535, kept as Pillow keeps PNG's
  gray_32      // I: the same range, kept as Pillow keeps PGM's
};

struct stored_image {
  pixel_kind kind = pixel_kind::gray;
  image samples;                           // of gray_16 and gray_32 the size alone
  std::vector<std::int32_t> deep;          // the samples of gray_16 and gray_32
  std::array<std::uint8_t, 768> colors{};  // the palette's red, green, blue; black where the file has none
};

constexpr int channels_of(pixel_kind kind) {
  switch (kind) {
    case pixel_kind::gray_alpha:
      return 2;
    case pixel_kind::rgb:
      return 3;
    case pixel_kind::rgba:
    case pixel_kind::cmyk:
      return 4;
    default:
      return 1;
  }
}
constexpr bool is_deep(pixel_kind kind) { return kind == pixel_kind::gray_16 || kind == pixel_kind::gray_32; }

namespace detail {

/// A stored image with its samples allocated and zero, after its size was found to be sane. `name` is for sentences.
inline stored_image make_stored_image(std::int64_t width, std::int64_t height, pixel_kind kind, std::string_view name) {
  check_image_size(width, height, name);
  stored_image result;
  result.kind = kind;
  result.samples = {width, height, channels_of(kind), {}};
  const auto count = static_cast<std::size_t>(width * height * channels_of(kind));
  if (is_deep(kind)) result.deep.resize(count);
  else result.samples.pixels.resize(count);
  return result;
}

/// convert(from, to) for each pixel: from its samples to `channels` bytes.
template <class Convert>
image convert_pixels(const image& source, int channels, Convert convert) {
  const std::size_t count = source.pixels.size() / static_cast<std::size_t>(source.channels);
  image result{source.width, source.height, channels, std::vector<std::uint8_t>(count * static_cast<std::size_t>(channels))};
  const std::uint8_t* from = source.pixels.data();
  std::uint8_t* to = result.pixels.data();
  for (std::size_t k = 0; k < count; ++k, from += source.channels, to += channels) convert(from, to);
  return result;
}

inline void rgb_from_cmyk(const std::uint8_t* cmyk, std::uint8_t* rgb) {
  const int light = 255 - cmyk[3];
  for (int c = 0; c < 3; ++c) {
    const int product = cmyk[c] * light + 128;
    rgb[c] = static_cast<std::uint8_t>(light - (((product >> 8) + product) >> 8));
  }
}

/// Gray stays one channel, what has colors becomes three.
template <class FromDeep>
image drop_form(stored_image source, FromDeep from_deep) {
  switch (source.kind) {
    case pixel_kind::gray:
    case pixel_kind::bilevel:
    case pixel_kind::rgb:
      return std::move(source.samples);
    case pixel_kind::gray_alpha:
      return convert_pixels(source.samples, 1, [](const std::uint8_t* from, std::uint8_t* to) { *to = *from; });
    case pixel_kind::rgba:
      return convert_pixels(source.samples, 3, [](const std::uint8_t* from, std::uint8_t* to) { std::copy_n(from, 3, to); });
    case pixel_kind::cmyk:
      return convert_pixels(source.samples, 3, rgb_from_cmyk);
    case pixel_kind::palette:
      return convert_pixels(source.samples, 3, [&](const std::uint8_t* from, std::uint8_t* to) {
        std::copy_n(&source.colors[3 * static_cast<std::size_t>(*from)], 3, to);
      });
    case pixel_kind::gray_16:
    case pixel_kind::gray_32:
      break;
  }
  source.samples.pixels.reserve(source.deep.size());
  for (const std::int32_t value : source.deep) source.samples.pixels.push_back(static_cast<std::uint8_t>(from_deep(value)));
  return std::move(source.samples);
}

}  // namespace detail

/// Pillow's convert("RGB"), bit for bit.
/// values: alpha is dropped, not composited; 16-bit grays above 255 become white, as they do in Pillow 12
inline image to_rgb(stored_image source) {
  return to_rgb(detail::drop_form(std::move(source), [](std::int32_t value) { return std::clamp(value, 0, 255); }));
}

/// The image as it was meant to be seen: gray where the file has no colors, else RGB.
/// values: as to_rgb, but 16-bit grays keep their upper byte
inline image to_visible(stored_image source) {
  return detail::drop_form(std::move(source), [](std::int32_t value) { return std::clamp(value >> 8, 0, 255); });
}

}  // namespace akin::inline v0
