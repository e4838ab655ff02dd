// SPDX-License-Identifier: Apache-2.0
// Learned byte pairs against merges by hand, and through the files that are written of them.
#include <akin/support/random.hpp>
#include <akin/text/learn_vocabulary.hpp>
#include <akin/text/tokenizer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace {

using merges = std::vector<std::pair<std::string, std::string>>;

/// The words of Sennrich et al. 2016, figure 1: low 5, lower 2, newest 6, widest 3 times.
std::vector<std::string> paper_texts() {
  std::vector<std::string> texts;
  for (const auto& [word, count] : {std::pair{"low", 5}, {"lower", 2}, {"newest", 6}, {"Widest", 3}})
    for (int k = 0; k < count; ++k) texts.push_back(word);
  return texts;
}

}  // namespace

TEST_CASE("merges by hand") {
  // Pairs at first: e s 9, s t</w> 9, w e 8 (lower 2, newest 6), l o 7, ...; of equals that of the oldest pieces, e (101) before s (115).
  // Then es t</w> 9; l o 7; of n e, e w, w est</w> (6 each) e w; n ew; new est</w>; lo w</w> 5; the rest stands 3 times or less.
  const auto learned = akin::learn_vocabulary(paper_texts(), 514 + 7);
  CHECK(learned.merges == merges{{"e", "s"}, {"es", "t</w>"}, {"l", "o"}, {"e", "w"}, {"n", "ew"}, {"new", "est</w>"}, {"lo", "w</w>"}});
  REQUIRE(learned.pieces.size() == 514 + 7);
  CHECK(learned.pieces.back() == "<|endoftext|>");
  CHECK(learned.end == 520);
  const akin::clip_tokenizer tokenizer{learned};
  const auto ids = tokenizer.encode("NEWEST lowest").ids;
  std::vector<std::string> pieces;
  for (const auto id : ids) pieces.emplace_back(tokenizer.piece(id));
  CHECK(pieces == std::vector<std::string>{"<|startoftext|>", "newest</w>", "lo", "w", "est</w>", "<|endoftext|>"});
}

TEST_CASE("it ends where no pair stands twice, whatever the order of the texts") {
  auto texts = paper_texts();
  texts.push_back("na\xc3\xafve \xe2\x98\x83");
  const auto learned = akin::learn_vocabulary(texts, 100'000);
  std::ranges::reverse(texts);
  CHECK(akin::learn_vocabulary(texts, 100'000).merges == learned.merges);
  CHECK(std::ranges::find(learned.pieces, "widest</w>") != learned.pieces.end());
  CHECK(std::ranges::find(learned.pieces, "na") == learned.pieces.end());  // it stands once
  const akin::clip_tokenizer tokenizer{learned};
  CHECK(tokenizer.decode(tokenizer.encode(texts.front()).ids) == texts.front());
}

TEST_CASE("each merge is the pair that a count of all words finds") {
  akin::random_stream random{5, 0};
  std::vector<std::string> texts;
  for (int k = 0; k < 400; ++k) {
    std::string word;
    for (std::int64_t letters = 1 + random.below(9); letters > 0; --letters) word += static_cast<char>('a' + random.below(4));
    texts.push_back(word);
  }
  const auto learned = akin::learn_vocabulary(texts, 514 + 120);
  std::map<std::string, std::uint32_t> ids;
  for (std::uint32_t id = 0; id < learned.pieces.size(); ++id) ids[learned.pieces[id]] = id;
  auto words = akin::detail::count_words(texts);
  REQUIRE(learned.merges.size() > 100);
  for (const auto& [first, second] : learned.merges) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> counts;
    for (const auto& word : words)
      for (std::size_t k = 0; k + 1 < word.pieces.size(); ++k) counts[{word.pieces[k], word.pieces[k + 1]}] += word.count;
    const auto best = std::ranges::max_element(counts, {}, [](const auto& each) { return each.second; });  // of equals the first
    REQUIRE(best->first == std::pair{ids[first], ids[second]});
    for (auto& word : words) word.merge(ids[first], ids[second], ids[first + second]);
  }
}

TEST_CASE("the files read back") {
  const auto learned = akin::learn_vocabulary(paper_texts(), 600);
  const auto read = akin::parse_vocab_json(akin::vocab_json_text(learned), akin::merges_text(learned), "written");
  CHECK(read.pieces == learned.pieces);
  CHECK(read.merges == learned.merges);
  CHECK(read.start == learned.start);
  CHECK(read.end == learned.end);
}

TEST_CASE("a vocabulary has room for all bytes") {
  CHECK_THROWS_WITH_AS(akin::learn_vocabulary(paper_texts(), 513), "learn_vocabulary: got a size of 513, expected at least 514", akin::error);
}
