// SPDX-License-Identifier: Apache-2.0
// UTF-8: one code point at a time, from bytes that may be anything and back to bytes.
#pragma once

#include <akin/support/compiler.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace akin::inline v0 {

/// What stands at the start of a text: a code point and the bytes that it took. Where the bytes are not valid the code point is
/// U+FFFD, and `bytes` counts what can still be taken for one character, as Python's decoder does with errors="replace".
struct utf8_code_point {
  char32_t code;
  std::size_t bytes;
  bool valid;
};

/// The first code point of a text that is not empty.
/// source: The Unicode Standard, table 3-7 (well-formed sequences) and section 3.9 (maximal subparts)
constexpr utf8_code_point first_code_point(std::string_view text) {
  const auto at = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned first = at(0);
  if (first < 0x80) return {first, 1, true};
  if (first < 0xc2 || first > 0xf4) return {0xfffd, 1, false};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  // The second byte excludes overlong forms, surrogates and what is above U+10FFFF.
  unsigned least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80, most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  char32_t code = first & (0xffu >> (length + 1));
  for (std::size_t k = 1; k < length; ++k) {
    if (k == text.size() || at(k) < least || at(k) > most) return {0xfffd, k, false};
    code = code << 6 | (at(k) & 0x3fu);
    least = 0x80, most = 0xbf;
  }
  return {code, length, true};
}

/// Bytes of the UTF-8 sequence at the start of the text; 0 where it is not valid (overlong, surrogate, cut, above U+10FFFF).
constexpr std::size_t utf8_sequence(std::string_view text) {
  if (text.empty()) return 0;
  const utf8_code_point first = first_code_point(text);
  return first.valid ? first.bytes : 0;
}

constexpr bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

inline void append_utf8(std::string& result, char32_t code) {
  const auto put = [&](char32_t byte) { result += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

/// The text with U+FFFD in each place that is not UTF-8, as Python decodes with errors="replace". `replaced` counts the places.
inline std::string repaired_utf8(std::string_view text, std::int64_t& replaced) {
  std::string result;
  while (!text.empty()) {
    const utf8_code_point first = first_code_point(text);
    replaced += !first.valid;
    append_utf8(result, first.code);
    text.remove_prefix(first.bytes);
  }
  return result;
}

}  // namespace akin::inline v0
