// SPDX-License-Identifier: Apache-2.0
// Images as bytes in memory: gray or RGB, and the PGM and PPM formats, which need no library.
#pragma once

#include <akin/io/file.hpp>
#include <akin/support/error.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace akin::inline v0 {

/// Row-major, channels interleaved: 1 (gray) or 3 (red, green, blue).
struct image {
  std::int64_t width = 0;
  std::int64_t height = 0;
  int channels = 0;
  std::vector<std::uint8_t> pixels;
};

inline constexpr std::int64_t max_image_side = 16'384;
inline constexpr std::int64_t max_image_pixels = 134'217'728;  // 128 Mi: 400 MB as RGB

namespace detail {

/// An image with its pixels allocated, after its size was found to be sane. `name` is for sentences.
inline image make_image(std::int64_t width, std::int64_t height, int channels, std::string_view name) {
  if (width < 1 || height < 1) fail("image '", name, "' has ", width, " x ", height, " pixels, expected at least one");
  if (width > max_image_side || height > max_image_side)
    fail("image '", name, "' has ", width, " x ", height, " pixels, expected at most ", max_image_side, " per side");
  if (width * height > max_image_pixels)
    fail("image '", name, "' has ", width, " x ", height, " pixels, expected at most ", max_image_pixels, " in all");
  return {width, height, channels, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * channels))};
}

class pnm_reader {
 public:
  pnm_reader(std::span<const std::byte> bytes, const std::string& name)
      : text_(reinterpret_cast<const char*>(bytes.data()), bytes.size()), name_(name) {}

  image read() {
    const char kind = text_.size() >= 2 && text_[0] == 'P' ? text_[1] : '\0';
    if (kind != '2' && kind != '3' && kind != '5' && kind != '6')
      fail("image '", name_, "' is not a PGM or PPM file, expected P2, P3, P5 or P6 at its start");
    position_ = 2;
    const std::int64_t width = number("width"), height = number("height"), largest = number("maximum");
    if (largest < 1 || largest > 65535)
      fail("image '", name_, "': the maximum of its values is ", largest, ", expected 1 to 65535");
    const bool binary = kind >= '5';
    const std::size_t bytes_each = largest > 255 ? 2 : 1;
    const int channels = kind == '3' || kind == '6' ? 3 : 1;
    // Exactly one blank ends a binary header. In text every value takes two bytes at least. Both are checked before memory is
    // taken.
    if (binary && (position_ >= text_.size() || !is_blank(text_[position_++])))
      fail("image '", name_, "' ends early or has no blank after its header, at byte ", position_);
    const std::uint64_t needed = width <= max_image_side && height <= max_image_side
                                     ? static_cast<std::uint64_t>(width * height * channels) * (binary ? bytes_each : 2)
                                     : 0;
    const std::uint64_t present = text_.size() - position_ + (binary ? 0 : 1);
    if (needed > present)
      fail("image '", name_, "' ends early: ", present, " bytes follow its header, expected ", needed, " or more");
    image result = make_image(width, height, channels, name_);
    for (std::uint8_t& pixel : result.pixels) {
      const std::int64_t value = binary ? sample(bytes_each) : number("value");
      if (value > largest)
        fail("image '", name_, "', byte ", position_, ": the value ", value, " is above the maximum ", largest);
      const double scaled = static_cast<double>(value) / static_cast<double>(largest) * 255.0;
      pixel = largest == 255 ? static_cast<std::uint8_t>(value) : static_cast<std::uint8_t>(std::nearbyint(scaled));
    }
    return result;
  }

 private:
  static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

  std::int64_t sample(std::size_t bytes_each) {
    std::int64_t value = 0;
    for (std::size_t k = 0; k < bytes_each; ++k) value = value << 8 | static_cast<unsigned char>(text_[position_++]);
    return value;
  }

  std::int64_t number(std::string_view what) {
    while (position_ < text_.size() && (is_blank(text_[position_]) || text_[position_] == '#')) {
      if (text_[position_] == '#')
        while (position_ < text_.size() && text_[position_] != '\n') ++position_;
      else ++position_;
    }
    const std::size_t start = position_;
    std::int64_t value = 0;
    for (; position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9'; ++position_) {
      value = value * 10 + (text_[position_] - '0');
      if (value > 1'000'000'000) fail("image '", name_, "', byte ", position_, ": its ", what, " is above 1000000000");
    }
    if (position_ == text_.size() && position_ == start)
      fail("image '", name_, "' ends early, at byte ", position_, ", where a ", what, " was expected");
    if (position_ == start)
      fail("image '", name_, "', byte ", position_, ": got '", printable(text_.substr(position_, 1)), "', expected a ", what);
    return value;
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t position_ = 0;
};

}  // namespace detail

/// Decodes PGM and PPM, as text (P2, P3) or binary (P5, P6). Values are scaled from 0..maximum to 0..255 and rounded, ties to
/// even, as Pillow does. Bytes after the image are ignored. `name` is for sentences. errors: one sentence with the name: not this
/// format, cut, too large, a value above the maximum
inline image decode_pnm(std::span<const std::byte> bytes, const std::string& name) {
  return detail::pnm_reader(bytes, name).read();
}

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
inline image to_rgb(const image& source) {
  if (source.channels == 3) return source;
  image result{source.width, source.height, 3, std::vector<std::uint8_t>(3 * source.pixels.size())};
  for (std::size_t k = 0; k < result.pixels.size(); ++k) result.pixels[k] = source.pixels[k / 3];
  return result;
}

}  // namespace akin::inline v0
