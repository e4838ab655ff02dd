// SPDX-License-Identifier: Apache-2.0
// Words of captions, their numbers, and what no caption of training said.
#include <akin/text/word_vocabulary.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <string>
#include <vector>

using list = std::vector<std::string>;

TEST_CASE("words are in lower case and without punctuation") {
  CHECK(akin::words_of("A T-shirt, (isn't it?) 2x") == list{"a", "t-shirt", "isn't", "it", "2x"});
  CHECK(akin::words_of("Gr\xc3\xbcn") == list{"gr\xc3\xbcn"});
  CHECK(akin::words_of(" ... ").empty());
}

TEST_CASE("numbers follow the first appearance, 0 is padding, and unknown words are handed out") {
  akin::word_vocabulary words;
  words.add("a red bag");
  words.add("a blue bag");
  CHECK(list{words.words().begin(), words.words().end()} == list{"a", "red", "bag", "blue"});
  CHECK(words.rows() == 5);
  std::vector<std::int32_t> ids(4, 9);
  list unknown;
  words.encode("Blue zebra bag", ids, [&](const std::string& word) { unknown.push_back(word); });
  CHECK(ids == std::vector<std::int32_t>{4, 3, 0, 0});
  CHECK(unknown == list{"zebra"});
  CHECK(contains(sentence_of([&] { words.encode("a a a a a", ids, [](const std::string&) {}); }), "has more than 4 words"));
}
