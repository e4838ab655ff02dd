// SPDX-License-Identifier: Apache-2.0
// Text as CLIP's tokenizer wants it: repaired, without HTML references, single spaces, lower case.
#pragma once

#include <akin/support/utf8.hpp>
#include <akin/text/html.hpp>
#include <akin/text/unicode.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace akin::inline v0 {

namespace detail::unicode {

struct decoded_text {
  std::u32string codes;
  std::int64_t replaced = 0;  // places where the bytes were not valid
};

inline decoded_text decode_utf8(std::string_view text) {
  decoded_text result;
  result.codes.reserve(text.size());
  while (!text.empty()) {
    const utf8_code_point next = first_code_point(text);
    result.codes += next.code;
    result.replaced += !next.valid;
    text.remove_prefix(next.bytes);
  }
  return result;
}

inline std::string encode_utf8(std::u32string_view codes) {
  std::string text;
  text.reserve(codes.size());
  for (const char32_t code : codes) append_utf8(text, code);
  return text;
}

/// Code points of a terminal's escape sequence ("ESC [ 3 1 ; 1 m") at the start of a text; 0 where none stands there.
constexpr std::size_t terminal_escape(std::u32string_view text) {
  if (!text.starts_with(U"\x1b[")) return 0;
  std::size_t size = 2;
  while (size < text.size() && (text[size] == ';' || (flags_of(text[size]) & decimal) != 0)) ++size;
  const bool letter_ends_it = size < text.size() && (text[size] | 0x20) >= 'a' && (text[size] | 0x20) <= 'z';
  return letter_ends_it ? size + 1 : 0;
}

/// Plain width, straight quotes, no ligatures; terminal escapes and controls go.
inline std::u32string replace_characters(std::u32string_view text) {
  std::u32string with_escapes, result;
  for (const char32_t code : text) {
    const replacement* const found =
        (flags_of(code) & unsettled) == 0 ? nullptr : find_entry<&replacement::from>(replacements, code);
    if (found == nullptr || found->count == 0) with_escapes += code;
    else with_escapes.append(found->to, found->count);
  }
  for (std::size_t k = 0; k < with_escapes.size();) {
    const char32_t code = with_escapes[k];
    const std::size_t escape = terminal_escape(std::u32string_view(with_escapes).substr(k));
    const bool removed = (flags_of(code) & unsettled) != 0 && find_entry<&replacement::from>(replacements, code) != nullptr;
    if (escape == 0 && !removed) result += code;
    k += (std::max)(escape, std::size_t{1});
  }
  return result;
}

inline bool may_change(std::u32string_view line, bool references) {
  return std::ranges::any_of(line,
                             [&](char32_t code) { return (flags_of(code) & unsettled) != 0 || (references && code == '&'); });
}

/// What ftfy 6's fix_text does, but for two things: mojibake stays as it is, and so do line breaks, which are white space here
/// anyway. A line with a '<' is taken for HTML: its references stay, and those of the lines after it.
inline std::u32string fix_text(std::u32string_view text) {
  constexpr std::size_t longest_line = 1'000'000;  // ftfy's
  std::u32string result;
  bool references = true;
  while (!text.empty()) {
    const std::size_t line_end = text.find(U'\n') + 1;
    std::u32string line(text.substr(0, (std::min)(line_end == 0 ? text.size() : line_end, longest_line)));
    text.remove_prefix(line.size());
    references = references && line.find(U'<') == std::u32string::npos;
    while (may_change(line, references)) {
      std::u32string fixed = nfc(replace_characters(references ? without_strict_references(line) : line));
      if (fixed == line) break;
      line = std::move(fixed);
    }
    result += line;
  }
  return result;
}

/// Single spaces for white space, and none at the ends.
inline std::u32string collapse_spaces(std::u32string_view text) {
  std::u32string result;
  result.reserve(text.size());
  for (const char32_t code : text) {
    if ((flags_of(code) & space) == 0) result += code;
    else if (!result.empty() && result.back() != ' ') result += U' ';
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

/// For each byte what it becomes where it stands for itself: lower case, or a space for white space; 0 where more must be known.
inline constexpr std::array<char, 256> plain_bytes = [] {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < 0x80; ++c) {
    const unsigned flags = flags_of(static_cast<char32_t>(c));
    if ((flags & unsettled) != 0 || c == '&') continue;
    table[c] = static_cast<char>((flags & space) != 0 ? ' ' : (flags & upper) != 0 ? c | 0x20 : c);
  }
  return table;
}();

/// The first code point of a text in lower case, where that and nothing else is done to it; 0 where more must be known.
inline char32_t plainly_cleaned(std::string_view text, const utf8_code_point& first) {
  constexpr char32_t dotted_capital_i = 0x130, capital_sigma = 0x3a3;
  const unsigned flags = flags_of(first.code);
  if (first.code == '&') return text.substr(1).starts_with(' ') ? '&' : 0;
  if (!first.valid || (flags & unsettled) != 0 || first.code == dotted_capital_i || first.code == capital_sigma) return 0;
  if ((flags & space) != 0) return ' ';
  return (flags & upper) != 0 ? find_entry<&lower_case::from>(lower_cases, first.code)->to : first.code;
}

/// Cleans a text in which every code point stands for itself, the usual case, in one pass. False where one asks for more.
inline bool clean_plain(std::string_view text, std::string& result) {
  result.reserve(text.size());
  while (!text.empty()) {
    char32_t code = static_cast<unsigned char>(plain_bytes[static_cast<unsigned char>(text.front())]);
    std::size_t bytes = 1;
    if (code == 0) {
      const utf8_code_point first = first_code_point(text);
      code = plainly_cleaned(text, first);
      bytes = first.bytes;
      if (code == 0) return false;
    }
    if (code != ' ' || (!result.empty() && result.back() != ' ')) append_utf8(result, code);
    text.remove_prefix(bytes);
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return true;
}

}  // namespace detail::unicode

struct cleaned_text {
  std::string text;
  std::int64_t replaced = 0;  // places where bytes that are not UTF-8 became U+FFFD
};

namespace detail::unicode {

/// A text decoded, repaired as ftfy does it, and without HTML references.
inline decoded_text repaired(std::string_view text) {
  decoded_text result = decode_utf8(text);
  std::u32string& codes = result.codes;
  if (may_change(codes, true)) codes = unescape_html(unescape_html(fix_text(codes)));
  return result;
}

}  // namespace detail::unicode

/// A text as open_clip cleans it for CLIP: ftfy's fixes, HTML references resolved twice, single spaces, lower case.
/// values:  equal to open_clip's for valid UTF-8, but for mojibake, which ftfy repairs and this leaves as it is; bytes that are
///          not UTF-8 become U+FFFD as in Python's decoder with errors="replace"
/// cost:    O(bytes), once more for each layer of references that other repairs complete, as a control in "&lt;" hides it; a text
///          without anything to repair is read once
/// source:  open_clip's tokenizer.py (_clean_lower), ftfy 6, Python's html.unescape and str.lower
inline cleaned_text clean_text(std::string_view text) {
  using namespace detail::unicode;
  cleaned_text result;
  if (clean_plain(text, result.text)) return result;
  const decoded_text decoded = repaired(text);
  return {encode_utf8(lower(collapse_spaces(decoded.codes))), decoded.replaced};
}

}  // namespace akin::inline v0
