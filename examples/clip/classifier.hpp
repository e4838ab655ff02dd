// SPDX-License-Identifier: Apache-2.0
// Zero-shot classification: image features against the features of prompts.
#pragma once

#include "class_counts.hpp"
#include "classes.hpp"
#include "dataset.hpp"

#include <akin/graph/parameters.hpp>
#include <akin/text/zero_shot.hpp>

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace clip_program {

/// Sizes that are fixed when a model is made; they stand in its checkpoint.
struct model_sizes {
  std::int64_t height = 28, width = 28, narrow = 32, wide = 64, embed = 64, text_width = 64, tokens = 12, vocabulary = 0;
};

/// Binds the weights to these sizes, with initial values from the seed.
std::unique_ptr<akin::parameter_store<float>> make_weights(const model_sizes& sizes, std::uint64_t seed);

/// The two encoders of a trained model, side by side with whatever trains it.
class encoders {
 public:
  virtual ~encoders() = default;
  /// Unit features of images, [count, embed].
  virtual std::vector<float> images(std::span<const std::uint8_t> pixels) = 0;
  /// Unit features of texts given as ids, [count, embed].
  virtual std::vector<float> texts(std::span<const std::int32_t> ids) = 0;
};

/// A class for each list of names, from the prompts that every template makes of them.
/// errors: run time, where no word of a name is known to the model; as akin::make_classifier
akin::zero_shot_classifier make_classifier(encoders& encode, const akin::word_vocabulary& words, const model_sizes& sizes, const std::vector<class_names>& classes, const std::vector<std::string>& templates);

/// What a run over labelled images gives.
struct evaluation {
  class_counts counts;
  std::vector<float> cosines;  // [images, classes]
};
evaluation evaluate(encoders& encode, const labelled_images& data, const akin::zero_shot_classifier& classifier);

}  // namespace clip_program
