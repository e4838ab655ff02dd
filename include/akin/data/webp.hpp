// SPDX-License-Identifier: Apache-2.0
// Decodes WebP images. Needs libwebp and its libwebpdemux.
#pragma once

#include <akin/data/stored_image.hpp>
#include <akin/support/error.hpp>

#include <webp/demux.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace akin::inline v0 {

namespace detail {

struct delete_webp_decoder {
  void operator()(::WebPAnimDecoder* decoder) const { ::WebPAnimDecoderDelete(decoder); }
};
struct delete_webp_demuxer {
  void operator()(::WebPDemuxer* demuxer) const { ::WebPDemuxDelete(demuxer); }
};

/// The size is checked before the decoder takes memory for it.
inline stored_image make_webp_image(const ::WebPData& data, const std::string& name) {
  const std::unique_ptr<::WebPDemuxer, delete_webp_demuxer> file(::WebPDemux(&data));
  if (!file) fail("image '", name, "' is not a readable WebP file: it is cut or corrupt");
  const bool alpha = (::WebPDemuxGetI(file.get(), WEBP_FF_FORMAT_FLAGS) & ALPHA_FLAG) != 0;
  return make_stored_image(::WebPDemuxGetI(file.get(), WEBP_FF_CANVAS_WIDTH), ::WebPDemuxGetI(file.get(), WEBP_FF_CANVAS_HEIGHT),
                           alpha ? pixel_kind::rgba : pixel_kind::rgb, name);
}

}  // namespace detail

/// Decodes a WebP image, lossy or lossless, to RGB or RGBA.
/// values: of an animation the first picture, on a transparent canvas, as Pillow shows it
/// errors: one sentence with the name: not WebP, cut, corrupt, too large
inline stored_image decode_webp(std::span<const std::byte> bytes, const std::string& name) {
  const ::WebPData data{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
  stored_image result = detail::make_webp_image(data, name);
  const std::unique_ptr<::WebPAnimDecoder, detail::delete_webp_decoder> decoder(::WebPAnimDecoderNew(&data, nullptr));
  std::uint8_t* rgba = nullptr;
  int milliseconds = 0;
  if (!decoder || ::WebPAnimDecoderGetNext(decoder.get(), &rgba, &milliseconds) == 0)
    fail("image '", name, "' is not a readable WebP file: its picture is corrupt");
  const auto channels = static_cast<std::size_t>(result.samples.channels);
  std::uint8_t* to = result.samples.pixels.data();
  for (std::size_t left = result.samples.pixels.size(); left > 0; left -= channels, to += channels, rgba += 4)
    std::copy_n(rgba, channels, to);
  return result;
}

}  // namespace akin::inline v0
