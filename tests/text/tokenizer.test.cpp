// SPDX-License-Identifier: Apache-2.0
// CLIP's own vocabulary: every id as open_clip has it.
#include <akin/text/read_vocabulary.hpp>
#include <akin/text/tokenizer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace {

using ids = std::vector<std::int32_t>;

/// CLIP's tokenizer, or nullptr and a word about it where scripts/fetch_vocabulary.sh could not fetch the vocabulary.
std::shared_ptr<const akin::clip_tokenizer> clip() {
  if (!std::filesystem::exists(AKIN_VOCABULARY)) {
    MESSAGE("skipped: no vocabulary at " AKIN_VOCABULARY "; scripts/fetch_vocabulary.sh says why");
    return nullptr;
  }
  static const auto tokenizer = std::make_shared<const akin::clip_tokenizer>(akin::read_vocabulary(AKIN_VOCABULARY));
  return tokenizer;
}

struct golden_line {
  std::string text;
  ids expected;
};

std::vector<golden_line> golden(const std::string& name) {
  const std::string bytes = akin::read_file(AKIN_GOLDEN_DIR "/" + name);
  std::vector<golden_line> lines;
  akin::for_each_line(bytes, [&](std::string_view line, std::size_t) {
    akin::json_cursor json(line, name, 0);
    golden_line one;
    json.array([&] {
      if (json.next() == '"') one.text = json.string();
      else json.array([&] { one.expected.push_back(static_cast<std::int32_t>(json.integer())); });
    });
    lines.push_back(one);
  });
  return lines;
}

// Mojibake, which ftfy repairs: "schön ' mojibake".
const std::string repaired_by_ftfy = "sch\u00c3\u00b6n \u00e2\u20ac\u2122 mojibake";

}  // namespace

TEST_CASE("ids equal open_clip's") {
  const auto tokenizer = clip();
  if (tokenizer == nullptr) return;
  CHECK(tokenizer->size() == 49'408);
  CHECK(tokenizer->encode("a photo of a cat.").ids == ids{49406, 320, 1125, 539, 320, 2368, 269, 49407});
  for (const char* name : {"tokens.jsonl", "hard_tokens.jsonl"}) {
    const auto lines = golden(name);
    CHECK(lines.size() >= 1000);
    for (const auto& line : lines) {
      const auto& text = line.text;
      const auto& expected = line.expected;
      INFO(name, ": ", text);
      CHECK((tokenizer->encode(text, 77).ids == expected) == (text != repaired_by_ftfy));
    }
  }
}

TEST_CASE("decoding gives a text with the same ids") {
  const auto tokenizer = clip();
  if (tokenizer == nullptr) return;
  CHECK(tokenizer->decode(tokenizer->encode("A Photo of  caf\u00e9s, 2024!").ids) == "a photo of caf\u00e9s , 2 0 2 4 !");
  for (const auto& line : golden("tokens.jsonl")) {
    const auto& text = line.text;
    INFO(text);
    const ids whole = tokenizer->encode(text).ids;
    CHECK(tokenizer->encode(tokenizer->decode(whole)).ids == whole);
  }
}

TEST_CASE("a long word takes the same pieces as in open_clip") {
  const auto tokenizer = clip();
  if (tokenizer == nullptr) return;
  // open_clip: 24 times "aaaaaaaa", "aaaa", "aaaa</w>".
  const ids whole = tokenizer->encode(std::string(200, 'a')).ids;
  CHECK(whole.size() == 2 + 26);
  for (std::size_t k = 1; k <= 24; ++k) CHECK(tokenizer->piece(whole[k]) == "aaaaaaaa");
  CHECK(tokenizer->piece(whole[25]) == "aaaa");
  CHECK(tokenizer->piece(whole[26]) == "aaaa</w>");
}
