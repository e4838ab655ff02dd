// SPDX-License-Identifier: Apache-2.0
// CLIP's tokenizer: texts to rows of ids and back.
#pragma once

#include <akin/text/byte_pairs.hpp>
#include <akin/text/clean.hpp>
#include <akin/text/vocabulary.hpp>
#include <akin/text/words.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// What follows the end of a text in its row: zeros (openai/CLIP, open_clip), or the end again (transformers).
enum class padding { zero, end };

/// What becomes of a text with more ids than a row has places: an error (openai/CLIP unless told), its first ids, or its first
/// ids with the end in the last place (open_clip).
enum class overlong { refuse, cut, cut_before_end };

/// How texts become rows. As it stands, as open_clip.
struct row_layout {
  std::int64_t context_length = 77;
  akin::padding padding = akin::padding::zero;
  akin::overlong overlong = akin::overlong::cut_before_end;
};

/// Rows of ids, and what happened on the way to them.
struct token_rows {
  std::vector<std::int32_t> ids;  // [texts, context length]
  std::int64_t cut = 0;           // texts that were too long
  std::int64_t replaced = 0;      // places where bytes that are not UTF-8 became U+FFFD
};

/// One text as ids, its start and its end among them.
struct token_ids {
  std::vector<std::int32_t> ids;
  bool cut = false;
  std::int64_t replaced = 0;
};

/// CLIP's tokenizer over a given vocabulary. Any number of threads may use one at the same time.
class clip_tokenizer {
 public:
  explicit clip_tokenizer(bpe_vocabulary vocabulary) : vocabulary_(std::move(vocabulary)), encoder_(vocabulary_) {}

  std::int32_t start() const { return vocabulary_.start; }
  std::int32_t end() const { return vocabulary_.end; }
  /// Rows that an embedding table needs.
  std::int64_t size() const { return std::ssize(vocabulary_.pieces); }

  /// A piece as the vocabulary writes it: letters for bytes, "</w>" after the last of a word.
  /// errors: run time, where the vocabulary has no such id
  std::string_view piece(std::int32_t id) const {
    if (id < 0 || id >= size()) fail("tokenizer: got the id ", id, ", expected one from 0 to ", size() - 1);
    return vocabulary_.pieces[static_cast<std::size_t>(id)];
  }

  /// The ids of a text, from its start to its end. Where they are more than `most`, its first ids with the end in the last place.
  /// values:  equal to open_clip's (clean_text says where not)
  /// errors:  run time, where `most` leaves no place for start and end
  token_ids encode(std::string_view text, std::int64_t most = std::int64_t{1} << 62) const {
    token_ids result;
    result.cut = append(text, most, result.ids, result.replaced);
    if (result.cut) result.ids.back() = end();
    return result;
  }

  /// A row for each text.
  /// shapes:  [texts] -> [texts, context length]
  /// errors:  run time, where overlong::refuse meets a text with too many ids, or the context has no place for start and end
  /// cost:    some 30 ns for each id of plain English on one core of an EPYC (Zen 4); bench/text
  token_rows rows(std::span<const std::string> texts, const row_layout& layout = {}) const {
    token_rows result;
    const auto width = static_cast<std::size_t>(std::max<std::int64_t>(layout.context_length, 0));
    result.ids.reserve(texts.size() * width);
    const std::int32_t filling = layout.padding == padding::zero ? 0 : end();
    for (std::size_t k = 0; k < texts.size(); ++k) {
      const bool cut = append(texts[k], layout.context_length, result.ids, result.replaced);
      if (cut && layout.overlong == overlong::refuse)
        fail("tokenizer: text ", k, ", '", detail::printable(texts[k]), "', has more than ", layout.context_length,
             " ids with its start and its end");
      if (cut && layout.overlong == overlong::cut_before_end) result.ids.back() = end();
      result.cut += cut;
      result.ids.resize((k + 1) * width, filling);
    }
    return result;
  }

  /// The text of some ids up to the first end, without the start: cleaned, with a space after each word.
  /// laws:   encode(decode(encode(text).ids)).ids == encode(text).ids, but where the cleaned text still holds an HTML reference or
  ///         spells one of the two marks: these are read once more
  /// errors: run time, where the vocabulary has no such id
  std::string decode(std::span<const std::int32_t> ids) const {
    std::string text;
    for (const std::int32_t id : ids) {
      if (id == end()) break;
      if (id == start()) continue;
      std::string_view letters = piece(id);
      const bool ends = letters.ends_with(word_end);
      if (ends) letters.remove_suffix(word_end.size());
      text += bytes_of_piece(letters);
      if (ends) text += ' ';
    }
    if (text.ends_with(' ')) text.pop_back();
    return text;
  }

 private:
  /// Appends at most `most` ids; true where there were more.
  bool append(std::string_view text, std::int64_t most, std::vector<std::int32_t>& ids, std::int64_t& replaced) const {
    if (most < 2) fail("tokenizer: a context of ", most, " ids has no place for the start and the end of a text");
    const cleaned_text cleaned = clean_text(text);
    replaced += cleaned.replaced;
    const std::size_t first = ids.size();
    ids.reserve(first + static_cast<std::size_t>(std::min(most, std::ssize(cleaned.text) + 2)));
    const auto too_many = [&] { return std::ssize(ids) - static_cast<std::int64_t>(first) > most; };
    ids.push_back(start());
    for_each_word(cleaned.text, {piece(start()), piece(end())}, [&](std::string_view word) {
      if (word == piece(start())) ids.push_back(start());
      else if (word == piece(end())) ids.push_back(end());
      else encoder_.encode(word, ids);
      return !too_many();
    });
    ids.push_back(end());
    if (!too_many()) return false;
    ids.resize(first + static_cast<std::size_t>(most));
    return true;
  }

  bpe_vocabulary vocabulary_;
  byte_pair_encoder encoder_;
};

}  // namespace akin::inline v0
