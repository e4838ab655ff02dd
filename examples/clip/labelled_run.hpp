// SPDX-License-Identifier: Apache-2.0
// A training run on images with labels.
#pragma once

#include "model_file.hpp"
#include "options.hpp"
#include "training_run.hpp"

#include <memory>

namespace clip_program {

struct labelled_run : training_run {
  train_options options;
  labelled_images train, test;
  model_description description;
  std::unique_ptr<akin::parameter_store<float>> fresh;  // what `weights` refers to
};

void save(labelled_run& s, double seconds);
evaluation evaluate_now(labelled_run& s, encoders& encode);

}  // namespace clip_program
