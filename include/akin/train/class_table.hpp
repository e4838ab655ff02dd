// SPDX-License-Identifier: Apache-2.0
// How well each class is recognised, from a confusion matrix: as numbers, and as a table for the console.
#pragma once

#include <akin/support/error.hpp>
#include <akin/train/number_text.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace akin::inline v0 {

/// One class on the test set.
struct class_score {
  std::int64_t images = 0;
  std::int64_t correct = 0;
  std::size_t rival = 0;          // the class it is mistaken for most often
  std::int64_t rival_images = 0;  // how often; 0 when it never is

  double accuracy() const {
    return images > 0 ? static_cast<double>(correct) / static_cast<double>(images) : std::numeric_limits<double>::quiet_NaN();
  }
};

/// The scores of all classes.
/// shapes: confusion [true class, predicted class], row-major
/// errors: the confusion matrix has another size; a count is negative
inline std::vector<class_score> class_scores(std::size_t classes, const std::vector<std::int64_t>& confusion) {
  if (confusion.size() != classes * classes)
    fail("class_scores: the confusion matrix has ", confusion.size(), " counts, expected ", classes, " x ", classes);
  std::vector<class_score> scores(classes);
  for (std::size_t truth = 0; truth < classes; ++truth) {
    class_score& score = scores[truth];
    for (std::size_t predicted = 0; predicted < classes; ++predicted) {
      const std::int64_t count = confusion[truth * classes + predicted];
      if (count < 0) fail("class_scores: the count of class ", truth, " predicted as ", predicted, " is ", count);
      score.images += count;
      if (predicted == truth) {
        score.correct = count;
      } else if (count > score.rival_images) {
        score.rival = predicted;
        score.rival_images = count;
      }
    }
  }
  return scores;
}

namespace detail {

/// A name for one cell of a console table: control characters become '?', and 32 places are the most.
inline std::string console_name(std::string_view name) {
  std::string result;
  std::size_t used = 0;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool begins = (byte & 0xc0u) != 0x80u;
    if (begins && used == 31 && places(name) > 32) return result + "\u2026";
    used += begins;
    result += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return result;
}

}  // namespace detail

/// A table for the console: class, images, correct, accuracy, most confused with, and a last row for all classes together.
/// shapes: classes [class]; confusion [true class, predicted class], row-major
/// errors: the confusion matrix does not fit the classes; a count is negative
inline std::string class_table(const std::vector<std::string>& classes, const std::vector<std::int64_t>& confusion) {
  const std::vector<class_score> scores = class_scores(classes.size(), confusion);
  using row = std::vector<std::string>;
  std::vector<row> rows{{"class", "images", "correct", "accuracy", "most confused with"}};
  const auto add = [&](const std::string& name, const class_score& score, const std::string& rival) {
    rows.push_back(
        {name, detail::with_commas(score.images), detail::with_commas(score.correct), detail::percent(score.accuracy()), rival});
  };
  class_score all;
  for (std::size_t k = 0; k < classes.size(); ++k) {
    const class_score& score = scores[k];
    const std::string rival = detail::console_name(classes[score.rival]) + " (" + detail::with_commas(score.rival_images) + ")";
    add(detail::console_name(classes[k]), score, score.rival_images > 0 ? rival : "-");
    all.images += score.images;
    all.correct += score.correct;
  }
  add("all", all, "");

  std::size_t widths[5] = {};
  for (const row& cells : rows)
    for (std::size_t c = 0; c < 5; ++c)
      if (detail::places(cells[c]) > widths[c]) widths[c] = detail::places(cells[c]);
  const std::string rule(widths[0] + widths[1] + widths[2] + widths[3] + widths[4] + 8, '-');
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (r == 1 || r + 1 == rows.size()) text += rule + "\n";
    for (std::size_t c = 0; c < 5; ++c) {
      const std::string& cell = rows[r][c];
      const std::string gap(widths[c] - detail::places(cell), ' ');
      const bool left = c == 0 || c == 4;
      text += (c == 0 ? "" : "  ") + (left ? cell + gap : gap + cell);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

}  // namespace akin::inline v0
