// SPDX-License-Identifier: Apache-2.0
// akin-clip train: from a folder of labelled images to a checkpoint, a table and a report.
#include "computer.hpp"
#include "training_report.hpp"

#include <akin/io/file.hpp>
#include <akin/train/class_table.hpp>

#include <zlib.h>

#include <filesystem>

namespace clip_program {

/// Tells one set of images and labels from another.
std::uint32_t sum_of(const labelled_images& images) {
  uLong sum = 0;
  for (const auto* bytes : {&images.pixels, &images.labels}) sum = crc32_z(sum, bytes->data(), bytes->size());
  return static_cast<std::uint32_t>(sum);
}

std::map<std::string, std::string> settings_of(const training_run& s) {
  const auto& o = s.options;
  return {{"train.objective", o.objective}, {"train.epochs", std::to_string(o.epochs)}, {"train.batch", std::to_string(o.batch)}, {"train.shift", std::to_string(o.shift)}, {"train.learning_rate", exact(o.learning_rate)},
          {"train.weight_decay", exact(o.weight_decay)}, {"train.clip_norm", exact(o.clip_norm)}, {"train.seed", std::to_string(o.seed)}, {"train.embed", std::to_string(o.embed)}, {"train.images", std::to_string(s.train.count)},
          {"train.images_sum", std::to_string(sum_of(s.train))}};
}

void save(training_run& s, double seconds) {
  auto metadata = settings_of(s);
  describe(s.description, metadata);
  metadata["train.step"] = std::to_string(s.step);
  metadata["train.total_steps"] = std::to_string(s.total_steps());
  metadata["train.seconds"] = exact(seconds);
  const akin::kept_series series[] = {{"history", {static_cast<std::int64_t>(s.history.size() / metric_columns.size()), static_cast<std::int64_t>(metric_columns.size())}, s.history}};
  akin::save_checkpoint(checkpoint_path(s.options.out), *s.weights, *s.optimizer, series, std::move(metadata));
  // metrics.csv says what the checkpoint says, so that both tell of the same run.
  std::string table = join(metric_columns, ",") + "\n";
  for (std::size_t k = 0; k < s.history.size(); ++k) {
    const bool ends = (k + 1) % metric_columns.size() == 0;
    char number[32];
    std::snprintf(number, sizeof number, "%.7g", static_cast<double>(s.history[k]));
    table += (std::isfinite(s.history[k]) ? number : "") + std::string{ends ? "\n" : ","};
  }
  akin::write_file_atomically(s.options.out + "/metrics.csv", table);
}

evaluation evaluate_now(training_run& s, encoders& encode) {
  const auto features = class_features(encode, s.description.words, s.description.sizes, s.description.classes, s.description.test_templates);
  return evaluate(encode, s.test, features, static_cast<std::int64_t>(s.description.classes.size()), s.description.sizes.embed);
}

namespace {

void resume(training_run& s) {
  const akin::safetensors_file file{checkpoint_path(s.options.out)};
  if (akin::metadata_of(file, "train.images_sum") != std::to_string(sum_of(s.train)))
    akin::fail("--resume: '", file.path(), "' was trained on other images or labels than those of '", s.options.data, "'");
  for (const auto& [name, value] : settings_of(s))
    if (const auto& saved = akin::metadata_of(file, name); saved != value)
      akin::fail("--resume: '", file.path(), "' was trained with ", name.substr(6), " = ", saved, ", but now it is ", value);
  auto metadata = std::map<std::string, std::string>{};
  describe(s.description, metadata);
  for (const char* name : {"classes", "templates", "test_templates"})
    if (akin::metadata_of(file, name) != metadata[name]) akin::fail("--resume: '", file.path(), "' was trained with other ", name);
  akin::load_training_state(file, *s.weights, *s.optimizer);
  s.step = static_cast<std::int64_t>(akin::metadata_number(file, "train.step"));
  s.seconds_before = akin::metadata_number(file, "train.seconds");
  s.history = file.read<float>("history");
}

model_description describe_task(const train_options& o, const std::vector<class_names>& classes, const labelled_images& train) {
  model_description d;
  d.classes = classes;
  d.templates = o.templates_file.empty() ? training_templates() : read_lines(o.templates_file);
  d.test_templates = o.test_templates_file.empty() ? test_templates() : read_lines(o.test_templates_file);
  std::size_t longest = 1;
  for (const auto* templates : {&d.templates, &d.test_templates})
    for (const auto& prompt : *templates)
      for (const auto& names : d.classes)
        for (const auto& name : names) longest = std::max(longest, akin::words_of(akin::fill_template(prompt, name)).size());
  for (const auto& names : d.classes)
    for (const auto& name : names)
      for (const auto& prompt : d.templates) d.words.add(akin::fill_template(prompt, name));
  d.scale = pixel_scale::of(train.pixels);
  d.sizes.height = train.height;
  d.sizes.width = train.width;
  d.sizes.embed = o.embed;
  d.sizes.tokens = static_cast<std::int64_t>(std::max<std::size_t>(longest, 16));
  d.sizes.vocabulary = d.words.rows();
  return d;
}

}  // namespace

int train(const train_options& o) {
  const auto path = checkpoint_path(o.out);
  const bool exists = std::filesystem::exists(path);
  if (o.resume && !exists) akin::fail("--resume: there is no checkpoint '", path, "'");
  if (exists && !o.resume && !o.overwrite) akin::fail("'", path, "' exists: go on with --resume, or start anew with --overwrite");

  training_run s{o, {}, {}, {}, {}, {}, {}, 0, 0};
  const auto classes = o.classes_file.empty() ? fashion_classes() : parse_classes(read_lines(o.classes_file));
  s.train = read_labelled(o.data, "train", classes.size());
  s.test = read_labelled(o.data, "t10k", classes.size());
  if (s.test.height != s.train.height || s.test.width != s.train.width)
    akin::fail("the test images of '", o.data, "' are ", s.test.width, " x ", s.test.height, ", but those of training ", s.train.width, " x ", s.train.height);
  if (o.batch > s.train.count) akin::fail("--batch: a batch of ", o.batch, " is larger than the data set of ", s.train.count, " images");
  s.description = describe_task(o, classes, s.train);
  s.weights = make_weights(s.description.sizes, o.seed);
  s.optimizer = std::make_unique<akin::adamw<float>>(*s.weights, akin::adamw<float>::settings{0.9, 0.98, 1e-6, o.weight_decay, akin::decay_policy::legacy});
  if (o.resume) resume(s);

  std::error_code folder_error;
  std::filesystem::create_directories(o.out, folder_error);
  if (folder_error) akin::fail("--out: cannot make the folder '", o.out, "': ", folder_error.message());
  const std::string trial = o.out + "/akin-clip.trial";  // what cannot be written is to be known before the training
  akin::write_file_atomically(trial, "");
  std::filesystem::remove(trial);
  watch_for_interruption();

  const auto backend = make_computer(o.backend, o.threads);
  const auto encode = backend->make_encoders(*s.weights, s.description.sizes, s.description.scale);
  std::printf("%lld images to train on, %lld to test; %lld parameters; objective: %s; %s\n", static_cast<long long>(s.train.count), static_cast<long long>(s.test.count), static_cast<long long>(s.weights->size()), o.objective.c_str(), backend->name().c_str());
  std::fflush(stdout);
  const double seconds = backend->train(s, *encode);
  if (interrupted) {
    std::printf("stopped at step %lld of %lld and saved; go on with --resume\n", static_cast<long long>(s.step), static_cast<long long>(s.total_steps()));
    return exit_interrupted;
  }

  const auto result = evaluate_now(s, *encode);
  std::vector<std::string> names;
  for (const auto& c : s.description.classes) names.push_back(c.front());
  const std::string report_path = o.out + "/report.html";
  akin::write_file_atomically(report_path, training_report(o, s.description, s.test, result, s.history, metric_columns.size(), seconds, s.train.count, s.total_steps() * o.batch, s.temperature()));
  std::printf("\n%s\ncheckpoint  %s\nreport      %s\nmetrics     %s\n", akin::class_table(names, result.confusion).c_str(), path.c_str(), report_path.c_str(), (o.out + "/metrics.csv").c_str());
  std::printf("zero-shot top-1 %.4f top-5 %.4f train-seconds %.1f\n", result.top1, result.top5, seconds);
  return exit_done;
}

}  // namespace clip_program
