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

/// Adds a file of pairs, and counts on standard error what was not UTF-8.
/// errors: run time: no pairs in it; as read_image_pairs
void read_pairs(const std::string& file, akin::image_pairs& pairs);

/// Embedded pairs; what could not be read is left out with its captions.
struct embedded_pairs {
  std::vector<float> images, texts;  // rows
  std::vector<std::string> paths, captions;
  std::vector<std::int32_t> image_of_text;
  std::vector<std::size_t> number_of_text;  // in the pairs
  std::size_t skipped = 0;
};
embedded_pairs embed_pairs(embedder& model, const akin::image_pairs& pairs, narration told = narration::shown);

/// "image-to-text R@1 0.9 R@5 1.0 R@10 1.0 queries 10"
std::string recall_line(const std::string& direction, std::span<const std::int64_t> ranks);

}  // namespace clip_program
