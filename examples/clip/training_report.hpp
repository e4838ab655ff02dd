// SPDX-License-Identifier: Apache-2.0
// What report.html shows of a run of akin-clip.
#pragma once

#include "classifier.hpp"
#include "model_file.hpp"
#include "options.hpp"

#include <akin/train/report.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace clip_program {

inline akin::image picture_of(const labelled_images& data, std::int64_t n) {
  const auto bytes = data.image(n);
  return {data.width, data.height, 1, {bytes.begin(), bytes.end()}};
}

inline std::string training_report(const train_options& o, const model_description& d, const labelled_images& test, const evaluation& result, const std::vector<float>& history, std::size_t columns, double seconds,
                                   std::int64_t images, std::int64_t images_seen, double temperature) {
  const std::size_t classes = d.classes.size();
  akin::report r;
  r.title = "A CLIP trained on " + akin::detail::with_commas(images) + " images";
  r.summary = "A residual network for images and a mean of word embeddings for captions, trained with a contrastive objective; the test images are classified by prompts that training never saw.";
  r.top1 = result.top1;
  r.top5 = result.top5;
  r.training_seconds = seconds;
  r.images_seen = images_seen;
  r.test_images = test.count;
  for (std::size_t k = 0; k + columns <= history.size(); k += columns) {
    const auto at = [&](std::size_t column) { return static_cast<double>(history[k + column]); };
    r.loss.push_back({at(0), at(2)});
    r.learning_rate.push_back({at(0), at(3)});
    r.temperature.push_back({at(0), at(4)});
    if (std::isfinite(at(6))) r.accuracy.push_back({at(5), at(6)});
  }
  for (const auto& names : d.classes) {
    r.classes.push_back(names.front());
    r.prompts.push_back(akin::fill_template(d.test_templates.front(), names.front()));
  }
  r.confusion = result.confusion;

  // Two images of each class, and the answers that the model was most sure of.
  std::vector<akin::report::answer> right, wrong;
  std::vector<std::int64_t> right_at, wrong_at;
  std::vector<int> shown(classes);
  for (std::int64_t n = 0; n < test.count; ++n) {
    const float* row = &result.cosines[static_cast<std::size_t>(n) * classes];
    const auto truth = static_cast<std::size_t>(test.labels[static_cast<std::size_t>(n)]);
    if (shown[truth] < 2) {
      ++shown[truth];
      r.similarity.push_back({picture_of(test, n), truth, {row, row + classes}});
    }
    const auto best = static_cast<std::size_t>(std::max_element(row, row + classes) - row);
    double total = 0;
    for (std::size_t c = 0; c < classes; ++c) total += std::exp(temperature * static_cast<double>(row[c] - row[best]));
    auto& list = best == truth ? right : wrong;
    list.push_back({{}, truth, best, 1 / total});
    (best == truth ? right_at : wrong_at).push_back(n);
  }
  std::stable_sort(r.similarity.begin(), r.similarity.end(), [](const auto& a, const auto& b) { return a.truth < b.truth; });
  const auto most_confident = [&](const std::vector<akin::report::answer>& all, const std::vector<std::int64_t>& at) {
    std::vector<std::size_t> order(all.size());
    for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return all[a].probability > all[b].probability; });
    std::vector<akin::report::answer> some;
    std::vector<int> of_class(classes);  // at most three of a class, so that the page shows more than one kind
    for (const std::size_t k : order) {
      if (some.size() == 12) break;
      if (++of_class[all[k].predicted] > 3) continue;
      some.push_back(all[k]);
      some.back().picture = picture_of(test, at[k]);
    }
    return some;
  };
  r.best_right = most_confident(right, right_at);
  r.best_wrong = most_confident(wrong, wrong_at);

  const bool one = o.objective == "one";
  r.objective = one ? "Symmetric cross entropy with one positive: image i belongs to caption i" : "Symmetric cross entropy with several positives: every caption of the image's class";
  r.objective_reason = one ? "The objective of the CLIP paper. Many images of a batch share a class here, so that true captions of other images count as negatives."
                           : "Many images of a batch share a class, so every caption of that class is a positive. docs/demo.md compares both objectives on this data.";
  const auto number = [](double x) {
    char text[40];
    std::snprintf(text, sizeof text, "%g", x);
    return std::string{text};
  };
  r.configuration = {{"data", o.data}, {"epochs", std::to_string(o.training.epochs)}, {"batch", std::to_string(o.training.batch)}, {"peak learning rate", number(o.training.learning_rate)}, {"weight decay", number(o.training.weight_decay)},
                     {"gradient norm clipped to", number(o.training.clip_norm)}, {"images move by up to", std::to_string(o.shift) + " pixels"}, {"embedding width", std::to_string(o.embed)}, {"seed", std::to_string(o.training.seed)},
                     {"captions", join(d.templates, " | ")}, {"test prompts", join(d.test_templates, " | ")}};
  r.next = {{"Classify an image", "akin-clip classify --model " + o.training.out + " picture.png"}, {"With labels of your own", "akin-clip classify --model " + o.training.out + " --label 'ankle boot' --label sandal picture.png"}};
  return akin::report_html(r);
}

}  // namespace clip_program
