// SPDX-License-Identifier: Apache-2.0
// The pieces and merges of a byte-pair encoding, from the three kinds of text that CLIP's vocabulary is published in.
#pragma once

#include <akin/io/json_header.hpp>
#include <akin/io/lines.hpp>
#include <akin/support/error.hpp>
#include <akin/support/utf8.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// Stands after the last letter of a piece that ends a word.
inline constexpr std::string_view word_end = "</w>";

/// A byte-pair encoding as its files write it: bytes as the letters of byte_letters(), the ends of words marked with "</w>".
struct bpe_vocabulary {
  std::vector<std::string> pieces;                          // by id
  std::vector<std::pair<std::string, std::string>> merges;  // the first has precedence
  std::int32_t start = -1, end = -1;                        // ids of the pieces that begin and end every text
};

/// The letter that stands for each byte, as a printable character in UTF-8: itself from '!' to '~' and for most of Latin-1, the
/// characters from U+0100 on for the others in their order.
/// source: GPT-2's encoder.py (bytes_to_unicode)
inline const std::array<std::string, 256>& byte_letters() {
  static const std::array<std::string, 256> letters = [] {
    std::array<std::string, 256> all;
    char32_t next = 0x100;
    for (char32_t byte = 0; byte < 256; ++byte) {
      const bool printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte != 0xad);
      append_utf8(all[byte], printable ? byte : next++);
    }
    return all;
  }();
  return letters;
}

/// The bytes that such letters stand for.
/// errors: one sentence with the piece: a letter that stands for none
inline std::string bytes_of_piece(std::string_view letters) {
  constexpr std::size_t codes = 0x144;  // after the last letter
  static const std::array<std::int16_t, codes> byte_of = [] {
    std::array<std::int16_t, codes> table;
    table.fill(-1);
    for (std::size_t byte = 0; byte < 256; ++byte)
      table[first_code_point(byte_letters()[byte]).code] = static_cast<std::int16_t>(byte);
    return table;
  }();
  std::string bytes;
  for (std::string_view rest = letters; !rest.empty();) {
    const utf8_code_point next = first_code_point(rest);
    if (next.code >= codes || byte_of[next.code] < 0)
      fail("vocabulary: the piece '", detail::printable(letters), "' is not written in letters for bytes");
    bytes += static_cast<char>(byte_of[next.code]);
    rest.remove_prefix(next.bytes);
  }
  return bytes;
}

namespace detail {

/// "ab cd" as the pair of both.
inline std::pair<std::string, std::string> read_merge(std::string_view line, const std::string& name, std::size_t number) {
  const std::size_t gap = line.find(' ');
  if (gap == 0 || gap == std::string_view::npos || gap + 1 == line.size() || line.find(' ', gap + 1) != std::string_view::npos)
    fail("vocabulary '", name, "', merge ", number, ": got '", printable(line),
         "', expected two pieces with one space between them");
  return {std::string(line.substr(0, gap)), std::string(line.substr(gap + 1))};
}

/// The lines of merges.txt, of which the first may be "#version: 0.2".
inline std::vector<std::pair<std::string, std::string>> read_merges(std::string_view text, const std::string& name) {
  std::vector<std::pair<std::string, std::string>> merges;
  bool ended = false;
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    if (number == 1 && line.starts_with("#version")) return;
    if (ended && !line.empty())
      fail("vocabulary '", name, "', line ", number, " of its merges: got '", printable(line), "' after an empty line");
    ended = line.empty();
    if (!ended) merges.push_back(read_merge(line, name, merges.size() + 1));
  });
  return merges;
}

/// The ids of a JSON object {"piece": id, ...}.
inline void read_pieces(json_cursor& json, bpe_vocabulary& result) {
  constexpr std::int64_t most = 1 << 20;
  json.object([&](std::string piece) {
    const std::int64_t id = json.integer();
    if (id >= most) json.refuse("the id ", id, " is above ", most - 1);
    if (result.pieces.size() <= static_cast<std::size_t>(id)) result.pieces.resize(static_cast<std::size_t>(id) + 1);
    std::string& place = result.pieces[static_cast<std::size_t>(id)];
    if (!place.empty()) json.refuse("the id ", id, " belongs to '", printable(place), "' and to '", printable(piece), "'");
    place = std::move(piece);
  });
}

inline void find_ends(bpe_vocabulary& vocabulary, const std::string& name) {
  const auto id_of = [&](std::string_view piece) {
    for (std::size_t id = 0; id < vocabulary.pieces.size(); ++id)
      if (vocabulary.pieces[id] == piece) return static_cast<std::int32_t>(id);
    fail("vocabulary '", name, "' has no piece '", piece, "'");
  };
  vocabulary.start = id_of("<|startoftext|>");
  vocabulary.end = id_of("<|endoftext|>");
}

}  // namespace detail

