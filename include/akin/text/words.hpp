// SPDX-License-Identifier: Apache-2.0
// Cuts cleaned text into the words that a byte-pair encoding works on, as CLIP's regular expression does, without one.
#pragma once

#include <akin/support/utf8.hpp>
#include <akin/text/unicode.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace akin::inline v0 {

namespace detail::unicode {

/// What a code point may be part of: a run of letters, a number by itself, a run of anything else, or no word.
enum class word_part : std::uint8_t { none, letter, number, other };

constexpr word_part part_of(char32_t code) {
  const unsigned flags = flags_of(code);
  if ((flags & letter) != 0) return word_part::letter;
  if ((flags & number) != 0) return word_part::number;
  // Where case is ignored, the Greek iota below is a letter to what takes all but letters, and none to what takes letters.
  constexpr char32_t combining_iota = 0x345;
  return (flags & space) != 0 || code == combining_iota ? word_part::none : word_part::other;
}

inline constexpr std::array<word_part, 0x80> ascii_part = [] {
  std::array<word_part, 0x80> table{};
  for (char32_t c = 0; c < 0x80; ++c) table[c] = part_of(c);
  return table;
}();

struct word_step {
  word_part part;
  std::size_t bytes;
};

constexpr word_step step_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return {ascii_part[byte], 1};
  const utf8_code_point next = first_code_point(text.substr(at));
  return {part_of(next.code), next.bytes};
}

/// Bytes at the start of the text that spell `wanted` (ASCII, lower case) where case is ignored; 0 where they do not.
/// Of what differs from its lower case only the long s is left in cleaned text.
constexpr std::size_t spelled(std::string_view text, std::string_view wanted) {
  constexpr std::string_view long_s = "\xc5\xbf";
  std::size_t at = 0;
  for (const char c : wanted) {
    if (at < text.size() && text[at] == c) ++at;
    else if (c == 's' && text.substr(at).starts_with(long_s)) at += long_s.size();
    else return 0;
  }
  return at;
}

/// Bytes of 's 't 're 've 'm 'll or 'd at the start of the text, or 0.
constexpr std::size_t contraction(std::string_view text) {
  for (const std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"})
    if (const std::size_t size = spelled(text, ending)) return size;
  return 0;
}

}  // namespace detail::unicode

/// Calls on_word(word) for each word of a cleaned text, in order, until it returns false: one of the two `marks`, a contraction
/// ('s 't 're 've 'm 'll 'd), a run of letters, one number, or a run of anything else but spaces.
/// cost:    O(bytes)
/// source:  Radford et al. 2021, simple_tokenizer.py of openai/CLIP
template <class OnWord>
void for_each_word(std::string_view text, const std::array<std::string_view, 2>& marks, OnWord on_word) {
  using namespace detail::unicode;
  std::size_t at = 0;
  const auto size_of_word = [&](word_step first) {
    const std::string_view rest = text.substr(at);
    for (const std::string_view mark : marks)
      if (rest.front() == mark.front())
        if (const std::size_t size = spelled(rest, mark)) return size;
    if (rest.front() == '\'')
      if (const std::size_t size = contraction(rest)) return size;
    std::size_t end = at + first.bytes;
    if (first.part == word_part::number) return first.bytes;
    while (end < text.size()) {
      const word_step next = step_at(text, end);
      if (next.part != first.part) break;
      end += next.bytes;
    }
    return end - at;
  };
  while (at < text.size()) {
    const word_step first = step_at(text, at);
    const std::size_t size = first.part == word_part::none ? first.bytes : size_of_word(first);
    if (first.part != word_part::none && !on_word(text.substr(at, size))) return;
    at += size;
  }
}

}  // namespace akin::inline v0
