// SPDX-License-Identifier: Apache-2.0
// Byte pairs and SentencePiece, by what lies in the folder.
#include "tokenizing.hpp"

#include "say.hpp"

#include <akin/io/file.hpp>
#include <akin/support/fingerprint.hpp>
#include <akin/text/sentencepiece.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>

namespace clip_program {

namespace {

/// A sum of the pieces and merges in their order, but not of the names of the first and the last piece of a text, which differ from
/// file to file.
std::string fingerprint_of(const akin::bpe_vocabulary& vocabulary) {
  std::string text = std::to_string(vocabulary.start) + ' ' + std::to_string(vocabulary.end) + '\n';
  for (std::size_t k = 0; k < vocabulary.pieces.size(); ++k)
    if (std::cmp_not_equal(k, vocabulary.start) && std::cmp_not_equal(k, vocabulary.end)) text += vocabulary.pieces[k] + '\n';
  for (const auto& [one, other] : vocabulary.merges) text += one + ' ' + other + '\n';
  return akin::fingerprint_text(std::as_bytes(std::span{text}));
}

}  // namespace

std::string find_vocabulary(const std::string& folder, const akin::clip_architecture& a) {
  const auto names = a.family == akin::clip_family::siglip ? std::span<const char* const>{sentencepiece_files} : byte_pair_files;
  std::string list;
  for (const char* const name : names) {
    const std::string path = folder + "/" + name;
    if (std::filesystem::exists(path)) return path;
    list += (list.empty() ? "" : ", ") + std::string{name};
  }
  akin::fail("'", folder, "' has no vocabulary (", list, "): name one with --vocab", a.family == akin::clip_family::siglip ? "" : "; scripts/fetch_vocabulary.sh fetches CLIP's");
}

std::vector<std::string> tokenizer_files(const std::string& folder) {
  std::vector<std::string> found;
  const auto look_for = [&](const std::string& name) {
    if (std::filesystem::is_regular_file(folder + "/" + name)) found.push_back(name);
  };
  for (const char* const name : byte_pair_files) look_for(name);
  look_for("merges.txt");  // beside vocab.json
  for (const char* const name : {"tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"}) look_for(name);  // transformers'
  for (const char* const name : sentencepiece_files) look_for(name);
  return found;
}

tokenizing siglip_tokenizing(const std::string& path, const akin::text_architecture& a) {
  const auto tokenizer = std::make_shared<akin::siglip_tokenizer>(path);
  if (tokenizer->size() > a.vocabulary) akin::fail("'", path, "' has ", tokenizer->size(), " pieces, but the model knows ", a.vocabulary);
  if (tokenizer->size() < a.vocabulary) say("'" + path + "' has " + std::to_string(tokenizer->size()) + " pieces, but the model knows " + std::to_string(a.vocabulary) + ": it may be another model's");
  return {[tokenizer, context = a.context](std::span<const std::string> texts) { return tokenizer->rows(texts, context); },
          akin::fingerprint_text(akin::mapped_file{path}.bytes())};
}

/// The text tower takes its feature at the largest id, which must be the end.
tokenizing clip_tokenizing(akin::bpe_vocabulary vocabulary, const std::string& name, const akin::text_architecture& a) {
  const std::string sum = fingerprint_of(vocabulary);
  const auto tokenizer = std::make_shared<akin::clip_tokenizer>(std::move(vocabulary));
  if (tokenizer->size() != a.vocabulary || tokenizer->end() != a.vocabulary - 1)
    akin::fail("'", name, "' has ", tokenizer->size(), " pieces and ends texts with the id ", tokenizer->end(), ", but the model knows ",
               a.vocabulary, " and expects the last one");
  return {[tokenizer, context = a.context](std::span<const std::string> texts) { return tokenizer->rows(texts, {.context_length = context}); }, sum};
}

}  // namespace clip_program
