// SPDX-License-Identifier: Apache-2.0
// A public model from files to embeddings: images and texts in, unit rows out.
#pragma once

#include "tokenizing.hpp"
#include "tower.hpp"

#include <akin/clip/embedding_index.hpp>
#include <akin/data/image_folder.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace clip_program {

/// A folder with a public model. A tower is loaded when it is first needed.
class embedder {
 public:
  /// `vocabulary` is the tokenizer's file; where it is empty, the one in the folder.
  embedder(const std::string& folder, std::string vocabulary, int thread_count);

  /// What embeddings are kept under.
  const std::string& identity() const { return identity_; }
  /// A sum of what images or texts become before the towers.
  std::string preparation_of(akin::embedded_kind kind);
  std::int64_t embed() const { return model_.architecture.embed; }
  akin::logit_scale scale() const { return akin::read_logit_scale(model_.weights); }
  /// Whether the model was trained to judge each text by itself.
  bool is_siglip() const { return model_.architecture.family == akin::clip_family::siglip; }
  const threads& pool() const { return pool_; }

  /// Reads images as this model sees them.
  akin::image_loader loader(std::vector<std::string> paths) const;
  /// shapes: pixels [images, 3, size, size] -> [images, embed], unit rows
  std::vector<float> images(std::span<const float> pixels);
  /// shapes: [texts] -> [texts, embed], unit rows
  std::vector<float> texts(std::span<const std::string> texts);
  /// How many of these were longer than the context, and cut.
  std::int64_t cut() const { return cut_; }
  std::int64_t context() const { return model_.architecture.text.context; }

 private:
  const tokenizing& tokenizer();
  std::vector<float> unit_rows(std::vector<float> features) const;

  std::string folder_, vocabulary_;
  akin::clip_folder model_;
  akin::preprocessing how_;
  std::string identity_;
  threads pool_;
  std::unique_ptr<image_tower> image_tower_;
  std::unique_ptr<text_tower> text_tower_;
  tokenizing tokenizer_;
  std::int64_t cut_ = 0;
};

}  // namespace clip_program
