// SPDX-License-Identifier: Apache-2.0
// The words of a small set of captions: text to integers, for the mean of word embeddings.
#pragma once

#include <akin/support/error.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace akin::inline v0 {

/// Lower-case words without punctuation: letters, digits, '-' and '\'' make a word, and so do bytes outside of ASCII.
inline std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(word);
    word.clear();
  };
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '\'' || (c & 0x80)) word += upper ? static_cast<char>(c - 'A' + 'a') : c;
    else end_word();
  }
  end_word();
  return words;
}

/// Words numbered from 1 in the order of their first appearance; 0 is padding.
class word_vocabulary {
 public:
  /// Gives each new word the next number.
  void add(std::string_view text) {
    for (auto& w : words_of(text))
      if (std::find(words_.begin(), words_.end(), w) == words_.end()) words_.push_back(std::move(w));
  }

  /// Rows that an embedding table needs: the words and the padding.
  std::int64_t rows() const { return static_cast<std::int64_t>(words_.size()) + 1; }
  std::span<const std::string> words() const { return words_; }

  /// Numbers of a text's words, padded with 0. Unknown words are left out and handed to `unknown`.
  /// errors: run time, where the text has more known words than `ids` has places
  template <class Unknown>
  void encode(std::string_view text, std::span<std::int32_t> ids, Unknown unknown) const {
    std::size_t count = 0;
    for (const auto& w : words_of(text)) {
      const auto place = std::find(words_.begin(), words_.end(), w);
      if (place == words_.end()) {
        unknown(w);
        continue;
      }
      if (count == ids.size()) fail("text '", text, "' has more than ", ids.size(), " words");
      ids[count++] = static_cast<std::int32_t>(place - words_.begin()) + 1;
    }
    std::fill(ids.begin() + static_cast<std::ptrdiff_t>(count), ids.end(), 0);
  }

 private:
  std::vector<std::string> words_;
};

}  // namespace akin::inline v0
