// SPDX-License-Identifier: Apache-2.0
// Byte pairs and SentencePiece, by what lies in the folder.
#include "tokenizing.hpp"

#include <akin/text/sentencepiece.hpp>

#include <filesystem>
#include <memory>
#include <utility>

namespace clip_program {

std::string find_vocabulary(const std::string& folder, const akin::clip_architecture& a) {
  const auto names = a.family == akin::clip_family::siglip ? std::span<const char* const>{sentencepiece_files} : byte_pair_files;
  std::string list;
  for (const char* const name : names) {
    const std::string path = folder + "/" + name;
    if (std::filesystem::exists(path)) return path;
    list += (list.empty() ? "" : ", ") + std::string{name};
  }
  akin::fail("'", folder, "' has no vocabulary (", list, "): name one with --vocab; scripts/fetch_vocabulary.sh fetches CLIP's");
}

tokenizing siglip_tokenizing(const std::string& path, const akin::text_architecture& a) {
  const auto tokenizer = std::make_shared<akin::siglip_tokenizer>(path);
  if (tokenizer->size() > a.vocabulary) akin::fail("'", path, "' has ", tokenizer->size(), " pieces, but the model knows ", a.vocabulary);
  return [tokenizer, context = a.context](std::span<const std::string> texts) { return tokenizer->rows(texts, context); };
}

/// The text tower takes its feature at the largest id, which must be the end.
tokenizing clip_tokenizing(akin::bpe_vocabulary vocabulary, const std::string& name, const akin::text_architecture& a) {
  const auto tokenizer = std::make_shared<akin::clip_tokenizer>(std::move(vocabulary));
  if (tokenizer->size() != a.vocabulary || tokenizer->end() != a.vocabulary - 1)
    akin::fail("'", name, "' has ", tokenizer->size(), " pieces and ends texts with the id ", tokenizer->end(), ", but the model knows ",
               a.vocabulary, " and expects the last one");
  return [tokenizer, context = a.context](std::span<const std::string> texts) { return tokenizer->rows(texts, {.context_length = context}); };
}

}  // namespace clip_program
