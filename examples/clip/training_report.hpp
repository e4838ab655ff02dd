// SPDX-License-Identifier: Apache-2.0
// What report.html shows of a run of akin-clip.
#pragma once

#include "answers.hpp"
#include "classifier.hpp"
#include "model_file.hpp"
#include "options.hpp"
#include "report_parts.hpp"

#include <akin/train/report.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace clip_program {

inline akin::image picture_of(const labelled_images& data, std::size_t n) {
  const auto bytes = data.image(static_cast<std::int64_t>(n));
  return {data.width, data.height, 1, {bytes.begin(), bytes.end()}};
}

inline std::string training_report(const train_options& o, const model_description& d, const labelled_images& test, const evaluation& result, const std::vector<float>& history, std::size_t columns, double seconds,
                                   std::int64_t images, std::int64_t images_seen, double temperature) {
  const std::size_t classes = d.classes.size();
  akin::report r;
  r.title = "A CLIP trained on " + akin::detail::with_commas(images) + " images";
  r.summary = "A residual network for images and a mean of word embeddings for captions, trained with a contrastive objective; the test images are classified by prompts that training never saw.";
  r.top1 = result.counts.top1();
  r.top5 = result.counts.top5();
  r.training_seconds = seconds;
  r.images_seen = images_seen;
  r.test_images = test.count;
  add_curves(r, history, columns);
  for (const auto& names : d.classes) {
    r.classes.push_back(names.front());
    r.prompts.push_back(akin::fill_template(d.test_templates.front(), names.front()));
  }
  r.confusion = result.counts.confusion;

  // Two images of each class, and the answers that the model was most sure of.
  std::vector<tested_image> right, wrong;
  std::vector<int> shown(classes);
  for (std::size_t n = 0; n < test.labels.size(); ++n) {
    const auto row = std::span{result.cosines}.subspan(n * classes, classes);
    const std::size_t truth = test.labels[n];
    if (shown[truth] < 2) {
      ++shown[truth];
      r.similarity.push_back({picture_of(test, n), truth, {row.begin(), row.end()}});
    }
    const tested_image one = judged(n, truth, row, temperature);
    (one.predicted == truth ? right : wrong).push_back(one);
  }
  std::stable_sort(r.similarity.begin(), r.similarity.end(), [](const auto& a, const auto& b) { return a.truth < b.truth; });
  constexpr std::size_t of_class = 3;  // so that the page shows more than one kind
  const auto picture = [&](std::size_t n) { return picture_of(test, n); };
  r.best_right = most_confident(right, of_class, picture);
  r.best_wrong = most_confident(wrong, of_class, picture);

  const bool one = o.objective == "one";
  r.objective = one ? "Symmetric cross entropy with one positive: image i belongs to caption i" : "Symmetric cross entropy with several positives: every caption of the image's class";
  r.objective_reason = one ? "The objective of the CLIP paper. Many images of a batch share a class here, so that true captions of other images count as negatives."
                           : "Many images of a batch share a class, so every caption of that class is a positive.";
  r.configuration = {{"data", o.data}, {"epochs", std::to_string(o.training.epochs)}, {"batch", std::to_string(o.training.batch)}, {"peak learning rate", number_text(o.training.learning_rate)}, {"weight decay", number_text(o.training.weight_decay)},
                     {"gradient norm clipped to", number_text(o.training.clip_norm)}, {"images move by up to", counted(o.shift, "pixel")}, {"embedding width", std::to_string(o.embed)}, {"seed", std::to_string(o.training.seed)},
                     {"captions", join(d.templates, " | ")}, {"test prompts", join(d.test_templates, " | ")}};
  // Pictures that people have are mostly dark on white, which --invert turns into what a model of light things on black has seen.
  const std::string classify = invoked_as + " classify --model " + o.training.out + (d.scale.mean < 0.5f ? " --invert" : ""), purpose = d.scale.mean < 0.5f ? " of something dark on white" : "";
  r.next = {{"Classify a picture" + purpose, classify + " picture.png"}, {"With labels of your own", classify + " --label 'ankle boot' --label sandal picture.png"}};
  return akin::report_html(r);
}

}  // namespace clip_program
