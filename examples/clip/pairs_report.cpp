// SPDX-License-Identifier: Apache-2.0
// Curves, recall, and what the first test's images are taken for.
#include "pairs_report.hpp"

#include "classifier.hpp"

#include <akin/data/read_image.hpp>
#include <akin/train/number_text.hpp>
#include <akin/train/report.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace clip_program {

namespace {

void add_curves(akin::report& r, const training_run& run) {
  const std::size_t columns = run.columns().size();
  for (std::size_t k = 0; k + columns <= run.history.size(); k += columns) {
    const auto at = [&](std::size_t column) { return static_cast<double>(run.history[k + column]); };
    r.loss.push_back({at(0), at(2)});
    r.learning_rate.push_back({at(0), at(3)});
    r.temperature.push_back({at(0), at(4)});
    if (std::isfinite(at(6))) r.accuracy.push_back({at(5), at(6)});
  }
}

/// The images of a test against all its captions, which are the report's classes.
void add_answers(akin::report& r, const tested_pairs& test, double temperature) {
  constexpr std::size_t rows_shown = 16, answers_shown = 12;
  const auto& rows = test.rows;
  if (rows.captions.empty()) return;
  const std::size_t captions = rows.captions.size(), embed = rows.texts.size() / captions;
  const auto all = cosines(rows.images, rows.texts, static_cast<std::int64_t>(embed));
  r.classes = rows.captions;
  std::vector<akin::report::answer> right, wrong;
  std::vector<std::size_t> right_at, wrong_at;
  for (std::size_t n = 0; n < rows.paths.size(); ++n) {
    const float* const row = &all[n * captions];
    const auto truth = static_cast<std::size_t>(std::ranges::find(rows.image_of_text, static_cast<std::int32_t>(n)) - rows.image_of_text.begin());
    const auto best = static_cast<std::size_t>(std::max_element(row, row + captions) - row);
    double total = 0;
    for (std::size_t c = 0; c < captions; ++c) total += std::exp(temperature * static_cast<double>(row[c] - row[best]));
    const bool is_right = rows.image_of_text[best] == static_cast<std::int32_t>(n);
    (is_right ? right : wrong).push_back({{}, truth, best, 1 / total});
    (is_right ? right_at : wrong_at).push_back(n);
    // Images from all over the test, not its first ones, which resemble each other.
    if (n * rows_shown / rows.paths.size() != (n + 1) * rows_shown / rows.paths.size())
      r.similarity.push_back({akin::to_rgb(akin::read_stored_image(rows.paths[n])), truth, {row, row + captions}});
  }
  const auto most_confident = [&](std::vector<akin::report::answer> answers, const std::vector<std::size_t>& at) {
    std::vector<std::size_t> order(answers.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater{}, [&](std::size_t k) { return answers[k].probability; });
    std::vector<akin::report::answer> some;
    for (const std::size_t k : order) {
      if (some.size() == answers_shown) break;
      some.push_back(std::move(answers[k]));
      some.back().picture = akin::to_rgb(akin::read_stored_image(rows.paths[at[k]]));
    }
    return some;
  };
  r.best_right = most_confident(std::move(right), right_at);
  r.best_wrong = most_confident(std::move(wrong), wrong_at);
}

std::string number(double x) {
  char text[40];
  std::snprintf(text, sizeof text, "%g", x);
  return text;
}

}  // namespace

std::string pairs_report(const train_pairs_options& o, const training_run& run, const std::vector<tested_pairs>& tests, double seconds) {
  const auto& s = run.settings;
  akin::report r;
  r.title = "A CLIP trained on " + akin::detail::with_commas(run.examples) + " images and their captions";
  r.summary = "Two towers, trained with the objective of the CLIP paper on pairs of images and captions. Images and captions of the tests were never trained on; each looks for its partner among all of its test.";
  for (const auto& test : tests)
    for (const std::int64_t k : {1, 5, 10}) {
      const auto percent = [&](std::span<const std::int64_t> ranks) { return akin::detail::percent(recall_at(ranks, k)); };
      r.figures.push_back({percent(test.ranks.of_images) + " / " + percent(test.ranks.of_texts), test.name + ": recall at " + std::to_string(k) + ", image to text / text to image"});
    }
  r.training_seconds = seconds;
  r.images_seen = run.total_steps() * s.batch;
  r.measure = "Recall at 1";
  add_curves(r, run);
  if (!tests.empty()) {
    r.test_images = std::ssize(tests.front().rows.paths);
    add_answers(r, tests.front(), run.temperature());
  }
  r.objective = "Symmetric cross entropy with one positive: image i belongs to caption i";
  r.objective_reason = "The objective of the CLIP paper. Every image is once in an epoch, with one of its captions.";
  r.configuration = {{"pairs", join(o.pairs, ", ")}, {"architecture", o.config}, {"epochs", std::to_string(s.epochs)}, {"batch", std::to_string(s.batch)}, {"peak learning rate", number(s.learning_rate)},
                     {"weight decay", number(s.weight_decay)}, {"gradient norm clipped to", number(s.clip_norm)}, {"least area of a crop", number(o.least_area)}, {"seed", std::to_string(s.seed)}};
  r.next = {{"Embed pictures", "akin-clip embed --model " + s.out + " --out index FOLDER"},
            {"Search them", "akin-clip search --model " + s.out + " --index index --text 'words' --report found.html"}};
  r.notes = o.notes;
  return akin::report_html(r);
}

}  // namespace clip_program
