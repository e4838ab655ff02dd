// SPDX-License-Identifier: Apache-2.0
// Answers with scores on standard output, for eyes or for other programs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace clip_program {

/// A number with so many digits at most.
std::string number_text(double number, int digits = 6);

/// One answer to a query.
struct answer {
  std::string name;
  double score = 0;
};

/// The names by their scores, best first: at most `top`, and none below the threshold where there is one.
std::vector<answer> best_answers(const std::vector<std::string>& names, std::span<const float> scores, std::optional<double> threshold, std::int64_t top);

/// Writes `query`'s answers, best first, in one of three forms: "csv" has a row for each answer, "json" a line for each query,
/// "text" a line in which scores stand as they are.
class answer_writer {
 public:
  /// The columns are called `query`, `name` and "score".
  answer_writer(std::string form, std::string query, std::string name);
  void write(const std::string& query, const std::vector<answer>& answers) const;

 private:
  std::string form_, query_, name_;
};

}  // namespace clip_program
