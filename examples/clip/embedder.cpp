// SPDX-License-Identifier: Apache-2.0
// Both towers, with what images and texts become before them.
#include "embedder.hpp"

#include "public_folder.hpp"

#include <akin/clip/read_preprocessing.hpp>
#include <akin/text/read_vocabulary.hpp>
#include <akin/text/zero_shot.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace clip_program {

embedder::embedder(const std::string& folder, std::string vocabulary, int thread_count)
    : folder_{folder},
      vocabulary_{std::move(vocabulary)},
      model_{open_public_folder(folder)},
      how_{akin::read_preprocessing(folder, model_.architecture, akin::names_of(model_.weights))},
      identity_{akin::identity_of(model_)},
      pool_{std::make_shared<akin::thread_pool>(thread_count > 0 ? thread_count : akin::thread_pool::hardware())} {}

akin::image_loader embedder::loader(std::vector<std::string> paths) const { return {std::move(paths), how_, pool_}; }

std::vector<float> embedder::images(std::span<const float> pixels) {
  if (!image_tower_) image_tower_ = family_of(model_.architecture).images(model_, pool_);
  return unit_rows(image_tower_->features(pixels));
}

std::vector<float> embedder::texts(std::span<const std::string> texts) {
  const auto tokens = tokenizer().rows(texts);
  if (!text_tower_) text_tower_ = family_of(model_.architecture).texts(model_, pool_);
  cut_ += tokens.cut;
  return unit_rows(text_tower_->features(tokens.ids));
}

std::vector<float> embedder::unit_rows(std::vector<float> features) const {
  if (!std::ranges::all_of(features, [](float x) { return std::isfinite(x); }))
    akin::fail("the features of model '", folder_, "' are not finite: its weights have diverged or are damaged");
  akin::normalize_rows(features, embed());
  return features;
}

std::string embedder::preparation_of(akin::embedded_kind kind) {
  if (kind == akin::embedded_kind::texts) return tokenizer().fingerprint;
  std::vector<float> numbers{static_cast<float>(how_.size), static_cast<float>(how_.fit), static_cast<float>(how_.order)};
  for (const auto& three : {how_.mean, how_.deviation}) numbers.insert(numbers.end(), three.begin(), three.end());
  return akin::fingerprint_text(std::as_bytes(std::span{numbers}));
}

const tokenizing& embedder::tokenizer() {
  if (tokenizer_.rows) return tokenizer_;
  const std::string path = vocabulary_.empty() ? find_vocabulary(folder_, model_.architecture) : vocabulary_;
  const auto& text = model_.architecture.text;
  return tokenizer_ = is_siglip() ? siglip_tokenizing(path, text) : clip_tokenizing(akin::read_vocabulary(path), path, text);
}

}  // namespace clip_program
