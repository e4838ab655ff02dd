// SPDX-License-Identifier: Apache-2.0
// Any bytes as a text: cleaned, cut into words, encoded and decoded.
#include <akin/text/tokenizer.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// Every pair of these letters merges, and every pair of those, so that words of any kind merge often.
akin::bpe_vocabulary dense_vocabulary() {
  akin::bpe_vocabulary result;
  const std::string end(akin::word_end);
  for (const std::string& letter : akin::byte_letters()) result.pieces.push_back(letter);
  for (const std::string& letter : akin::byte_letters()) result.pieces.push_back(letter + end);
  std::vector<std::string> level{"a", "e", "s", akin::byte_letters()[0xc3], akin::byte_letters()[0xa9], "'"}, next;
  const auto add = [&](const std::string& first, const std::string& second) {
    result.merges.emplace_back(first, second);
    result.pieces.push_back(first + second);
  };
  for (const auto& first : level)
    for (const auto& second : level) add(first, second), next.push_back(first + second);
  for (std::size_t k = 0; k + 1 < next.size(); k += 2) add(next[k], next[k + 1]);
  for (const auto& first : level) add(first, "s" + end);
  result.start = static_cast<std::int32_t>(result.pieces.size());
  result.end = result.start + 1;
  result.pieces.insert(result.pieces.end(), {"<start_of_text>", "<end_of_text>"});
  return result;
}

void require(bool holds, const char* law) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", law);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const akin::clip_tokenizer tokenizer{dense_vocabulary()};
  const std::string text(reinterpret_cast<const char*>(data), size);
  const akin::cleaned_text cleaned = akin::clean_text(text);
  require(akin::is_utf8(cleaned.text), "a cleaned text is UTF-8");
  require((cleaned.replaced == 0) == akin::is_utf8(text), "what is not UTF-8 is counted");
  require(cleaned.text.find("  ") == std::string::npos, "spaces stand alone");

  const akin::token_ids whole = tokenizer.encode(text);
  require(whole.ids.front() == tokenizer.start() && whole.ids.back() == tokenizer.end() && !whole.cut,
          "a text has a start and an end");
  for (const std::int32_t id : whole.ids) require(id >= 0 && id < tokenizer.size(), "an id has a piece");
  const auto seven = tokenizer.rows({&text, 1}, {7});
  require(seven.ids.size() == 7 && (seven.cut == 1) == (whole.ids.size() > 7), "a row is as long as its context");

  // Decoded words stand apart, so that a second round changes nothing more.
  const std::string once = tokenizer.decode(whole.ids), twice = tokenizer.decode(tokenizer.encode(once).ids);
  require(tokenizer.decode(tokenizer.encode(twice).ids) == twice, "decoding and encoding come to rest");
  return 0;
}
