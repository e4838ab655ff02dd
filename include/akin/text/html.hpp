// SPDX-License-Identifier: Apache-2.0
// HTML's character references (&amp; &#233; &eacute) in running text, read in two ways: Python's, and ftfy's, which is more
// careful.
#pragma once

#include <akin/text/html_names.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace akin::inline v0::detail::unicode {

/// A reference at the start of a text: how many code points it takes, and what they mean.
struct html_reference {
  std::size_t size;
  std::u32string meaning;
};

constexpr int hexadecimal_digit(char32_t c) {
  return c >= '0' && c <= '9'                     ? static_cast<int>(c - '0')
         : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? static_cast<int>((c | 0x20) - 'a') + 10
                                                  : 99;
}
constexpr bool is_alphanumeric(char32_t c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }

template <std::size_t Count>
std::optional<std::u32string> meaning_of(const html_name (&names)[Count], std::string_view name) {
  const html_name* const place = std::ranges::lower_bound(names, name, {}, &html_name::name);
  if (place == std::end(names) || place->name != name) return {};
  return std::u32string(place->meaning);
}

/// What a numbered reference means. Numbers from 128 to 159 are taken for Windows-1252; controls and noncharacters mean nothing.
/// source: HTML standard, section 13.2.5.80
inline std::u32string numbered_character(std::uint64_t number) {
  constexpr char32_t windows_1252[]{0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
                                    0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
                                    0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};
  const auto code = static_cast<char32_t>(number);
  if (number == 0 || number > 0x10ffff || (number >= 0xd800 && number < 0xe000)) return U"\ufffd";
  if (number >= 0x80 && number < 0xa0) return {windows_1252[number - 0x80]};
  const bool control = number < 0x20 && number != '\t' && number != '\n' && number != '\f' && number != '\r';
  const bool noncharacter = (number & 0xfffe) == 0xfffe || (number >= 0xfdd0 && number < 0xfdf0);
  if (control || number == 0x7f || noncharacter) return {};
  return {code};
}

/// The reference "#12" or "#x1f;" after an ampersand.
inline std::optional<html_reference> numbered_reference(std::u32string_view text) {
  if (text.size() < 2 || text[0] != '#') return {};
  const bool hexadecimal = (text[1] | 0x20) == 'x';
  const std::size_t first = hexadecimal ? 2 : 1;
  const int base = hexadecimal ? 16 : 10;
  std::size_t size = first;
  std::uint64_t number = 0;
  for (; size < text.size() && hexadecimal_digit(text[size]) < base; ++size)
    number = (std::min)(number * static_cast<unsigned>(base) + static_cast<unsigned>(hexadecimal_digit(text[size])),
                        std::uint64_t{1} << 32);
  if (size == first) return {};
  if (size < text.size() && text[size] == ';') ++size;
  return html_reference{size, numbered_character(number)};
}

/// The letters and digits at the start of a text, as far as a name may be long, with the semicolon after them.
inline std::string html_name_at(std::u32string_view text, std::size_t longest) {
  std::string name;
  while (name.size() < (std::min)(longest, text.size()) && is_alphanumeric(text[name.size()]))
    name += static_cast<char>(text[name.size()]);
  if (name.size() < text.size() && text[name.size()] == ';') name += ';';
  return name;
}

/// Python's rule: the longest name that fits, some of them without a semicolon.
inline std::optional<html_reference> loose_reference(std::u32string_view text) {
  if (auto numbered = numbered_reference(text)) return numbered;
  for (std::string name = html_name_at(text, 32); name.size() >= 2; name.pop_back())
    if (auto meaning = meaning_of(html_names, name)) return html_reference{name.size(), *meaning};
  return {};
}

/// ftfy's rule: the semicolon is needed, names may stand in capitals, and a number makes no semicolon.
inline std::optional<html_reference> strict_reference(std::u32string_view text) {
  constexpr std::size_t longest = 24;
  if (auto numbered = numbered_reference(text)) {
    const bool whole = text[numbered->size - 1] == ';' && numbered->size <= longest + 2;
    return whole && numbered->meaning != U";" ? numbered : std::nullopt;
  }
  const std::string name = html_name_at(text, longest);
  if (name.empty() || name.back() != ';') return {};
  auto meaning = meaning_of(html_names, name);
  if (!meaning) meaning = meaning_of(shouted_html_names, name);
  if (!meaning) return {};
  return html_reference{name.size(), *meaning};
}

/// The text without strict references: what they mean takes part in others, so that none is left. A reference is resolved when
/// its semicolon comes, since what stands before it does not change any more; that semicolon may be what "&semi;" means.
/// cost: O(text)
inline std::u32string without_strict_references(std::u32string_view text) {
  constexpr std::size_t longest = 27;  // from the ampersand to the semicolon
  std::u32string result;
  result.reserve(text.size());
  for (const char32_t code : text) {
    result += code;
    while (result.ends_with(U';')) {
      const std::u32string_view end = std::u32string_view(result).substr(result.size() - (std::min)(result.size(), longest));
      const std::size_t ampersand = end.rfind(U'&');
      if (ampersand == end.npos) break;
      const std::size_t size = end.size() - ampersand;
      const auto reference = strict_reference(end.substr(ampersand + 1));
      if (!reference) break;
      result.replace(result.size() - size, size, reference->meaning);
    }
  }
  return result;
}

/// The text with each loose reference replaced by what it means; what is replaced is not read again.
inline std::u32string unescape_html(std::u32string_view text) {
  std::u32string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t ampersand = (std::min)(text.find(U'&', at), text.size());
    result += text.substr(at, ampersand - at);
    at = ampersand;
    if (at == text.size()) break;
    if (const auto reference = loose_reference(text.substr(at + 1))) {
      result += reference->meaning;
      at += 1 + reference->size;
    } else {
      result += text[at++];
    }
  }
  return result;
}

}  // namespace akin::inline v0::detail::unicode
