// SPDX-License-Identifier: Apache-2.0
// A vocabulary of byte pairs that is learned from texts, and its files.
#pragma once

#include <akin/io/json_header.hpp>
#include <akin/support/error.hpp>
#include <akin/text/clean.hpp>
#include <akin/text/vocabulary.hpp>
#include <akin/text/words.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace akin::inline v0 {

namespace detail {

/// A word as ids of its pieces, and how often it stands in the texts.
struct counted_word {
  std::vector<std::uint32_t> pieces;
  std::int64_t count = 0;

  void merge(std::uint32_t first, std::uint32_t second, std::uint32_t joined) {
    std::size_t to = 0;
    for (std::size_t from = 0; from < pieces.size(); ++from, ++to) {
      const bool joins = from + 1 < pieces.size() && pieces[from] == first && pieces[from + 1] == second;
      pieces[to] = joins ? joined : pieces[from];
      from += joins;
    }
    pieces.resize(to);
  }
};

/// All different words of the cleaned texts. A byte is its own id, and 256 more at the end of a word.
inline std::vector<counted_word> count_words(std::span<const std::string> texts) {
  std::map<std::string, std::int64_t, std::less<>> counts;
  for (const std::string& text : texts)
    for_each_word(clean_text(text).text, {"<|startoftext|>", "<|endoftext|>"}, [&](std::string_view word) {
      ++counts[std::string(word)];
      return true;
    });
  std::vector<counted_word> words;
  for (const auto& [word, count] : counts) {
    auto& one = words.emplace_back(counted_word{{}, count});
    for (const char byte : word) one.pieces.push_back(static_cast<unsigned char>(byte));
    one.pieces.back() += 256;
  }
  return words;
}

/// Words, and how often each pair of neighbours stands in them. A merge counts the words anew in which its pair stands or stood, and
/// no others.
class pair_counts {
 public:
  struct frequent_pair {
    std::uint32_t first, second;
    std::int64_t count;
  };

  explicit pair_counts(std::vector<counted_word> words) : words_(std::move(words)) {
    for (std::size_t word = 0; word < words_.size(); ++word) count(word, 1);
  }

  /// The pair that stands most often, of equals the one with the smallest ids.
  frequent_pair most_frequent() const {
    if (order_.empty()) return {0, 0, 0};
    const auto [less, pair] = *order_.begin();
    return {static_cast<std::uint32_t>(pair >> 32), static_cast<std::uint32_t>(pair), -less};
  }

  void merge(const frequent_pair& pair, std::uint32_t joined) {
    std::vector<std::size_t> touched = std::move(pairs_[key(pair.first, pair.second)].words);
    std::ranges::sort(touched);
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    for (const std::size_t word : touched) {
      count(word, -1);
      words_[word].merge(pair.first, pair.second, joined);
      count(word, 1);
    }
  }

 private:
  struct counted_pair {
    std::int64_t count = 0;
    std::vector<std::size_t> words;  // in which it stands or stood
  };

  static std::uint64_t key(std::uint32_t first, std::uint32_t second) { return std::uint64_t{first} << 32 | second; }

  void count(std::size_t word, std::int64_t sign) {
    const auto& [pieces, times] = words_[word];
    for (std::size_t k = 0; k + 1 < pieces.size(); ++k) {
      const std::uint64_t pair = key(pieces[k], pieces[k + 1]);
      counted_pair& counted = pairs_[pair];
      order_.erase({-counted.count, pair});
      counted.count += sign * times;
      if (counted.count > 0) order_.insert({-counted.count, pair});
      if (sign > 0) counted.words.push_back(word);
    }
  }

  std::vector<counted_word> words_;
  std::unordered_map<std::uint64_t, counted_pair> pairs_;
  std::set<std::pair<std::int64_t, std::uint64_t>> order_;  // of the pairs that stand anywhere, the most frequent first
};

}  // namespace detail

/// A vocabulary of at most `size` pieces: the 256 bytes, the same at the ends of words, merges, and the two that begin and end a
/// text. Each merge joins the pair that stands most often in the words of the cleaned texts (of equals that of the oldest
/// pieces), until there are enough or no pair stands twice.
/// laws:   the same texts in any order give the same vocabulary
/// cost:   the bytes of the texts, and for each merge those of the different words in which its pair stands or stood, each with the
///         logarithm of how many pairs there are
/// errors: run time, where `size` is below 514
/// source: Sennrich et al. 2016 (1508.07909), section 3.2
inline bpe_vocabulary learn_vocabulary(std::span<const std::string> texts, std::size_t size) {
  constexpr std::size_t least = 2 * 256 + 2;
  if (size < least) fail("learn_vocabulary: got a size of ", size, ", expected at least ", least);
  bpe_vocabulary result;
  for (const bool ends : {false, true})
    for (const std::string& letter : byte_letters()) result.pieces.push_back(letter + std::string(ends ? word_end : ""));
  detail::pair_counts pairs(detail::count_words(texts));
  std::unordered_map<std::string, std::uint32_t> ids;
  for (std::uint32_t id = 0; id < result.pieces.size(); ++id) ids.emplace(result.pieces[id], id);
  while (result.pieces.size() + 2 < size) {
    const auto pair = pairs.most_frequent();
    if (pair.count < 2) break;
    const std::string &first = result.pieces[pair.first], &second = result.pieces[pair.second];
    const std::string joined = first + second;  // which other pieces may have made before
    const auto [place, is_new] = ids.emplace(joined, static_cast<std::uint32_t>(result.pieces.size()));
    result.merges.emplace_back(first, second);
    if (is_new) result.pieces.push_back(joined);
    pairs.merge(pair, place->second);
  }
  result.start = static_cast<std::int32_t>(result.pieces.size());
  result.end = result.start + 1;
  result.pieces.insert(result.pieces.end(), {"<|startoftext|>", "<|endoftext|>"});
  return result;
}

/// The text of vocab.json, which parse_vocab_json reads together with merges_text.
inline std::string vocab_json_text(const bpe_vocabulary& vocabulary) {
  std::string text = "{";
  for (std::size_t id = 0; id < vocabulary.pieces.size(); ++id)
    text += (id == 0 ? "\n" : ",\n") + json_quoted(vocabulary.pieces[id]) + ": " + std::to_string(id);
  return text + "\n}\n";
}

/// The text of merges.txt.
inline std::string merges_text(const bpe_vocabulary& vocabulary) {
  std::string text = "#version: 0.2\n";
  for (const auto& [first, second] : vocabulary.merges) text += first + ' ' + second + '\n';
  return text;
}

}  // namespace akin::inline v0
