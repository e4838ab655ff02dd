// SPDX-License-Identifier: Apache-2.0
// How often a classifier is right.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace clip_program {

/// What is counted over images whose class is known.
class class_counts {
 public:
  explicit class_counts(std::size_t classes) : confusion(classes * classes) {}

  /// The scores of one image; of equal ones the earlier class comes first.
  void add(std::span<const float> scores, std::size_t truth) {
    std::size_t ahead = 0;
    for (std::size_t k = 0; k < scores.size(); ++k)
      ahead += scores[k] > scores[truth] || (scores[k] == scores[truth] && k < truth);
    const auto best = static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
    ++images;
    first_ += ahead == 0;
    among_five_ += ahead < 5;
    ++confusion[truth * scores.size() + best];
  }
  double top1() const { return share(first_); }
  double top5() const { return share(among_five_); }

  std::int64_t images = 0;
  std::vector<std::int64_t> confusion;  // [class, predicted]

 private:
  double share(std::int64_t hits) const { return images > 0 ? static_cast<double>(hits) / static_cast<double>(images) : 0; }

  std::int64_t first_ = 0, among_five_ = 0;
};

}  // namespace clip_program
