// SPDX-License-Identifier: Apache-2.0
// SigLIP's tokenizer: SentencePiece models. Needs libsentencepiece.
#pragma once

#include <akin/io/file.hpp>
#include <akin/support/error.hpp>
#include <akin/text/clean.hpp>
#include <akin/text/tokenizer.hpp>

#include <sentencepiece_processor.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace akin::inline v0 {

/// A text as open_clip cleans it for SigLIP: as clean_text, with spaces for underscores and without ASCII punctuation.
/// source: open_clip's tokenizer.py (canonicalize_text), big_vision's prompt_engineering.py
inline cleaned_text canonicalize_text(std::string_view text) {
  using namespace detail::unicode;
  decoded_text decoded = repaired(text);
  std::ranges::replace(decoded.codes, U'_', U' ');
  std::erase_if(decoded.codes, [](char32_t c) {
    return (c > ' ' && c < '0') || (c > '9' && c < 'A') || (c > 'Z' && c < 'a') || (c > 'z' && c < 0x7f);
  });
  return {encode_utf8(lower(collapse_spaces(decoded.codes))), decoded.replaced};
}

/// SigLIP's tokenizer over a SentencePiece model. Any number of threads may use one at the same time. The first SigLIP's models
/// have no piece that begins a text, and pad with the one that ends it (1); SigLIP 2 has Gemma's, and pads with <pad> (0).
/// source: open_clip's tokenizer.py (SigLipTokenizer)
class siglip_tokenizer {
 public:
  /// errors: run time, where the file is no SentencePiece model, or has no pieces for the end of a text and for padding
  explicit siglip_tokenizer(const std::string& path) {
    const std::string model = read_file(path);
    if (!processor_.LoadFromSerializedProto(model).ok()) fail("'", path, "' is no SentencePiece model");
    end_ = processor_.eos_id();
    padding_ = processor_.bos_id() < 0 ? end_ : processor_.pad_id();
    if (end_ < 0 || padding_ < 0)
      fail("the SentencePiece model '", path, "' has no piece ", end_ < 0 ? "that ends a text" : "for padding",
           ", which SigLIP's models have");
  }

  /// Rows that an embedding table needs.
  std::int64_t size() const { return processor_.GetPieceSize(); }

  /// A row for each text: its ids, the end, padding; a longer text keeps the end in the last place.
  /// shapes: [texts] -> [texts, context length]
  /// errors: run time, where the context is empty
  token_rows rows(std::span<const std::string> texts, std::int64_t context_length = 64) const {
    if (context_length < 1) fail("tokenizer: a context of ", context_length, " ids has no place for the end of a text");
    const auto width = static_cast<std::size_t>(context_length);
    token_rows result;
    result.ids.reserve(texts.size() * width);
    for (std::size_t k = 0; k < texts.size(); ++k) {
      const cleaned_text cleaned = canonicalize_text(texts[k]);
      const std::vector<int> ids = processor_.EncodeAsIds(cleaned.text);
      result.ids.insert(result.ids.end(), ids.begin(), ids.begin() + (std::min)(std::ssize(ids), context_length - 1));
      result.ids.push_back(end_);
      result.ids.resize((k + 1) * width, padding_);
      result.cut += ids.size() > width - 1;
      result.replaced += cleaned.replaced;
    }
    return result;
  }

 private:
  sentencepiece::SentencePieceProcessor processor_;
  std::int32_t end_ = 0, padding_ = 0;
};

}  // namespace akin::inline v0
