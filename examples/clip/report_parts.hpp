// SPDX-License-Identifier: Apache-2.0
// What the reports of both kinds of training have in common: curves, and the answers that a model is most sure of.
#pragma once

#include <akin/train/report.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace clip_program {

/// Curves from a history whose columns are those of training_run.
inline void add_curves(akin::report& r, std::span<const float> history, std::size_t columns) {
  for (std::size_t k = 0; k + columns <= history.size(); k += columns) {
    const auto at = [&](std::size_t column) { return static_cast<double>(history[k + column]); };
    r.loss.push_back({at(0), at(2)});
    r.learning_rate.push_back({at(0), at(3)});
    r.temperature.push_back({at(0), at(4)});
    if (std::isfinite(at(6))) r.accuracy.push_back({at(5), at(6)});
  }
}

/// What a test says of one image.
struct tested_image {
  std::size_t number, truth, predicted;
  double probability;  // of what is predicted
};

/// The best class by the cosines of an image with all, the first of equal ones, and its share in the softmax.
inline tested_image judged(std::size_t number, std::size_t truth, std::span<const float> cosines, double temperature) {
  const auto best = static_cast<std::size_t>(std::ranges::max_element(cosines) - cosines.begin());
  double total = 0;
  for (const float x : cosines) total += std::exp(temperature * static_cast<double>(x - cosines[best]));
  return {number, truth, best, 1 / total};
}

/// The twelve that the model was most sure of, at most `of_class` with the same prediction, with the pictures of their numbers.
template <class Picture>
std::vector<akin::report::answer> most_confident(std::vector<tested_image> images, std::size_t of_class, Picture picture_of) {
  constexpr std::size_t shown = 12;
  std::ranges::stable_sort(images, std::greater{}, &tested_image::probability);
  std::vector<akin::report::answer> answers;
  std::map<std::size_t, std::size_t> predictions;
  for (const auto& each : images) {
    if (answers.size() == shown) break;
    if (++predictions[each.predicted] <= of_class) answers.push_back({picture_of(each.number), each.truth, each.predicted, each.probability});
  }
  return answers;
}

}  // namespace clip_program
