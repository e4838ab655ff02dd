// SPDX-License-Identifier: Apache-2.0
// Any bytes as a vocabulary of each kind: refused with akin::error, or a tokenizer whose pieces are its own.
#include <akin/text/tokenizer.hpp>
#include <akin/text/vocabulary.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

/// A vocab.json and its merges stand in one input, with a zero between them.
akin::bpe_vocabulary parse(std::string_view text) {
  if (!text.starts_with('{')) return akin::parse_clip_merges(text, "input");
  const std::string_view json = text.substr(0, text.find('\0')), merges = text.substr(json.size() + (json.size() < text.size()));
  return akin::is_tokenizer_json(json, "input") ? akin::parse_tokenizer_json(json, "input")
                                                : akin::parse_vocab_json(json, merges, "input");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    const akin::clip_tokenizer tokenizer{parse({reinterpret_cast<const char*>(bytes), size})};
    for (const std::int32_t id : tokenizer.encode("a photo of a cat").ids)
      if (id < 0 || id >= tokenizer.size()) std::abort();
  } catch (const akin::error&) {
  }
  return 0;
}
