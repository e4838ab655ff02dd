// SPDX-License-Identifier: Apache-2.0
// From labels and templates, or from a file, to a classifier.
#include "zero_shot.hpp"

#include "existing_files.hpp"
#include "inputs.hpp"
#include "work_line.hpp"

#include <akin/text/prompts.hpp>

namespace clip_program {

std::vector<std::string> labels_of(const zero_shot_options& o) {
  std::vector<std::string> labels = valid_texts(o.labels, "--label");
  if (o.labels_file.empty()) return labels;
  for (auto& name : akin::read_names(o.labels_file)) labels.push_back(std::move(name));
  return labels;
}

akin::zero_shot_classifier classifier_of(const zero_shot_options& o, const std::vector<std::string>& labels, embedder& model) {
  if (!o.save_classifier.empty()) refuse_existing({o.save_classifier}, o.overwrite);
  std::vector<std::string> templates = valid_texts(o.templates, "--template");
  if (!o.templates_file.empty())
    for (auto& line : akin::read_templates(o.templates_file)) templates.push_back(std::move(line));
  if (!o.classifier.empty()) {
    if (!labels.empty() || !templates.empty())
      misuse("--classifier: it has its own labels and templates; leave the others out");
    auto classifier = akin::load_classifier(o.classifier, model.identity());
    if (classifier.embed != model.embed())
      akin::fail("classifier '", o.classifier, "' has classes of ", classifier.embed, " numbers, but the model's embeddings have ", model.embed());
    return classifier;
  }
  for (const auto& label : labels)
    if (label.empty()) misuse("--label: a label is empty");
  if (labels.empty()) misuse("no labels: name them with --label, --labels or --classifier");
  if (templates.empty()) templates = {"a photo of a {}."};
  work_line line{std::ssize(labels), "classes"};
  std::int64_t done = 0;
  auto classifier = akin::make_classifier(labels, templates, model.identity(), [&](std::span<const std::string> prompts) {
    auto rows = model.texts(prompts);
    line.update(++done);
    return rows;
  });
  line.end();
  say_cut(model.cut(), model.context());
  if (!o.save_classifier.empty()) akin::save_classifier(o.save_classifier, classifier);
  return classifier;
}

}  // namespace clip_program
