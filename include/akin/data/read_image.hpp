// SPDX-License-Identifier: Apache-2.0
// Reads an image in whichever format its first bytes announce. Needs libpng, libjpeg-turbo, libwebp and libwebpdemux.
#pragma once

#include <akin/data/jpeg.hpp>
#include <akin/data/png.hpp>
#include <akin/data/pnm.hpp>
#include <akin/data/stored_image.hpp>
#include <akin/data/webp.hpp>
#include <akin/io/file.hpp>
#include <akin/support/error.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace akin::inline v0 {

/// Decodes PNG, JPEG, WebP, PBM, PGM or PPM to the form that the file has; the content decides, never the name, which is for
/// sentences.
/// errors: one sentence with the name: empty, another format; then as the format's decoder
inline stored_image decode_stored_image(std::span<const std::byte> bytes, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.empty()) fail("image '", name, "' is empty");
  if (text.starts_with("\x89PNG")) return decode_png(bytes, name);
  if (text.starts_with("\xff\xd8")) return decode_jpeg(bytes, name);
  if (text.starts_with("RIFF") && text.size() > 12 && text.substr(8, 4) == "WEBP") return decode_webp(bytes, name);
  if (text.size() >= 2 && text[0] == 'P' && text[1] >= '1' && text[1] <= '6') return decode_pnm(bytes, name);
  fail("image '", name, "' begins with '", detail::printable(text.substr(0, 4)),
       "', expected a PNG, JPEG, WebP, PBM, PGM or PPM file");
}

/// The same as gray or RGB.
inline image decode_image(std::span<const std::byte> bytes, const std::string& name) {
  return to_visible(decode_stored_image(bytes, name));
}

/// Reads and decodes a file of at most a gigabyte.
inline stored_image read_stored_image(const std::string& path) {
  const std::string bytes = read_file(path);
  return decode_stored_image(std::as_bytes(std::span(bytes)), path);
}
inline image read_image(const std::string& path) { return to_visible(read_stored_image(path)); }

}  // namespace akin::inline v0