/// CLIP's list of merges, as openai/CLIP and open_clip publish it (unpacked bpe_simple_vocab_16e6.txt.gz): after a first line of
/// comment, 48,894 merges that count. Pieces are the 256 bytes, the same at the ends of words, the merges, and
/// "<start_of_text>" and "<end_of_text>", as open_clip names them: 49,408.
/// errors: one sentence with the line: not two pieces; fewer merges
inline bpe_vocabulary parse_clip_merges(std::string_view text, const std::string& name) {
  constexpr std::size_t merges_that_count = 48'894;
  bpe_vocabulary result;
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    if (number > 1 && result.merges.size() < merges_that_count) result.merges.push_back(detail::read_merge(line, name, number - 1));
  });
  if (result.merges.size() != merges_that_count)
    fail("vocabulary '", name, "' has ", result.merges.size(), " merges, expected ", merges_that_count);
  // Printable bytes first, then the others: the order of their letters.
  std::vector<std::string> letters(byte_letters().begin(), byte_letters().end());
  const auto code_of = [](const std::string& letter) { return first_code_point(letter).code; };
  std::sort(letters.begin(), letters.end(), [&](const auto& a, const auto& b) { return code_of(a) < code_of(b); });
  result.pieces = letters;
  for (const auto& letter : letters) result.pieces.push_back(letter + std::string(word_end));
  for (const auto& [first, second] : result.merges) result.pieces.push_back(first + second);
  result.start = static_cast<std::int32_t>(result.pieces.size());
  result.end = result.start + 1;
  result.pieces.insert(result.pieces.end(), {"<start_of_text>", "<end_of_text>"});
  return result;
}

/// transformers' vocab.json with the merges.txt beside it.
/// errors: one sentence with the place: not such JSON; an id given twice; not two pieces; a merge after an empty line; no
///         "<|startoftext|>" or "<|endoftext|>"
inline bpe_vocabulary parse_vocab_json(std::string_view json_text, std::string_view merges_text, const std::string& name) {
  bpe_vocabulary result;
  json_cursor json(json_text, "vocabulary '" + name + "'", 0);
  detail::read_pieces(json, result);
  json.end();
  result.merges = detail::read_merges(merges_text, name);
  detail::find_ends(result, name);
  return result;
}

/// Whether a JSON text is a tokenizer.json, whose "model" is an object: in a vocab.json a piece of this name has a number.
/// errors: one sentence with the place: not such JSON
inline bool is_tokenizer_json(std::string_view text, const std::string& name) {
  bool found = false;
  json_cursor json(text, "vocabulary '" + name + "'", 0);
  json.object([&](const std::string& key) {
    found = found || (key == "model" && json.next() == '{');
    json.skip();
  });
  return found;
}

/// The model of a tokenizer.json as the `tokenizers` package writes it; how it cleans and cuts text is not read from it.
/// errors: as parse_vocab_json; no model with a vocabulary and merges; one that is no byte-pair encoding with "</w>" at the end of words
inline bpe_vocabulary parse_tokenizer_json(std::string_view text, const std::string& name) {
  bpe_vocabulary result;
  json_cursor json(text, "vocabulary '" + name + "'", 0);
  const auto read_merge = [&] {
    if (json.next() != '[') return result.merges.push_back(detail::read_merge(json.string(), name, result.merges.size() + 1));
    std::vector<std::string> pair;
    json.array([&] { pair.push_back(json.string()); });
    if (pair.size() != 2) json.refuse("a merge has ", pair.size(), " pieces, expected 2");
    result.merges.emplace_back(pair[0], pair[1]);
  };
  const auto expect = [&](const std::string& part, const std::string& given) {
    for (const auto& [known, value] : {std::pair{"type", "BPE"}, {"end_of_word_suffix", "</w>"}, {"continuing_subword_prefix", ""}})
      if (part == known && given != value) json.refuse("'", part, "' is '", detail::printable(given), "', expected '", value, "' in CLIP's tokenizer");
  };
  json.object([&](const std::string& key) {
    if (key != "model") return json.skip();
    json.object([&](const std::string& part) {
      if (part == "vocab") detail::read_pieces(json, result);
      else if (part == "merges") json.array(read_merge);
      else if (json.next() == '"') expect(part, json.string());
      else if (json.next() == 'n' && part == "end_of_word_suffix") json.refuse("'", part, "' is null, expected '</w>' in CLIP's tokenizer");
      else if (json.next() == 't' && (part == "byte_fallback" || part == "ignore_merges")) json.refuse("'", part, "' is true, expected false in CLIP's tokenizer");
      else json.skip();
    });
  });
  json.end();
  if (result.pieces.empty() || result.merges.empty()) fail("vocabulary '", name, "' has no model with a vocabulary and merges");
  detail::find_ends(result, name);
  return result;
}

}  // namespace akin::inline v0
