// SPDX-License-Identifier: Apache-2.0
// Small vocabularies in each of the published forms, what they encode, and what is refused.
#include <akin/text/read_vocabulary.hpp>
#include <akin/text/tokenizer.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <string>
#include <vector>

namespace {

using ids = std::vector<std::int32_t>;

// The 512 pieces of single bytes, then "ab", "abab", "abc</w>" and the two marks.
const std::string merges = "#version: 0.2\na b\nab ab\nab c</w>\n";

std::string pieces_json() {
  std::string json = "{";
  int id = 0;
  for (const std::string& end : {std::string{}, std::string(akin::word_end)})
    for (const std::string& letter : akin::byte_letters())
      json += akin::json_quoted(letter + end) + ": " + std::to_string(id++) + ", ";
  for (const char* piece : {"ab", "abab", "abc</w>", "<|startoftext|>"})
    json += akin::json_quoted(piece) + ": " + std::to_string(id++) + ", ";
  return json + "\"<|endoftext|>\": " + std::to_string(id) + "}";
}

akin::clip_tokenizer small() { return akin::clip_tokenizer{akin::parse_vocab_json(pieces_json(), merges, "small")}; }

constexpr std::int32_t ab = 512, abab = 513, abc = 514, start = 515, end = 516;
std::int32_t inner(char c) { return static_cast<unsigned char>(c); }
std::int32_t last(char c) { return 256 + inner(c); }

std::string refused(const std::string& json, const std::string& list) {
  return sentence_of([&] { akin::clip_tokenizer{akin::parse_vocab_json(json, list, "v")}; });
}

}  // namespace

TEST_CASE("the earliest merge goes first, from left to right") {
  const auto tokenizer = small();
  CHECK(tokenizer.encode("abc").ids == ids{start, abc, end});
  CHECK(tokenizer.encode("ababc").ids == ids{start, abab, last('c'), end});  // "ab ab" comes before "ab c</w>"
  CHECK(tokenizer.encode("abx").ids == ids{start, ab, last('x'), end});
  CHECK(tokenizer.encode("abababc").ids == ids{start, abab, abc, end});
  CHECK(tokenizer.encode("b ab").ids == ids{start, last('b'), inner('a'), last('b'), end});
  CHECK(tokenizer.encode("<|endoftext|>c").ids == ids{start, end, last('c'), end});
}

