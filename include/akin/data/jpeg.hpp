// SPDX-License-Identifier: Apache-2.0
// Decodes JPEG images. Needs libjpeg-turbo.
#pragma once

#include <akin/data/stored_image.hpp>
#include <akin/support/error.hpp>

#include <cstddef>
#include <cstdio>

#include <jpeglib.h>  // needs <cstdio> and <cstddef> before it

#include <jerror.h>

#include <csetjmp>
#include <cstdint>
#include <span>
#include <string>

namespace akin::inline v0 {

namespace detail {

/// One decoding. libjpeg reports errors by a call that must not return (its own calls exit()): ours jumps back. A jump must not
/// skip destructors, so the functions that call setjmp are noexcept, have only trivial locals and keep what must survive here.
class jpeg_decoding {
 public:
  explicit jpeg_decoding(std::span<const std::byte> bytes) : bytes_(bytes) {
    decoder_.err = ::jpeg_std_error(&errors_);
    decoder_.client_data = this;
    errors_.error_exit = on_error;
    errors_.emit_message = on_message;
    progress_.progress_monitor = on_progress;
  }
  jpeg_decoding(const jpeg_decoding&) = delete;
  jpeg_decoding& operator=(const jpeg_decoding&) = delete;
  ~jpeg_decoding() {
    if (created_) ::jpeg_destroy_decompress(&decoder_);
  }

  /// Reads everything before the pixels; false when there is a message().
  bool read_header() noexcept {
    if (setjmp(jump_) != 0) return false;
    ::jpeg_create_decompress(&decoder_);
    created_ = true;
    decoder_.progress = &progress_;
    ::jpeg_mem_src(&decoder_, reinterpret_cast<const unsigned char*>(bytes_.data()), static_cast<unsigned long>(bytes_.size()));
    ::jpeg_read_header(&decoder_, static_cast<::boolean>(1));
    width = decoder_.image_width;
    height = decoder_.image_height;
    switch (decoder_.jpeg_color_space) {
      case JCS_GRAYSCALE:
        decoder_.out_color_space = JCS_GRAYSCALE;
        break;
      case JCS_CMYK:
      case JCS_YCCK:
        decoder_.out_color_space = JCS_CMYK;
        break;  // libjpeg goes no further
      default:
        decoder_.out_color_space = JCS_RGB;
    }
    kind = decoder_.out_color_space == JCS_GRAYSCALE ? pixel_kind::gray
           : decoder_.out_color_space == JCS_RGB     ? pixel_kind::rgb
                                                     : pixel_kind::cmyk;
    return true;
  }

  bool read_pixels(std::uint8_t* pixels) noexcept {
    if (setjmp(jump_) != 0) return false;
    ::jpeg_start_decompress(&decoder_);
    const std::size_t row_bytes = static_cast<std::size_t>(width) * static_cast<std::size_t>(channels_of(kind));
    while (decoder_.output_scanline < height) {
      JSAMPROW row = pixels + decoder_.output_scanline * row_bytes;
      ::jpeg_read_scanlines(&decoder_, &row, 1);
    }
    ::jpeg_finish_decompress(&decoder_);
    return true;
  }

  const char* message() const { return message_; }

  JDIMENSION width = 0, height = 0;
  pixel_kind kind = pixel_kind::rgb;

 private:
  static jpeg_decoding& self(::j_common_ptr decoder) { return *static_cast<jpeg_decoding*>(decoder->client_data); }

  [[noreturn]] static void on_error(::j_common_ptr decoder) {
    decoder->err->format_message(decoder, self(decoder).message_);
    std::longjmp(self(decoder).jump_, 1);
  }
  /// Level -1 is a warning: the data is damaged and libjpeg would go on with invented pixels. Refused, except what leaves all
  /// pixels intact and is common in the wild.
  static void on_message(::j_common_ptr decoder, int level) {
    if (level >= 0) return;
    const int code = decoder->err->msg_code;
    if (code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM && code != JWRN_JFIF_MAJOR && code != JWRN_TOO_MUCH_DATA)
      on_error(decoder);
  }
  /// A small progressive file can ask for thousands of passes over a large image; real ones have about ten.
  static void on_progress(::j_common_ptr decoder) {
    if (!decoder->is_decompressor || reinterpret_cast<::j_decompress_ptr>(decoder)->input_scan_number <= 500) return;
    std::snprintf(self(decoder).message_, sizeof self(decoder).message_, "more than 500 scans");
    std::longjmp(self(decoder).jump_, 1);
  }

  std::span<const std::byte> bytes_;
  ::jpeg_decompress_struct decoder_{};
  ::jpeg_error_mgr errors_{};
  ::jpeg_progress_mgr progress_{};
  std::jmp_buf jump_{};
  bool created_ = false;
  char message_[JMSG_LENGTH_MAX] = "";
};

}  // namespace detail

/// Decodes a JPEG image to gray, RGB or CMYK, with the accurate integer transform and smooth upsampling: Pillow's bits.
/// values: the samples of CMYK are taken for inverted, as Adobe writes them and Pillow always takes them; the EXIF orientation is
///         ignored, as open_clip ignores it
/// errors: one sentence with the name and libjpeg's reason: not JPEG, cut, corrupt, too large
inline stored_image decode_jpeg(std::span<const std::byte> bytes, const std::string& name) {
  if (bytes.empty()) fail("image '", name, "' is empty");
  detail::jpeg_decoding decoding(bytes);
  const auto refuse = [&] { fail("image '", name, "' is not a readable JPEG file: ", decoding.message()); };
  if (!decoding.read_header()) refuse();
  stored_image result = detail::make_stored_image(decoding.width, decoding.height, decoding.kind, name);
  if (!decoding.read_pixels(result.samples.pixels.data())) refuse();
  if (decoding.kind == pixel_kind::cmyk)
    for (std::uint8_t& sample : result.samples.pixels) sample = static_cast<std::uint8_t>(255 - sample);
  return result;
}

}  // namespace akin::inline v0
