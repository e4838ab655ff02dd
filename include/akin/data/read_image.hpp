// SPDX-License-Identifier: Apache-2.0
// Reads an image in whichever format its first bytes announce. Needs libpng and libjpeg-turbo.
#pragma once

#include <akin/data/image.hpp>
#include <akin/data/jpeg.hpp>
#include <akin/data/png.hpp>
#include <akin/io/file.hpp>
#include <akin/support/error.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace akin::inline v0 {

/// Decodes PNG, JPEG, PGM or PPM; the content decides, never the name, which is for sentences.
/// errors: one sentence with the name: empty, another format; then as the format's decoder
inline image decode_image(std::span<const std::byte> bytes, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.empty()) fail("image '", name, "' is empty");
  if (text.starts_with("\x89PNG")) return decode_png(bytes, name);
  if (text.starts_with("\xff\xd8")) return decode_jpeg(bytes, name);
  if (text.size() >= 2 && text[0] == 'P' && std::string_view("2356").find(text[1]) != std::string_view::npos)
    return decode_pnm(bytes, name);
  fail("image '", name, "' begins with '", detail::printable(text.substr(0, 4)), "', expected a PNG, JPEG, PGM or PPM file");
}

/// Reads and decodes a file.
inline image read_image(const std::string& path) {
  const std::string bytes = read_file(path);
  return decode_image(std::as_bytes(std::span(bytes)), path);
}

}  // namespace akin::inline v0
