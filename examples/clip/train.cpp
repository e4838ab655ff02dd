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

/// What decides the result; a resumed run must have the same.
std::map<std::string, std::string> settings_of(const labelled_run& s) {
  auto settings = s.decisive_settings();
  std::map<std::string, std::string> description;
  describe(s.description, description);
  for (const char* name : {"classes", "templates", "test_templates"}) settings[name] = description[name];
  settings.insert({{"train.objective", s.options.objective}, {"train.shift", std::to_string(s.options.shift)}, {"train.embed", std::to_string(s.options.embed)}, {"train.images_sum", std::to_string(sum_of(s.train))}});
  return settings;
}

void save(labelled_run& s, double seconds) {
  auto metadata = settings_of(s);
  describe(s.description, metadata);
  save_run(s, std::move(metadata), seconds);
}

evaluation evaluate_now(labelled_run& s, encoders& encode) {
  return evaluate(encode, s.test, make_classifier(encode, s.description.words, s.description.sizes, s.description.classes, s.description.test_templates));
}

namespace {

model_description describe_task(const train_options& o, const std::vector<class_names>& classes, const labelled_images& train) {
  model_description d;
  d.classes = classes;
  d.templates = o.templates_file.empty() ? training_templates() : akin::read_templates(o.templates_file);
  d.test_templates = o.test_templates_file.empty() ? test_templates() : akin::read_templates(o.test_templates_file);
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
  const auto& settings = o.training;
  labelled_run s{{.settings = settings, .checkpoint = checkpoint_path(settings.out), .measure = "top1", .optimizer = {}, .history = {}}, o, {}, {}, {}, {}};
  output_folder out{settings.out};
  check_checkpoint(settings, s.checkpoint, {settings.out + "/metrics.csv", settings.out + "/report.html"});
  if (!std::filesystem::is_directory(o.data)) akin::fail("--data: there is no folder '", o.data, "'");
  const auto classes = o.classes_file.empty() ? fashion_classes() : parse_classes(akin::read_names(o.classes_file));
  s.train = read_labelled(o.data, "train", classes.size());
  s.test = read_labelled(o.data, "t10k", classes.size());
  if (s.test.height != s.train.height || s.test.width != s.train.width)
    akin::fail("the test images of '", o.data, "' are ", s.test.width, " x ", s.test.height, ", but those of training ", s.train.width, " x ", s.train.height);
  if (settings.batch > s.train.count) akin::fail("--batch: a batch of ", settings.batch, " is larger than the data set of ", s.train.count, " images");
  s.examples = s.train.count;
  s.description = describe_task(o, classes, s.train);
  s.fresh = make_weights(s.description.sizes, settings.seed);
  s.weights = s.fresh.get();
  s.optimizer = std::make_unique<akin::adamw<float>>(*s.weights, akin::adamw<float>::settings{0.9, 0.98, 1e-6, settings.weight_decay, akin::decay_policy::legacy});
  if (settings.resume)
    resume_run(s, settings_of(s), {{"train.images_sum", "on other images or labels than those of '" + o.data + "'"}, {"classes", "with other classes"}, {"templates", "with other templates"}, {"test_templates", "with other test_templates"}});
  out.prepare();
  watch_for_interruption();

  const auto backend = make_computer(o.backend, settings.threads);
  const auto encode = backend->make_encoders(*s.weights, s.description.sizes, s.description.scale);
  std::printf("%lld images to train on, %lld to test; %lld parameters; objective: %s; %s\n", static_cast<long long>(s.train.count), static_cast<long long>(s.test.count), static_cast<long long>(s.weights->size()), o.objective.c_str(), backend->name().c_str());
  std::fflush(stdout);
  const double seconds = backend->train(s, *encode);
  stop_watching();
  if (interrupted) {
    std::printf("stopped at step %lld of %lld and saved; go on with --resume\n", static_cast<long long>(s.step), static_cast<long long>(s.total_steps()));
    return exit_interrupted;
  }

  const auto result = evaluate_now(s, *encode);
  std::vector<std::string> names;
  for (const auto& c : s.description.classes) names.push_back(c.front());
  const std::string report_path = settings.out + "/report.html";
  akin::write_file_atomically(report_path, training_report(o, s.description, s.test, result, s.history, s.columns().size(), seconds, s.train.count, s.total_steps() * settings.batch, s.temperature()));
  std::printf("\n%s\ncheckpoint  %s\nreport      %s\nmetrics     %s\n", akin::class_table(names, result.counts.confusion).c_str(), s.checkpoint.c_str(), report_path.c_str(), (settings.out + "/metrics.csv").c_str());
  std::printf("zero-shot top-1 %.4f top-5 %.4f train-seconds %.1f\n", result.counts.top1(), result.counts.top5(), seconds);
  return exit_done;
}

}  // namespace clip_program
