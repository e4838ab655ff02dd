// SPDX-License-Identifier: Apache-2.0
// Curves, recall, and what the first test's images are taken for.
#include "pairs_report.hpp"

#include "answers.hpp"
#include "classes.hpp"
#include "report_parts.hpp"

#include <akin/data/read_image.hpp>
#include <akin/text/zero_shot.hpp>
#include <akin/train/number_text.hpp>
#include <akin/train/report.hpp>

#include <algorithm>
#include <cmath>
#include <span>

namespace clip_program {

namespace {

/// The images of a test against all its captions, which are the report's classes; an image at a time, of which only what is shown is
/// kept.
void add_answers(akin::report& r, const tested_pairs& test, double temperature) {
  constexpr std::size_t rows_shown = 16;
  const auto& rows = test.rows;
  if (rows.captions.empty()) return;
  const std::size_t images = rows.paths.size(), embed = rows.images.size() / images;
  const akin::zero_shot_classifier captions{rows.captions, rows.texts, static_cast<std::int64_t>(embed), ""};
  const auto picture_of = [&](std::size_t n) { return akin::to_rgb(akin::read_stored_image(rows.paths[n])); };
  r.classes = rows.captions;
  std::vector<tested_image> right, wrong;
  for (std::size_t n = 0; n < images; ++n) {
    const auto cosines = captions.cosines(std::span{rows.images}.subspan(n * embed, embed));
    const auto image = static_cast<std::int32_t>(n);
    const auto truth = static_cast<std::size_t>(std::ranges::find(rows.image_of_text, image) - rows.image_of_text.begin());
    const tested_image one = judged(n, truth, cosines, temperature);
    (rows.image_of_text[one.predicted] == image ? right : wrong).push_back(one);
    // Images from all over the test, not its first ones, which resemble each other.
    if (n * rows_shown / images != (n + 1) * rows_shown / images) r.similarity.push_back({picture_of(n), truth, {cosines.begin(), cosines.end()}});
  }
  r.best_right = most_confident(right, right.size(), picture_of);
  r.best_wrong = most_confident(wrong, wrong.size(), picture_of);
}

}  // namespace

std::string lost_tests(const train_pairs_options& o, const training_run& run) {
  const std::size_t columns = run.columns().size();  // the measure is the last one, and not a number where there was no test
  bool was_tested = false;
  for (std::size_t k = columns; k <= run.history.size(); k += columns) was_tested = was_tested || std::isfinite(run.history[k - 1]);
  return o.tests.empty() && was_tested ? "The run was tested before it was resumed without --test: this report has no results of tests." : "";
}

std::string pairs_report(const train_pairs_options& o, const training_run& run, const std::vector<tested_pairs>& tests, double seconds) {
  const auto& s = run.settings;
  akin::report r;
  r.title = "A CLIP trained on " + akin::detail::with_commas(run.examples) + " images and their captions";
  r.summary = "Two towers, trained with the objective of the CLIP paper on pairs of images and captions.";
  if (!tests.empty()) r.summary += " Each image and each caption of a test looks for its partner among all of that test.";
  for (const auto& test : tests)
    for (const std::int64_t k : {1, 5, 10}) {
      const auto percent = [&](std::span<const std::int64_t> ranks) { return akin::detail::percent(akin::recall_at(ranks, k)); };
      r.figures.push_back({percent(test.ranks.of_images) + " / " + percent(test.ranks.of_texts), test.name + ": recall at " + std::to_string(k) + ", image to text / text to image"});
    }
  r.training_seconds = seconds;
  r.images_seen = run.total_steps() * s.batch;
  r.measure = "Recall at 1";
  add_curves(r, run.history, run.columns().size());
  if (!tests.empty()) {
    r.test_images = std::ssize(tests.front().rows.paths);
    add_answers(r, tests.front(), run.temperature());
  }
  r.objective = "Symmetric cross entropy with one positive: image i belongs to caption i";
  r.objective_reason = "The objective of the CLIP paper. Every image is once in an epoch, with one of its captions.";
  r.configuration = {{"pairs", join(o.pairs, ", ")}, {"architecture", o.config}, {"epochs", std::to_string(s.epochs)}, {"batch", std::to_string(s.batch)}, {"peak learning rate", number_text(s.learning_rate)},
                     {"weight decay", number_text(s.weight_decay)}, {"gradient norm clipped to", number_text(s.clip_norm)}, {"least area of a crop", number_text(o.least_area)}, {"seed", std::to_string(s.seed)}};
  if (!o.tests.empty()) r.configuration.insert(r.configuration.begin() + 1, {"test pairs", join(o.tests, ", ")});
  r.next = {{"Embed pictures", invoked_as + " embed --model " + s.out + " --out index FOLDER"},
            {"Search them", invoked_as + " search --model " + s.out + " --index index --text 'words' --report found.html"}};
  r.notes = o.notes;
  if (const auto lost = lost_tests(o, run); !lost.empty()) r.notes.push_back(lost);
  return akin::report_html(r);
}

}  // namespace clip_program
