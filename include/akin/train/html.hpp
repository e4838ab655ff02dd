// SPDX-License-Identifier: Apache-2.0
// What a page that stands in one file is made of: text that cannot become markup, and images inside their tags.
#pragma once

#include <akin/data/image.hpp>
#include <akin/data/resize.hpp>
#include <akin/support/error.hpp>
#include <akin/support/utf8.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace akin::inline v0 {

namespace detail {

inline void append_big_endian(std::string& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(static_cast<unsigned char>(value >> shift));
}

/// CRC-32 of a PNG chunk (ISO 3309).
inline std::uint32_t png_crc(std::string_view bytes) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> result{};
    for (std::uint32_t k = 0; k < 256; ++k) {
      std::uint32_t c = k;
      for (int bit = 0; bit < 8; ++bit) c = (c & 1u) != 0 ? 0xedb88320u ^ (c >> 1) : c >> 1;
      result[k] = c;
    }
    return result;
  }();
  std::uint32_t crc = 0xffffffffu;
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xffu] ^ (crc >> 8);
  return crc ^ 0xffffffffu;
}

}  // namespace detail

/// Text as it stands in HTML between tags and inside quoted attributes: & < > " ' are escaped; control characters (other than tab
/// and line feed) and bytes that are not UTF-8 become the replacement character.
inline std::string escape_html(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    const char c = text[0];
    const auto byte = static_cast<unsigned char>(c);
    if (length == 0 || (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) result += "\uFFFD";
    else if (c == '&') result += "&amp;";
    else if (c == '<') result += "&lt;";
    else if (c == '>') result += "&gt;";
    else if (c == '"') result += "&quot;";
    else if (c == '\'') result += "&#39;";
    else result += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

/// source: RFC 4648, section 4
inline std::string base64(std::string_view bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto byte = [&](std::size_t k) {
    return k < bytes.size() ? static_cast<unsigned>(static_cast<unsigned char>(bytes[k])) : 0u;
  };
  std::string result;
  result.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t k = 0; k < bytes.size(); k += 3) {
    const unsigned three = byte(k) << 16 | byte(k + 1) << 8 | byte(k + 2);
    result += letters[three >> 18];
    result += letters[three >> 12 & 63u];
    result += k + 1 < bytes.size() ? letters[three >> 6 & 63u] : '=';
    result += k + 2 < bytes.size() ? letters[three & 63u] : '=';
  }
  return result;
}

/// A PNG file without compression, which needs no library; zlib's level 6 makes photographs about a third smaller.
/// errors: the image has no pixels, or not as many as its size says
/// source: Portable Network Graphics, second edition; RFC 1950 and 1951 (stored blocks)
inline std::string encode_png(const image& source) {
  const bool sane = source.width > 0 && source.height > 0 && source.width <= max_image_side && source.height <= max_image_side &&
                    (source.channels == 1 || source.channels == 3);
  if (!sane || source.pixels.size() != static_cast<std::size_t>(source.width * source.height * source.channels))
    fail("encode_png: ", source.pixels.size(), " bytes are no image of ", source.width, " x ", source.height, " pixels with ",
         source.channels, " channels");
  const std::size_t row = static_cast<std::size_t>(source.width * source.channels);
  std::string rows;  // each after a zero: no filter
  rows.reserve(source.pixels.size() + static_cast<std::size_t>(source.height));
  for (std::size_t start = 0; start < source.pixels.size(); start += row) {
    rows += '\0';
    rows.append(reinterpret_cast<const char*>(&source.pixels[start]), row);
  }
  std::string stream = "\x78\x01";
  std::uint32_t low = 1, high = 0;  // Adler-32
  for (std::size_t start = 0; start < rows.size(); start += 65535) {
    const std::string_view block = std::string_view(rows).substr(start, 65535);
    const auto size = static_cast<unsigned>(block.size());
    stream += start + block.size() == rows.size() ? '\1' : '\0';
    for (const unsigned byte : {size & 255u, size >> 8, ~size & 255u, ~size >> 8 & 255u}) stream += static_cast<char>(byte);
    stream += block;
    for (const char c : block) {
      low = (low + static_cast<unsigned char>(c)) % 65521u;
      high = (high + low) % 65521u;
    }
  }
  detail::append_big_endian(stream, high << 16 | low);

  std::string header;
  detail::append_big_endian(header, static_cast<std::uint32_t>(source.width));
  detail::append_big_endian(header, static_cast<std::uint32_t>(source.height));
  header += '\x8';
  header += source.channels == 3 ? '\2' : '\0';
  header.append(3, '\0');
  std::string file = "\x89PNG\r\n\x1a\n";
  const auto chunk = [&](std::string_view kind, std::string_view content) {
    detail::append_big_endian(file, static_cast<std::uint32_t>(content.size()));
    const std::string checked = std::string(kind) + std::string(content);
    file += checked;
    detail::append_big_endian(file, detail::png_crc(checked));
  };
  chunk("IHDR", header);
  chunk("IDAT", stream);
  chunk("IEND", "");
  return file;
}

/// An <img> that holds its own pixels; the longer side is shrunk to at most `longest` pixels. An image without pixels becomes an
/// empty box. `about` is its text for those who cannot see it.
inline std::string html_image(const image& source, std::string_view about, std::int64_t longest = 96) {
  if (source.pixels.empty()) return "<span class=\"picture missing\" title=\"no image\"></span>";
  const std::int64_t side = std::max(source.width, source.height);
  std::string file;
  if (side <= longest) {
    file = encode_png(source);
  } else {
    const auto shrunk = [&](std::int64_t length) { return std::max<std::int64_t>(1, (length * longest + side / 2) / side); };
    file = encode_png(resize(source, shrunk(source.width), shrunk(source.height)));
  }
  return "<img class=\"picture\" alt=\"" + escape_html(about) + "\" src=\"data:image/png;base64," + base64(file) + "\"/>";
}

}  // namespace akin::inline v0
