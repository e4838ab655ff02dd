// SPDX-License-Identifier: Apache-2.0
// Words as CLIP's regular expression finds them; the lists are those of Python's regex package.
#include <akin/text/words.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using list = std::vector<std::string>;

list words_of(std::string_view text) {
  list words;
  akin::for_each_word(text, {"<start_of_text>", "<end_of_text>"}, [&](std::string_view word) {
    words.emplace_back(word);
    return true;
  });
  return words;
}

}  // namespace

TEST_CASE("letters run, numbers stand alone, the rest runs") {
  CHECK(words_of("") == list{});
  CHECK(words_of("a photo, 2024½ ...") == list{"a", "photo", ",", "2", "0", "2", "4", "½", "..."});
  CHECK(words_of("日本 ⅷ٣ é!?é") == list{"日本", "ⅷ", "٣", "é", "!?", "é"});
  CHECK(words_of("q\u0323x") == list{"q", "\u0323", "x"});
  CHECK(words_of("α\u0345β .\u0345.") == list{"α", "β", ".", "."});  // the combining iota belongs to nothing
}

TEST_CASE("contractions are words where a word may begin") {
  CHECK(words_of("it's we'll i'd o'clock") == list{"it", "'s", "we", "'ll", "i", "'d", "o", "'", "clock"});
  CHECK(words_of("'sleep 'tis 'very") == list{"'s", "leep", "'t", "is", "'ve", "ry"});
  CHECK(words_of("it''s x'ſ") == list{"it", "''", "s", "x", "'ſ"});
}

TEST_CASE("marks are words where a word may begin") {
  CHECK(words_of("<start_of_text>a<end_of_text>") == list{"<start_of_text>", "a", "<end_of_text>"});
  CHECK(words_of("!<end_of_text>") == list{"!<", "end", "_", "of", "_", "text", ">"});
  CHECK(words_of("<ſtart_of_text> <start") == list{"<ſtart_of_text>", "<", "start"});
}

TEST_CASE("whoever takes the words may stop") {
  int words = 0;
  akin::for_each_word("a b c d", {"<s>", "<e>"}, [&](std::string_view) { return ++words < 2; });
  CHECK(words == 2);
}
