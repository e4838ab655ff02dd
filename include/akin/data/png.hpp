// SPDX-License-Identifier: Apache-2.0
// Decodes PNG images. Needs libpng.
#pragma once

#include <akin/data/stored_image.hpp>
#include <akin/support/error.hpp>

#include <png.h>

#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace akin::inline v0 {

namespace detail {

/// One decoding. libpng reports errors by longjmp, which must not skip destructors: the two functions that call setjmp are
/// noexcept, have only trivial locals and keep what must survive here; everything that allocates or throws happens between them.
class png_decoding {
 public:
  explicit png_decoding(std::span<const std::byte> bytes) : left_(bytes) {
    png_ = ::png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
    if (png_ != nullptr) info_ = ::png_create_info_struct(png_);
  }
  png_decoding(const png_decoding&) = delete;
  png_decoding& operator=(const png_decoding&) = delete;
  ~png_decoding() { ::png_destroy_read_struct(&png_, &info_, nullptr); }

  /// Reads everything before the pixels; false when there is a message().
  bool read_header() noexcept {
    if (info_ == nullptr) return false;
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    ::png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // ours are checked by make_image, with our sentence
    ::png_set_read_fn(png_, this, on_read);
    ::png_read_info(png_, info_);
    width = ::png_get_image_width(png_, info_);
    height = ::png_get_image_height(png_, info_);
    kind = kind_of(::png_get_color_type(png_, info_), ::png_get_bit_depth(png_, info_));
    if (kind == pixel_kind::palette) ::png_set_packing(png_);  // a number in each byte
    if (kind == pixel_kind::gray || kind == pixel_kind::bilevel) ::png_set_expand_gray_1_2_4_to_8(png_);
    if (kind != pixel_kind::gray_16) ::png_set_strip_16(png_);
    passes_ = ::png_set_interlace_handling(png_);
    ::png_read_update_info(png_, info_);
    return true;
  }

  /// Two bytes for a sample of 16-bit gray, else one.
  std::size_t row_bytes() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels_of(kind)) * (kind == pixel_kind::gray_16 ? 2 : 1);
  }

  bool read_pixels(std::uint8_t* pixels) noexcept {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    if (::png_get_rowbytes(png_, info_) != row_bytes()) ::png_error(png_, "unexpected row size");
    for (int pass = 0; pass < passes_; ++pass)
      for (std::size_t y = 0; y < height; ++y) ::png_read_row(png_, pixels + y * row_bytes(), nullptr);
    ::png_read_end(png_, nullptr);
    return true;
  }

  /// The colors that the file has; the others are left alone.
  void read_palette(std::array<std::uint8_t, 768>& to) noexcept {
    png_colorp colors = nullptr;
    int count = 0;
    ::png_get_PLTE(png_, info_, &colors, &count);
    for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k) {
      to[3 * k] = colors[k].red;
      to[3 * k + 1] = colors[k].green;
      to[3 * k + 2] = colors[k].blue;
    }
  }

  const char* message() const { return message_; }

  png_uint_32 width = 0, height = 0;
  pixel_kind kind = pixel_kind::gray;

 private:
  static pixel_kind kind_of(int color_type, int depth) {
    switch (color_type) {
      case PNG_COLOR_TYPE_GRAY_ALPHA:
        return pixel_kind::gray_alpha;
      case PNG_COLOR_TYPE_RGB:
        return pixel_kind::rgb;
      case PNG_COLOR_TYPE_RGB_ALPHA:
        return pixel_kind::rgba;
      case PNG_COLOR_TYPE_PALETTE:
        return pixel_kind::palette;
      default:
        return depth == 1 ? pixel_kind::bilevel : depth == 16 ? pixel_kind::gray_16 : pixel_kind::gray;
    }
  }

  [[noreturn]] static void on_error(png_structp png, png_const_charp message) {
    auto* const self = static_cast<png_decoding*>(::png_get_error_ptr(png));
    std::snprintf(self->message_, sizeof self->message_, "%s", message);
    ::png_longjmp(png, 1);
  }
  static void on_warning(png_structp, png_const_charp) {}
  static void on_read(png_structp png, png_bytep to, std::size_t size) {
    auto* const self = static_cast<png_decoding*>(::png_get_io_ptr(png));
    if (size > self->left_.size()) ::png_error(png, "the file ends early");
    std::memcpy(to, self->left_.data(), size);
    self->left_ = self->left_.subspan(size);
  }

  std::span<const std::byte> left_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  int passes_ = 1;
  char message_[160] = "libpng did not start";
};

}  // namespace detail

/// Decodes a PNG image to the kind that it has.
/// values: 16-bit samples keep their upper byte where there is more than gray; transparency given by a color and not by alpha,
///         gamma and color profiles are ignored; an animation's first picture
/// errors: one sentence with the name and libpng's reason: not PNG, cut, corrupt, too large
inline stored_image decode_png(std::span<const std::byte> bytes, const std::string& name) {
  detail::png_decoding decoding(bytes);
  const auto refuse = [&] { fail("image '", name, "' is not a readable PNG file: ", decoding.message()); };
  if (!decoding.read_header()) refuse();
  stored_image result = detail::make_stored_image(decoding.width, decoding.height, decoding.kind, name);
  result.samples.pixels.resize(decoding.row_bytes() * decoding.height);
  if (!decoding.read_pixels(result.samples.pixels.data())) refuse();
  decoding.read_palette(result.colors);
  if (decoding.kind == pixel_kind::gray_16) {
    const std::vector<std::uint8_t> pairs = std::exchange(result.samples.pixels, {});
    for (std::size_t k = 0; k < result.deep.size(); ++k) result.deep[k] = pairs[2 * k] << 8 | pairs[2 * k + 1];
  }
  return result;
}

}  // namespace akin::inline v0
