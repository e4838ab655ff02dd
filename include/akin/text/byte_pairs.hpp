// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding of single words, with the whole vocabulary in three flat tables.
#pragma once

#include <akin/support/error.hpp>
#include <akin/text/vocabulary.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace akin::inline v0 {

namespace detail {

/// From a pair of pieces to the place of their merge in the list. Three numbers of 21 bits share a slot, so that CLIP's 48,894
/// merges take 1 MiB.
class merge_table {
 public:
  static constexpr std::uint32_t none = (1u << 21) - 1;

  explicit merge_table(std::size_t merges) : slots_(std::bit_ceil(2 * merges + 2), empty) {}

  /// The first of equal pairs stays.
  void insert(std::uint32_t left, std::uint32_t right, std::uint32_t place) {
    const std::uint64_t pair = key(left, right);
    std::size_t slot = first_slot(pair);
    for (; slots_[slot] != empty; slot = next_slot(slot))
      if (slots_[slot] >> bits == pair) return;
    slots_[slot] = pair << bits | place;
  }

  std::uint32_t find(std::uint32_t left, std::uint32_t right) const {
    const std::uint64_t pair = key(left, right);
    for (std::size_t slot = first_slot(pair); slots_[slot] != empty; slot = next_slot(slot))
      if (slots_[slot] >> bits == pair) return static_cast<std::uint32_t>(slots_[slot]) & none;
    return none;
  }

 private:
  static constexpr int bits = 21;
  static constexpr std::uint64_t empty = ~std::uint64_t{};
  static std::uint64_t key(std::uint32_t left, std::uint32_t right) { return std::uint64_t{left} << bits | right; }
  std::size_t first_slot(std::uint64_t pair) const { return (pair * 0x9e3779b97f4a7c15u >> 32) & (slots_.size() - 1); }
  std::size_t next_slot(std::size_t slot) const { return (slot + 1) & (slots_.size() - 1); }

  std::vector<std::uint64_t> slots_;
};

/// A hash of some bytes, eight at a time.
inline std::uint64_t hash_of(std::string_view bytes) {
  const auto load = [&]<class Word>(std::size_t at, Word word) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    return std::uint64_t{word};
  };
  const std::size_t size = bytes.size();
  std::uint64_t hash = size;
  const auto mix = [&](std::uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  };
  std::size_t at = 0;
  for (; at + 8 < size; at += 8) mix(load(at, std::uint64_t{}));
  // The last one to eight bytes: two words that may overlap.
  const std::size_t rest = size - at;
  if (rest >= 4) mix(load(at, std::uint32_t{}) << 32 | load(size - 4, std::uint32_t{}));
  else if (rest > 0)
    mix(load(at, std::uint8_t{}) << 16 | load(at + rest / 2, std::uint8_t{}) << 8 | load(size - 1, std::uint8_t{}));
  return hash;
}

}  // namespace detail

