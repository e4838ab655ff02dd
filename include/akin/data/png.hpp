// SPDX-License-Identifier: Apache-2.0
// Decodes PNG images. Needs libpng.
#pragma once

#include <akin/data/image.hpp>
#include <akin/support/error.hpp>

#include <png.h>

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>

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
    const int type = ::png_get_color_type(png_, info_);
    channels = (type & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1;
    if (type == PNG_COLOR_TYPE_PALETTE) ::png_set_palette_to_rgb(png_);
    if (type == PNG_COLOR_TYPE_GRAY) ::png_set_expand_gray_1_2_4_to_8(png_);
    ::png_set_strip_16(png_);
    ::png_set_strip_alpha(png_);
    passes_ = ::png_set_interlace_handling(png_);
    ::png_read_update_info(png_, info_);
    row_bytes_ = ::png_get_rowbytes(png_, info_);
    return true;
  }

  bool read_pixels(std::uint8_t* pixels) noexcept {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    if (row_bytes_ != static_cast<std::size_t>(width) * static_cast<std::size_t>(channels))
      ::png_error(png_, "unexpected row size");
    for (int pass = 0; pass < passes_; ++pass)
      for (std::size_t y = 0; y < height; ++y) ::png_read_row(png_, pixels + y * row_bytes_, nullptr);
    ::png_read_end(png_, nullptr);
    return true;
  }

  const char* message() const { return message_; }

  png_uint_32 width = 0, height = 0;
  int channels = 0;

 private:
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
  std::size_t row_bytes_ = 0;
  int passes_ = 1;
  char message_[160] = "libpng did not start";
};

}  // namespace detail

/// Decodes a PNG image to gray (types gray and gray with alpha) or RGB (all others).
/// values: alpha is dropped, not composited, as Pillow's convert("RGB") does; 16-bit samples keep their upper byte; gamma and
///         colour profiles are ignored
/// errors: one sentence with the name and libpng's reason: not PNG, cut, corrupt, too large
inline image decode_png(std::span<const std::byte> bytes, const std::string& name) {
  detail::png_decoding decoding(bytes);
  if (!decoding.read_header()) fail("image '", name, "' is not a readable PNG file: ", decoding.message());
  image result = detail::make_image(decoding.width, decoding.height, decoding.channels, name);
  if (!decoding.read_pixels(result.pixels.data())) fail("image '", name, "' is not a readable PNG file: ", decoding.message());
  return result;
}

}  // namespace akin::inline v0
