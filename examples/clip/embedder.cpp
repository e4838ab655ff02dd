// SPDX-License-Identifier: Apache-2.0
// Both towers, with what images and texts become before them.
#include "embedder.hpp"

#include "public_folder.hpp"

#include <akin/clip/read_preprocessing.hpp>
#include <akin/text/read_vocabulary.hpp>
#include <akin/text/zero_shot.hpp>

#include <span>
#include <utility>

namespace clip_program {

namespace {

/// What embeddings are kept under: the weights, and what images become before them.
std::string identity_with(const std::string& weights, const akin::preprocessing& how) {
  std::vector<float> numbers{static_cast<float>(how.size), static_cast<float>(how.fit), static_cast<float>(how.order)};
  for (const auto& three : {how.mean, how.deviation}) numbers.insert(numbers.end(), three.begin(), three.end());
  return weights + ' ' + akin::fingerprint_text(std::as_bytes(std::span{numbers}));
}

}  // namespace

embedder::embedder(const std::string& folder, std::string vocabulary, int thread_count)
    : folder_{folder},
      vocabulary_{std::move(vocabulary)},
      model_{open_public_folder(folder)},
      how_{akin::read_preprocessing(folder, model_.architecture, akin::names_of(model_.weights))},
      identity_{identity_with(akin::identity_of(model_), how_)},
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
    const std::string path = vocabulary_.empty() ? find_vocabulary(folder_, model_.architecture) : vocabulary_;
    const auto& text = model_.architecture.text;
    tokenize_ = is_siglip() ? siglip_tokenizing(path, text) : clip_tokenizing(akin::read_vocabulary(path), path, text);
    text_tower_ = family_of(model_.architecture).texts(model_, pool_);
  }
  std::vector<float> rows = text_tower_->features(tokenize_(texts).ids);
  akin::normalize_rows(rows, embed());
  return rows;
}

}  // namespace clip_program