/// Turns words into pieces: the earliest merge that applies anywhere is applied, from left to right, until none does.
/// cost:    a word that is one piece is one look-up; others O(bytes log bytes)
/// errors:  a byte or a merge that the vocabulary has no piece for; two pieces of the same text; more than 2,097,150 pieces
/// source:  Sennrich et al. 2016 (1508.07909)
class byte_pair_encoder {
 public:
  explicit byte_pair_encoder(const bpe_vocabulary& vocabulary) : merges_(vocabulary.merges.size()) {
    if (vocabulary.pieces.size() >= detail::merge_table::none || vocabulary.merges.size() >= detail::merge_table::none)
      fail("byte pairs: the vocabulary has ", vocabulary.pieces.size(), " pieces, expected less than ",
           detail::merge_table::none);
    std::unordered_map<std::string_view, std::uint32_t> ids;
    for (std::uint32_t id = 0; id < vocabulary.pieces.size(); ++id)
      if (!ids.emplace(vocabulary.pieces[id], id).second && !vocabulary.pieces[id].empty())
        fail("byte pairs: two pieces are '", detail::printable(vocabulary.pieces[id]), "'");
    const auto id_of = [&](const std::string& piece) {
      const auto found = ids.find(piece);
      if (found == ids.end()) fail("byte pairs: the vocabulary has no piece '", detail::printable(piece), "'");
      return found->second;
    };
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::string& letter = byte_letters()[byte];
      inner_[byte] = id_of(letter);
      last_[byte] = id_of(letter + std::string(word_end));
    }
    for (const auto& [first, second] : vocabulary.merges) {
      merges_.insert(id_of(first), id_of(second), static_cast<std::uint32_t>(results_.size()));
      results_.push_back(id_of(first + second));
    }
    list_words(vocabulary.pieces);
  }

  /// Appends the pieces of a word that is not empty.
  void encode(std::string_view word, std::vector<std::int32_t>& ids) const {
    if (word.size() == 1) return ids.push_back(static_cast<std::int32_t>(last_[static_cast<unsigned char>(word[0])]));
    for (std::size_t slot = detail::hash_of(word) & mask(); words_[slot].size != 0; slot = (slot + 1) & mask())
      if (text_of(words_[slot]) == word) return ids.push_back(words_[slot].id);
    merge(word, ids);
  }

 private:
  struct whole_word {
    std::uint32_t offset, size = 0;
    std::int32_t id;
  };

  std::size_t mask() const { return words_.size() - 1; }
  std::string_view text_of(const whole_word& word) const { return std::string_view(texts_).substr(word.offset, word.size); }

  /// Fills the table of words that come out as one piece.
  void list_words(const std::vector<std::string>& pieces) {
    words_.assign(std::bit_ceil(2 * pieces.size()), {});
    std::vector<std::int32_t> merged;
    for (const std::string& piece : pieces) {
      if (!piece.ends_with(word_end)) continue;
      const std::string word = bytes_of_piece(std::string_view(piece).substr(0, piece.size() - word_end.size()));
      merged.clear();
      if (word.size() > 1) merge(word, merged);
      if (merged.size() != 1) continue;
      std::size_t slot = detail::hash_of(word) & mask();
      while (words_[slot].size != 0) slot = (slot + 1) & mask();
      words_[slot] = {static_cast<std::uint32_t>(texts_.size()), static_cast<std::uint32_t>(word.size()), merged[0]};
      texts_ += word;
    }
  }

  /// A part of a word on its way to a piece; `next_merge` is that with the part after it.
  struct part {
    std::uint32_t piece, next_merge;
  };

  void merge(std::string_view word, std::vector<std::int32_t>& ids) const {
    constexpr std::size_t usual = 64;
    if (word.size() > usual) return merge_long(word, ids);
    std::array<part, usual> parts;
    std::size_t count = word.size();
    for (std::size_t k = 0; k < count; ++k) parts[k] = {piece_of_byte(word, k), changed};
    while (true) {
      std::uint32_t earliest = detail::merge_table::none;
      for (std::size_t k = 0; k + 1 < count; ++k) {
        if (parts[k].next_merge == changed) parts[k].next_merge = merges_.find(parts[k].piece, parts[k + 1].piece);
        earliest = (std::min)(earliest, parts[k].next_merge);
      }
      if (earliest == detail::merge_table::none) break;
      count = apply(earliest, std::span(parts).first(count));
    }
    for (std::size_t k = 0; k < count; ++k) ids.push_back(static_cast<std::int32_t>(parts[k].piece));
  }

  /// Applies a merge wherever it stands, from left to right; the number of parts that are left.
  std::size_t apply(std::uint32_t merge, std::span<part> parts) const {
    std::size_t used = 0;
    for (std::size_t k = 0; k < parts.size(); ++k, ++used) {
      parts[used] = parts[k];
      if (k + 1 == parts.size() || parts[k].next_merge != merge) continue;
      parts[used] = {results_[merge], changed};
      if (used > 0) parts[used - 1].next_merge = changed;
      ++k;
    }
    return used;
  }

  /// The same for a word of any length: the merges that apply wait in a queue, the earliest and then the leftmost first.
  void merge_long(std::string_view word, std::vector<std::int32_t>& ids) const {
    struct link {
      std::uint32_t piece;
      std::size_t before, after;
    };
    struct waiting {
      std::uint32_t merge;
      std::size_t left, right;
      std::uint32_t left_piece, right_piece;
      bool operator<(const waiting& other) const { return std::pair(merge, left) > std::pair(other.merge, other.left); }
    };
    constexpr std::uint32_t gone = detail::merge_table::none;
    const std::size_t size = word.size();
    std::vector<link> links(size);
    std::priority_queue<waiting> queue;
    const auto offer = [&](std::size_t left, std::size_t right) {
      const std::uint32_t found = merges_.find(links[left].piece, links[right].piece);
      if (found != detail::merge_table::none) queue.push({found, left, right, links[left].piece, links[right].piece});
    };
    for (std::size_t k = 0; k < size; ++k) links[k] = {piece_of_byte(word, k), k - 1, k + 1};
    for (std::size_t k = 0; k + 1 < size; ++k) offer(k, k + 1);
    while (!queue.empty()) {
      const waiting next = queue.top();
      queue.pop();
      link &left = links[next.left], &right = links[next.right];
      if (left.piece != next.left_piece || right.piece != next.right_piece || left.after != next.right) continue;
      left = {results_[next.merge], left.before, right.after};
      right.piece = gone;
      if (left.after < size) links[left.after].before = next.left, offer(next.left, left.after);
      if (next.left != 0) offer(left.before, next.left);
    }
    for (const link& one : links)
      if (one.piece != gone) ids.push_back(static_cast<std::int32_t>(one.piece));
  }

  std::uint32_t piece_of_byte(std::string_view word, std::size_t k) const {
    return (k + 1 < word.size() ? inner_ : last_)[static_cast<unsigned char>(word[k])];
  }

  static constexpr std::uint32_t changed = detail::merge_table::none + 1;  // a merge that has to be looked up

  detail::merge_table merges_;
  std::vector<std::uint32_t> results_;               // the piece that each merge makes
  std::array<std::uint32_t, 256> inner_{}, last_{};  // the piece of each byte, and of each byte that ends a word
  std::vector<whole_word> words_;                    // open addressing by hash_of
  std::string texts_;                                // of whole words, one after the other
};

}  // namespace akin::inline v0
