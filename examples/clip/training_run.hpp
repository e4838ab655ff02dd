// SPDX-License-Identifier: Apache-2.0
// The state of a training run of akin-clip, and the loop over steps that changes it.
#pragma once

#include "interruption.hpp"
#include "model_file.hpp"
#include "options.hpp"

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace clip_program {

inline const std::vector<std::string> metric_columns{"step", "epoch", "loss", "learning_rate", "temperature", "seconds", "top1"};

/// Everything that training owns; a checkpoint holds all of it that changes.
struct training_run {
  train_options options;
  labelled_images train, test;
  model_description description;
  std::unique_ptr<akin::parameter_store<float>> weights;
  std::unique_ptr<akin::adamw<float>> optimizer;
  std::vector<float> history;  // [rows, metric columns]
  std::int64_t step = 0;
  double seconds_before = 0;

  std::int64_t steps_per_epoch() const { return train.count / options.batch; }
  std::int64_t total_steps() const { return steps_per_epoch() * options.epochs; }
  double temperature() const { return std::exp(static_cast<double>(weights->numbers().at(weights->find("logit_scale")->offset))); }
};

/// The settings that decide the result; a resumed run must have the same.
std::map<std::string, std::string> settings_of(const training_run& s);
void save(training_run& s, double seconds);
evaluation evaluate_now(training_run& s, encoders& encode);

}  // namespace clip_program