TEST_CASE("long words are encoded as short ones are") {
  const auto tokenizer = small();
  for (const std::string& unit : {std::string("ab"), std::string("abc"), std::string("aab")}) {
    std::string word;
    for (std::size_t count = 1; count < 80; ++count) {
      word += unit;
      // What is not merged across: the encoding of a word is that of its parts where a 'z' stands between them.
      const auto alone = tokenizer.encode(word + "z").ids, twice = tokenizer.encode(word + "z" + word + "z").ids;
      ids expected(alone.begin(), alone.end() - 2);
      expected.push_back(inner('z'));
      expected.insert(expected.end(), alone.begin() + 1, alone.end());
      CHECK(twice == expected);
    }
  }
  CHECK(tokenizer.encode(std::string(100'000, 'a')).ids.size() == 100'002);
}

TEST_CASE("rows are padded and cut as either convention has it") {
  const auto tokenizer = small();
  const std::vector<std::string> texts{"abc", "c c c c", "na\xffme"};
  CHECK(tokenizer.rows({texts.data(), 1}, {5}).ids == ids{start, abc, end, 0, 0});
  CHECK(tokenizer.rows({texts.data(), 1}, {5, akin::padding::end}).ids == ids{start, abc, end, end, end});
  const auto kept = tokenizer.rows({texts.data(), 2}, {4, akin::padding::zero, akin::overlong::cut_before_end});
  CHECK(kept.ids == ids{start, abc, end, 0, start, last('c'), last('c'), end});
  CHECK(kept.cut == 1);
  CHECK(tokenizer.rows({&texts[1], 1}, {4, akin::padding::zero, akin::overlong::cut}).ids ==
        ids{start, last('c'), last('c'), last('c')});
  const auto sentence = sentence_of([&] { tokenizer.rows(texts, {4, akin::padding::zero, akin::overlong::refuse}); });
  CHECK(contains(sentence, "text 1, 'c c c c', has more than 4 ids"));
  CHECK(tokenizer.rows({&texts[1], 1}, {6, akin::padding::zero, akin::overlong::refuse}).cut == 0);
  CHECK(tokenizer.rows(texts).replaced == 1);
  CHECK(contains(sentence_of([&] { tokenizer.encode("a", 1); }), "no place for the start and the end"));
}

TEST_CASE("decoding stops at the end and refuses what is no id") {
  const auto tokenizer = small();
  CHECK(tokenizer.decode(ids{start, abab, abc, last('z'), end, 0, 0}) == "abababc z");
  CHECK(tokenizer.decode(ids{}) == "");
  CHECK(contains(sentence_of([&] { tokenizer.decode(ids{517}); }), "got the id 517, expected one from 0 to 516"));
  CHECK(contains(sentence_of([&] { tokenizer.decode(ids{-1}); }), "-1"));
}

TEST_CASE("one vocabulary in three kinds of files") {
  const temporary_folder folder;
  const std::string vocab = folder.put("vocab.json", pieces_json()), list = folder.put("merges.txt", merges);
  const std::string whole = folder.put(
      "tokenizer.json",
      R"({"version": "1.0", "truncation": null, "normalizer": {"list": [1.5e3, true, "}"]}, "model": {"type": "BPE", "vocab": )" +
          pieces_json() + R"(, "merges": ["a b", ["ab", "ab"], ["ab", "c</w>"]]}})");
  for (const std::string& path : {vocab, list, whole}) {
    const akin::clip_tokenizer tokenizer{akin::read_vocabulary(path)};
    CHECK(tokenizer.encode("abababc z").ids == ids{start, abab, abc, last('z'), end});
    CHECK(tokenizer.size() == 517);
  }
  for (const std::string& path : {vocab, list, whole}) {
    const std::string text = akin::read_file(path), name = path.substr(path.rfind('/') + 1);
    folder.put(name, "\xef\xbb\xbf" + text);  // as some editors save it
    CHECK(akin::clip_tokenizer{akin::read_vocabulary(path)}.encode("abababc z").ids == ids{start, abab, abc, last('z'), end});
    folder.put(name, text);
  }
}

TEST_CASE("a list of merges may have no first line of comment, and a vocab.json pieces of any name") {
  const temporary_folder folder;
  CHECK(akin::parse_vocab_json(pieces_json(), "a b\nab ab\nab c</w>\n\n", "v").merges.size() == 3);
  std::string pieces = pieces_json();
  pieces.insert(1, R"("model": 517, "merges": 518, )");
  folder.put("merges.txt", merges);
  CHECK(akin::read_vocabulary(folder.put("vocab.json", pieces)).pieces.size() == 519);
}

TEST_CASE("every mistake in a vocabulary is one sentence") {
  CHECK(contains(refused(pieces_json(), "#version: 0.2\na b c\n"), "merge 1: got 'a b c', expected two pieces"));
  CHECK(contains(refused(pieces_json(), "a b\nb\n"), "merge 2"));
  CHECK(contains(refused(pieces_json(), "b a\n"), "no piece 'ba'"));
  CHECK(contains(refused(R"({"<|startoftext|>": 0, "<|endoftext|>": 1})", merges), "has no piece"));
  CHECK(contains(refused(R"({"a": 0})", merges), "no piece '<|startoftext|>'"));
  CHECK(contains(refused(pieces_json(), "a b\n\nab ab\n"), "line 3 of its merges: got 'ab ab' after an empty line"));
  CHECK(contains(refused(R"({"a": 0, "b": 0})", merges), "the id 0 belongs to 'a' and to 'b'"));
  CHECK(contains(refused(R"({"a": 9999999})", merges), "9999999"));
  CHECK(contains(refused(R"({"a": )", merges), "vocabulary 'v', byte"));
  CHECK(contains(sentence_of([] { akin::parse_tokenizer_json("{}", "t"); }), "no model"));
  for (const auto& [member, said] : {std::pair{R"("type": "WordPiece")", "'type' is 'WordPiece', expected 'BPE'"},
                                     {R"("end_of_word_suffix": "")", "'end_of_word_suffix' is '', expected '</w>'"},
                                     {R"("continuing_subword_prefix": "##")", "'continuing_subword_prefix' is '##', expected ''"},
                                     {R"("byte_fallback": true)", "'byte_fallback' is true, expected false"},
                                     {R"("end_of_word_suffix": null)", "'end_of_word_suffix' is null, expected '</w>'"},
                                     {R"("ignore_merges": true)", "'ignore_merges' is true, expected false"}}) {
    const std::string json = R"({"model": {)" + std::string{member} + "}}";
    CHECK(contains(sentence_of([&] { akin::parse_tokenizer_json(json, "t"); }), said));
  }
  CHECK(contains(sentence_of([] { akin::parse_tokenizer_json(R"({"model": {"merges": [["a"]]}})", "t"); }),
                 "1 pieces, expected 2"));
  CHECK(contains(sentence_of([] { akin::parse_clip_merges("#\na b\n", "c"); }), "1 merges, expected 48894"));
  CHECK(contains(sentence_of([] { akin::bytes_of_piece("\u0416"); }), "not written in letters for bytes"));
  CHECK(contains(sentence_of([] { akin::read_vocabulary("nowhere/vocab.json"); }), "nowhere/vocab.json"));
}
