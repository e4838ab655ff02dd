// SPDX-License-Identifier: Apache-2.0
// How well a model's images find their captions and captions their image.
#pragma once

#include "inputs.hpp"

#include <akin/clip/image_pairs.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace clip_program {

/// How many wrong answers come before the best right one, for each query.
struct pair_ranks {
  std::vector<std::int64_t> of_images, of_texts;
};

/// Embedded pairs; what could not be read is left out with its captions.
struct embedded_pairs {
  std::vector<float> images, texts;  // rows
  std::vector<std::string> paths, captions;
  std::vector<std::int32_t> image_of_text;
  std::vector<std::size_t> number_of_text;  // in the pairs
  std::size_t skipped = 0;
};
embedded_pairs embed_pairs(embedder& model, const akin::image_pairs& pairs);
pair_ranks rank(const embedded_pairs& rows, std::int64_t embed, const threads& pool);

double recall_at(std::span<const std::int64_t> ranks, std::int64_t k);
/// "image-to-text R@1 0.9 R@5 1.0 R@10 1.0 queries 10"
std::string recall_line(const std::string& direction, std::span<const std::int64_t> ranks);

}  // namespace clip_program
