// SPDX-License-Identifier: Apache-2.0
// The state of a training run, and the loop over steps that changes it, whatever is trained.
#pragma once

#include "interruption.hpp"
#include "options.hpp"

#include <akin/graph/parameters.hpp>
#include <akin/io/file_lock.hpp>
#include <akin/train/optimizer.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clip_program {

/// A model with its objective, without its type.
class trained_program {
 public:
  virtual ~trained_program() = default;
  /// The loss; the gradients follow it.
  virtual float forward_and_backward() = 0;
  /// After a loss that is not finite: the first value that is not.
  virtual std::string first_not_finite() = 0;
  /// A step of the optimiser by these gradients, clipped to `clip_norm`.
  virtual void step(akin::adamw<float>& optimizer, double rate, double clip_norm) = 0;
};

/// What step() does, of any program.
template <class Program>
void train_step(Program& program, akin::adamw<float>& optimizer, double rate, double clip_norm) {
  optimizer.clip(program, clip_norm);
  optimizer.step(program, rate);
  akin::clamp_temperature(program);
}

/// What training changes; a checkpoint holds all of it.
struct training_run {
  training_settings settings;
  std::string checkpoint;  // its path
  std::string measure;     // what the test after an epoch is called, as "zero-shot top-1"
  std::int64_t examples = 0;
  akin::parameter_store<float>* weights = nullptr;
  std::unique_ptr<akin::adamw<float>> optimizer;
  std::vector<float> history;  // [rows, metric columns]
  std::int64_t step = 0;
  double seconds_before = 0;

  std::vector<std::string> columns() const { return {"step", "epoch", "loss", "learning_rate", "temperature", "seconds", measure}; }
  std::int64_t steps_per_epoch() const { return examples / settings.batch; }
  std::int64_t total_steps() const { return steps_per_epoch() * settings.epochs; }
  double temperature() const;
  /// The settings that decide the result, whatever is trained; a resumed run must have the same.
  std::map<std::string, std::string> decisive_settings() const;
};

/// What is trained on what.
class training_task {
 public:
  virtual ~training_task() = default;
  /// Lends the program what step number `step` is computed from, which follows from it and the seed.
  virtual void make_batch(std::int64_t step) = 0;
  /// The measure after an epoch; not a number where this epoch is not tested.
  virtual double test(std::int64_t epoch) = 0;
  virtual void save(double seconds) = 0;
};

/// Refuses to go on where there is no checkpoint, and to begin where there is one, or one of the other files that training writes.
void check_checkpoint(const training_settings& settings, const std::string& path, const std::vector<std::string>& others);
/// The folder that a training writes, for itself alone: from the beginning where it is there already.
class output_folder {
 public:
  /// errors: run time, where another training writes there
  explicit output_folder(std::string path);
  /// Makes the folder; what cannot be written is to be known before the training.
  void prepare();

 private:
  void lock();

  std::string path_;
  std::optional<akin::file_lock> only_writer_;
};
/// The checkpoint, and metrics.csv, which says what the checkpoint says.
void save_run(training_run& run, std::map<std::string, std::string> metadata, double seconds);
/// Goes on from the checkpoint.
/// errors: run time: other settings than those of the file, named with both values; where these say nothing to a reader, by `words`,
///         as {"train.pairs_sum", "on other pairs"}
void resume_run(training_run& run, const std::map<std::string, std::string>& settings, const std::map<std::string, std::string>& words);
/// Trains to the end or to an interruption; returns the seconds in all.
double training_loop(training_run& run, trained_program& program, training_task& task);

}  // namespace clip_program
