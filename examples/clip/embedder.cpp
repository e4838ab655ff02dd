// SPDX-License-Identifier: Apache-2.0
// Tokenizers by what lies in the folder, and both towers.
#include "embedder.hpp"

#include <akin/clip/read_preprocessing.hpp>
#include <akin/text/read_vocabulary.hpp>
#include <akin/text/sentencepiece.hpp>
#include <akin/text/zero_shot.hpp>

#include <filesystem>
#include <initializer_list>
#include <utility>

namespace clip_program {

namespace {

using tokenizing = std::function<akin::token_rows(std::span<const std::string>)>;

/// The first of these files that is there.
std::string find_vocabulary(const std::string& folder, std::initializer_list<const char*> names) {
  std::string list;
  for (const char* const name : names) {
    const std::string path = folder + "/" + name;
    if (std::filesystem::exists(path)) return path;
    list += (list.empty() ? "" : ", ") + std::string{name};
  }
  akin::fail("'", folder, "' has no vocabulary (", list, "): name one with --vocab; scripts/fetch_vocabulary.sh fetches CLIP's");
}

tokenizing siglip_tokenizing(const std::string& folder, std::string path, const akin::text_architecture& a) {
  if (path.empty()) path = find_vocabulary(folder, {"spiece.model", "sentencepiece.model", "tokenizer.model"});
  const auto tokenizer = std::make_shared<akin::siglip_tokenizer>(path);
  if (tokenizer->size() > a.vocabulary)
    akin::fail("'", path, "' has ", tokenizer->size(), " pieces, but the model knows ", a.vocabulary);
  return [tokenizer, a](std::span<const std::string> texts) { return tokenizer->rows(texts, a.context); };
}

/// The text tower takes its feature at the largest id, which must be the end.
tokenizing clip_tokenizing(const std::string& folder, std::string path, const akin::text_architecture& a) {
  if (path.empty())
    path = find_vocabulary(folder, {"bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt", "tokenizer.json", "vocab.json"});
  const auto tokenizer = std::make_shared<akin::clip_tokenizer>(akin::read_vocabulary(path));
  if (tokenizer->size() != a.vocabulary || tokenizer->end() != a.vocabulary - 1)
    akin::fail("'", path, "' has ", tokenizer->size(), " pieces and ends texts with the id ", tokenizer->end(),
               ", but the model knows ", a.vocabulary, " and expects the last one");
  return [tokenizer, a](std::span<const std::string> texts) { return tokenizer->rows(texts, {.context_length = a.context}); };
}

}  // namespace

embedder::embedder(const std::string& folder, std::string vocabulary, int thread_count)
    : folder_{folder},
      vocabulary_{std::move(vocabulary)},
      model_{akin::open_clip_folder(folder)},
      identity_{akin::identity_of(model_)},
      how_{akin::read_preprocessing(folder, model_.architecture, akin::names_of(model_.weights))},
      pool_{std::make_shared<akin::thread_pool>(thread_count > 0 ? thread_count : akin::thread_pool::hardware())} {}

akin::image_loader embedder::loader(std::vector<std::string> paths) const { return {std::move(paths), how_, pool_}; }

std::vector<float> embedder::images(std::span<const float> pixels) {
  if (!image_tower_) image_tower_ = family_of(model_.architecture).images(model_, pool_);
  std::vector<float> rows = image_tower_->features(pixels);
  akin::normalize_rows(rows, embed());
  return rows;
}

std::vector<float> embedder::texts(std::span<const std::string> texts) {
  if (!text_tower_) {
    tokenize_ = (is_siglip() ? siglip_tokenizing : clip_tokenizing)(folder_, vocabulary_, model_.architecture.text);
    text_tower_ = family_of(model_.architecture).texts(model_, pool_);
  }
  std::vector<float> rows = text_tower_->features(tokenize_(texts).ids);
  akin::normalize_rows(rows, embed());
  return rows;
}

}  // namespace clip_program
