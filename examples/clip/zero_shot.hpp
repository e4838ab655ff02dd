// SPDX-License-Identifier: Apache-2.0
// The zero-shot classifier that a command line describes.
#pragma once

#include "embedder.hpp"
#include "options.hpp"

#include <akin/text/zero_shot.hpp>

#include <string>
#include <vector>

namespace clip_program {

/// Labels in the order in which they are given: single ones, then those of the file.
std::vector<std::string> labels_of(const zero_shot_options& options);

/// Loads a classifier, or makes one of the labels and templates ("a photo of a {}." where none is given); saves it where it shall
/// be.
/// errors: run time: no labels; labels beside a classifier; a classifier of other weights or another width; as make_classifier
akin::zero_shot_classifier classifier_of(const zero_shot_options& options, const std::vector<std::string>& labels,
                                         embedder& model);

}  // namespace clip_program
