// SPDX-License-Identifier: Apache-2.0
// The loop over steps: schedule, progress, history, checkpoints.
#include "training_run.hpp"

#include "existing_files.hpp"
#include "model_file.hpp"

#include <akin/io/file.hpp>
#include <akin/train/checkpoint.hpp>
#include <akin/train/progress.hpp>
#include <akin/train/schedule.hpp>

#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

namespace clip_program {

double training_run::temperature() const { return std::exp(static_cast<double>(weights->numbers().at(weights->find("logit_scale")->offset))); }

std::map<std::string, std::string> training_run::decisive_settings() const {
  const auto& s = settings;
  return {{"train.epochs", std::to_string(s.epochs)}, {"train.batch", std::to_string(s.batch)}, {"train.learning_rate", exact(s.learning_rate)}, {"train.weight_decay", exact(s.weight_decay)}, {"train.clip_norm", exact(s.clip_norm)},
          {"train.seed", std::to_string(s.seed)}, {"train.images", std::to_string(examples)}};
}

void check_checkpoint(const training_settings& s, const std::string& path, const std::vector<std::string>& others) {
  const bool exists = std::filesystem::exists(path);
  if (s.resume && !exists) akin::fail("--resume: there is no checkpoint '", path, "'");
  if (exists && !s.resume && !s.overwrite) akin::fail("'", path, "' exists: go on with --resume, or start anew with --overwrite");
  refuse_existing(others, s.resume || s.overwrite);
}

output_folder::output_folder(std::string path) : path_{std::move(path)} {
  if (std::error_code unknown; std::filesystem::is_directory(path_, unknown)) lock();
}
void output_folder::prepare() {
  std::error_code code;
  std::filesystem::create_directories(path_, code);
  if (code) akin::fail("--out: cannot make the folder '", path_, "': ", code.message());
  if (!only_writer_) lock();
}
void output_folder::lock() { only_writer_.emplace(path_ + "/akin-clip.lock"); }

void save_run(training_run& run, std::map<std::string, std::string> metadata, double seconds) {
  const auto columns = run.columns();
  metadata["train.step"] = std::to_string(run.step);
  metadata["train.total_steps"] = std::to_string(run.total_steps());
  metadata["train.seconds"] = exact(seconds);
  const akin::kept_series series[] = {{"history", {static_cast<std::int64_t>(run.history.size() / columns.size()), static_cast<std::int64_t>(columns.size())}, run.history}};
  akin::save_checkpoint(run.checkpoint, *run.weights, *run.optimizer, series, std::move(metadata));
  std::string table = join(columns, ",") + "\n";
  for (std::size_t k = 0; k < run.history.size(); ++k) {
    const bool ends = (k + 1) % columns.size() == 0;
    char number[32];
    std::snprintf(number, sizeof number, "%.7g", static_cast<double>(run.history[k]));
    table += (std::isfinite(run.history[k]) ? number : "") + std::string{ends ? "\n" : ","};
  }
  akin::write_file_atomically(run.settings.out + "/metrics.csv", table);
}

void resume_run(training_run& run, const std::map<std::string, std::string>& settings, const std::map<std::string, std::string>& words) {
  const akin::safetensors_file file{run.checkpoint};
  for (const auto& [name, value] : settings)
    if (const auto& saved = akin::metadata_of(file, name); saved != value) {
      if (const auto said = words.find(name); said != words.end()) akin::fail("--resume: '", file.path(), "' was trained ", said->second);
      akin::fail("--resume: '", file.path(), "' was trained with ", name.starts_with("train.") ? name.substr(6) : name, " = ", saved, ", but now it is ", value);
    }
  akin::load_training_state(file, *run.weights, *run.optimizer);
  run.step = static_cast<std::int64_t>(akin::metadata_number(file, "train.step"));
  run.seconds_before = akin::metadata_number(file, "train.seconds");
  run.history = file.read<float>("history");
}

double training_loop(training_run& s, trained_program& program, training_task& task) {
  const auto& o = s.settings;
  const akin::warmup_cosine schedule{o.learning_rate, std::max<std::int64_t>(1, s.total_steps() / 10), s.total_steps()};
  akin::progress line{stderr, s.total_steps(), s.steps_per_epoch(), o.batch};
  const std::int64_t began = s.step;
  const double start = akin::steady_seconds();
  const auto seconds = [&] { return s.seconds_before + akin::steady_seconds() - start; };
  while (s.step < s.total_steps() && !interrupted) {
    try {
      task.make_batch(s.step);
    } catch (const akin::error&) {  // what was trained is kept, if anything was; why it ended is said, even where saving fails
      try {
        if (s.step > began) task.save(seconds());
      } catch (const akin::error& second) {
        line.note(second.what());
      }
      throw;
    }
    const float loss = program.forward_and_backward();
    if (!std::isfinite(loss)) {
      const auto culprit = program.first_not_finite();
      akin::fail("training: the loss of step ", s.step, " is not finite; the first such value is in ", culprit, "; what was saved before is kept");
    }
    const double rate = schedule(s.step), temperature = s.temperature();  // that of this loss: a device has just been waited for
    program.step(*s.optimizer, rate, o.clip_norm);
    const auto epoch = s.step / s.steps_per_epoch() + 1;
    ++s.step;
    line.update({epoch, s.step, static_cast<double>(loss), rate, temperature});
    const bool epoch_ends = s.step % s.steps_per_epoch() == 0;
    if (epoch_ends || s.step % 10 == 0) {
      const double measured = epoch_ends ? task.test(epoch) : std::nan("");
      for (const double x : {static_cast<double>(s.step), static_cast<double>(epoch), static_cast<double>(loss), rate, temperature, seconds(), measured}) s.history.push_back(static_cast<float>(x));
      if (std::isfinite(measured)) line.note("epoch " + std::to_string(epoch) + ": " + s.measure + " " + std::to_string(measured).substr(0, 6));
    }
    if (epoch_ends || s.step % o.checkpoint_every == 0) task.save(seconds());
  }
  if (interrupted) task.save(seconds());
  return seconds();
}

}  // namespace clip_program
