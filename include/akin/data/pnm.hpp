// SPDX-License-Identifier: Apache-2.0
// Decodes PBM, PGM and PPM images, as text or binary. Needs no library.
#pragma once

#include <akin/data/stored_image.hpp>
#include <akin/io/file.hpp>
#include <akin/support/error.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace akin::inline v0 {

namespace detail {

class pnm_reader {
 public:
  pnm_reader(std::span<const std::byte> bytes, const std::string& name)
      : text_(reinterpret_cast<const char*>(bytes.data()), bytes.size()), name_(name) {}

  stored_image read() {
    const char digit = text_.size() >= 2 && text_[0] == 'P' ? text_[1] : '\0';
    if (digit < '1' || digit > '6') fail("image '", name_, "' is not a PBM, PGM or PPM file, expected P1 to P6 at its start");
    position_ = 2;
    binary_ = digit >= '4';
    const int depth = (digit - '1') % 3;  // 0 bits, 1 gray, 2 color
    width_ = number("width");
    height_ = number("height");
    if (depth > 0) largest_ = number("maximum");
    if (largest_ < 1 || largest_ > 65535)
      fail("image '", name_, "': the maximum of its values is ", largest_, ", expected 1 to 65535");
    // Exactly one blank ends a binary header.
    if (binary_ && (position_ >= text_.size() || !is_blank(text_[position_++])))
      fail("image '", name_, "' ends early or has no blank after its header, at byte ", position_);
    return depth == 0 ? bits() : values(depth == 2 ? pixel_kind::rgb : largest_ > 255 ? pixel_kind::gray_32 : pixel_kind::gray);
  }

 private:
  static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

  /// Memory is taken for an image only after the file was found long enough to hold it.
  stored_image make(pixel_kind kind, std::int64_t needed) {
    const std::size_t present = text_.size() - position_;
    if (width_ <= max_image_side && height_ <= max_image_side && std::cmp_greater(needed, present))
      fail("image '", name_, "' ends early: ", present, " bytes follow its header, expected ", needed, " or more");
    return make_stored_image(width_, height_, kind, name_);
  }

  stored_image bits() {
    const std::int64_t row_bytes = (width_ + 7) / 8;
    stored_image result = make(pixel_kind::bilevel, height_ * (binary_ ? row_bytes : width_));
    const char* row = text_.data() + position_;
    for (std::int64_t y = 0; y < height_; ++y, row += row_bytes)
      for (std::int64_t x = 0; x < width_; ++x) {
        const bool black = binary_ ? (row[x / 8] >> (7 - x % 8) & 1) != 0 : text_bit();
        result.samples.pixels[static_cast<std::size_t>(y * width_ + x)] = black ? 0 : 255;
      }
    return result;
  }

  stored_image values(pixel_kind kind) {
    const std::int64_t count = width_ * height_ * channels_of(kind), bytes_each = largest_ > 255 ? 2 : 1;
    stored_image result = make(kind, binary_ ? count * bytes_each : 2 * count - 1);  // in text a blank parts two values
    const double range = is_deep(kind) ? 65535.0 : 255.0;
    for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k) {
      const std::int64_t value = binary_ ? sample(bytes_each) : number("value");
      if (value > largest_)
        fail("image '", name_, "', byte ", position_, ": the value ", value, " is above the maximum ", largest_);
      const double scaled = std::nearbyint(static_cast<double>(value) / static_cast<double>(largest_) * range);
      if (is_deep(kind)) result.deep[k] = static_cast<std::int32_t>(scaled);
      else result.samples.pixels[k] = static_cast<std::uint8_t>(scaled);
    }
    return result;
  }

  std::int64_t sample(std::int64_t bytes_each) {
    std::int64_t value = 0;
    for (std::int64_t k = 0; k < bytes_each; ++k) value = value << 8 | static_cast<unsigned char>(text_[position_++]);
    return value;
  }

  void skip_blanks_and_comments() {
    while (position_ < text_.size() && (is_blank(text_[position_]) || text_[position_] == '#')) {
      if (text_[position_] == '#')
        while (position_ < text_.size() && text_[position_] != '\n' && text_[position_] != '\r') ++position_;
      else ++position_;
    }
  }

  /// The bits of P1 need no blanks between them.
  bool text_bit() {
    skip_blanks_and_comments();
    if (position_ == text_.size()) fail("image '", name_, "' ends early, at byte ", position_, ", where a value was expected");
    const char bit = text_[position_++];
    if (bit != '0' && bit != '1')
      fail("image '", name_, "', byte ", position_ - 1, ": got '", printable({&bit, 1}), "', expected 0 or 1");
    return bit == '1';
  }

  std::int64_t number(std::string_view what) {
    skip_blanks_and_comments();
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
  bool binary_ = false;
  std::int64_t width_ = 0, height_ = 0, largest_ = 1;
};

}  // namespace detail

/// Decodes PBM, PGM and PPM, as text (P1, P2, P3) or binary (P4, P5, P6).
/// values: scaled from 0..maximum to 0..255, gray with a maximum above 255 to 0..65535, and rounded, ties to even, as Pillow
///         does; bytes after the image are ignored
/// errors: one sentence with the name: not this format, cut, too large, a value above the maximum
inline stored_image decode_pnm(std::span<const std::byte> bytes, const std::string& name) {
  return detail::pnm_reader(bytes, name).read();
}

}  // namespace akin::inline v0
