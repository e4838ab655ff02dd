// SPDX-License-Identifier: Apache-2.0
// Questions about code points, and the two transformations of whole texts that follow from them: NFC and lower case.
#pragma once

#include <akin/text/unicode_tables.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace akin::inline v0::detail::unicode {

/// The flags of a code point, as a sum of code_point_flag.
constexpr unsigned flags_of(char32_t code) {
  const std::size_t block = code / flag_block;
  return block < std::size(flag_row) ? flag_rows[flag_row[block] * flag_block + code % flag_block] : 0u;
}

/// The entry of a table sorted by `Key` whose key is `wanted`, or nullptr.
template <auto Key, class Entry, std::size_t Count>
constexpr const Entry* find_entry(const Entry (&table)[Count], char32_t wanted) {
  const Entry* const place = std::ranges::lower_bound(table, wanted, {}, Key);
  return place != std::end(table) && place->*Key == wanted ? place : nullptr;
}

/// Canonical combining class.
constexpr unsigned order_of(char32_t code) {
  if ((flags_of(code) & unsettled) == 0) return 0;
  const combining_range* const place = std::ranges::lower_bound(combining_ranges, code, {}, &combining_range::last);
  return place != std::end(combining_ranges) && place->first <= code ? place->order : 0u;
}

/// Hangul syllables are numbered, not listed.
/// source: The Unicode Standard, section 3.12
namespace hangul {
inline constexpr char32_t syllable = 0xac00, leading = 0x1100, vowel = 0x1161, trailing = 0x11a7;
inline constexpr char32_t leadings = 19, vowels = 21, trailings = 28, syllables = leadings * vowels * trailings;
}  // namespace hangul

inline void append_decomposed(std::u32string& out, char32_t code) {
  if (const char32_t number = code - hangul::syllable; number < hangul::syllables) {
    out += hangul::leading + number / (hangul::vowels * hangul::trailings);
    out += hangul::vowel + number / hangul::trailings % hangul::vowels;
    if (number % hangul::trailings != 0) out += hangul::trailing + number % hangul::trailings;
  } else if (const decomposition* const parts = find_entry<&decomposition::whole>(decompositions, code)) {
    append_decomposed(out, parts->first);
    if (parts->second != 0) append_decomposed(out, parts->second);
  } else {
    out += code;
  }
}

/// What two code points compose to, or 0.
constexpr char32_t composed(char32_t first, char32_t second) {
  if (first - hangul::leading < hangul::leadings && second - hangul::vowel < hangul::vowels)
    return hangul::syllable + ((first - hangul::leading) * hangul::vowels + (second - hangul::vowel)) * hangul::trailings;
  if (first - hangul::syllable < hangul::syllables && (first - hangul::syllable) % hangul::trailings == 0 &&
      second > hangul::trailing && second < hangul::trailing + hangul::trailings)
    return first + (second - hangul::trailing);
  const std::uint64_t wanted = std::uint64_t{first} << 32 | second;
  const auto pair = [](const decomposition& d) { return std::uint64_t{d.first} << 32 | d.second; };
  const decomposition* const place = std::ranges::lower_bound(compositions, wanted, {}, pair);
  return place != std::end(compositions) && pair(*place) == wanted ? place->whole : 0;
}

/// Puts marks into their canonical order, and together with what stands before them where a code point for both exists.
inline void compose(std::u32string& parts) {
  for (auto begin = parts.begin(); begin != parts.end();) {
    const auto is_mark = [](char32_t code) { return order_of(code) != 0; };
    const auto end = std::find_if_not(begin, parts.end(), is_mark);
    std::ranges::stable_sort(begin, end, {}, order_of);
    begin = std::find_if(end, parts.end(), is_mark);
  }
  constexpr std::size_t none = std::u32string::npos;
  std::size_t used = 0, starter = none;
  unsigned last_order = 0;  // of what stands between the starter and the next code point
  for (const char32_t code : parts) {
    const unsigned order = order_of(code);
    const bool blocked = starter == none || (starter + 1 != used && last_order >= order);
    if (const char32_t whole = blocked ? 0 : composed(parts[starter], code)) {
      parts[starter] = whole;
      continue;
    }
    if (order == 0) starter = used;
    last_order = order;
    parts[used++] = code;
  }
  parts.resize(used);
}

/// Normalization Form C.
/// cost:    settled code points are copied; only those beside an unsettled one are looked up
/// source:  Unicode Standard Annex 15
inline std::u32string nfc(std::u32string_view text) {
  const auto is_unsettled = [](char32_t code) { return (flags_of(code) & unsettled) != 0; };
  std::u32string result, parts;
  result.reserve(text.size());
  for (auto at = text.begin(); at != text.end();) {
    const auto first = std::find_if(at, text.end(), is_unsettled), last = std::find_if_not(first, text.end(), is_unsettled);
    result.append(at, first);
    parts.clear();
    if (first != last && !result.empty()) {  // what stands before may take part
      append_decomposed(parts, result.back());
      result.pop_back();
    }
    std::for_each(first, last, [&](char32_t code) { append_decomposed(parts, code); });
    compose(parts);
    result += parts;
    at = last;
  }
  return result;
}

/// Whether the sigma at `place` ends a word: something cased stands before it and nothing cased after it, apart from what case
/// ignores.
/// source: The Unicode Standard, table 3-17 (Final_Sigma)
constexpr bool is_final_sigma(std::u32string_view text, std::size_t place) {
  const auto ignored = [&](std::size_t k) { return (flags_of(text[k]) & case_ignorable) != 0; };
  std::size_t before = place, after = place + 1;
  while (before > 0 && ignored(before - 1)) --before;
  while (after < text.size() && ignored(after)) ++after;
  const bool follows_cased = before > 0 && (flags_of(text[before - 1]) & cased) != 0;
  return follows_cased && !(after < text.size() && (flags_of(text[after]) & cased) != 0);
}

/// Lower case, as Python's str.lower().
inline std::u32string lower(std::u32string_view text) {
  constexpr char32_t dotted_capital_i = 0x130, dot_above = 0x307, capital_sigma = 0x3a3, sigma = 0x3c3, final_sigma = 0x3c2;
  std::u32string result;
  result.reserve(text.size());
  for (std::size_t k = 0; k < text.size(); ++k) {
    const char32_t code = text[k];
    if ((flags_of(code) & upper) == 0) {
      result += code;
    } else if (code == capital_sigma) {
      result += is_final_sigma(text, k) ? final_sigma : sigma;
    } else {
      result += find_entry<&lower_case::from>(lower_cases, code)->to;
      if (code == dotted_capital_i) result += dot_above;
    }
  }
  return result;
}

}  // namespace akin::inline v0::detail::unicode
