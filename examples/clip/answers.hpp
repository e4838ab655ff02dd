// SPDX-License-Identifier: Apache-2.0
// Answers with scores on standard output, for eyes or for other programs.
#pragma once

#include <string>
#include <vector>

namespace clip_program {

/// One answer to a query.
struct answer {
  std::string name;
  double score = 0;
};

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
