// SPDX-License-Identifier: Apache-2.0
// CSV as RFC 4180 has it, JSON lines, and plain text.
#include "answers.hpp"

#include <akin/io/json_header.hpp>
#include <akin/text/zero_shot.hpp>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <utility>

namespace clip_program {

namespace {

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (const char c : text) cell += (c == '"' ? "\"" : "") + std::string(1, c);
  return cell + '"';
}

}  // namespace

std::string number_text(double number, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*g", digits, number);
  return text;
}

std::vector<answer> best_answers(const std::vector<std::string>& names, std::span<const float> scores, std::optional<double> threshold, std::int64_t top) {
  constexpr float below_all = -std::numeric_limits<float>::infinity();
  auto best = akin::classes_above(scores, threshold ? static_cast<float>(*threshold) : below_all);
  best.resize(std::min(best.size(), static_cast<std::size_t>(top)));
  std::vector<answer> answers;
  for (const std::size_t k : best) answers.push_back({names[k], static_cast<double>(scores[k])});
  return answers;
}

answer_writer::answer_writer(std::string form, std::string query, std::string name)
    : form_{std::move(form)}, query_{std::move(query)}, name_{std::move(name)} {
  if (form_ == "csv") std::printf("%s,%s,score\n", query_.c_str(), name_.c_str());
}

void answer_writer::write(const std::string& query, const std::vector<answer>& answers) const {
  std::string text;
  if (form_ == "csv") {
    for (const auto& each : answers) text += csv_cell(query) + ',' + csv_cell(each.name) + ',' + number_text(each.score) + '\n';
  } else if (form_ == "json") {
    for (const auto& each : answers)
      text += (text.empty() ? "" : ", ") + ("{" + akin::json_quoted(name_) + ": " + akin::json_quoted(each.name)) +
              ", \"score\": " + number_text(each.score) + "}";
    text = "{" + akin::json_quoted(query_) + ": " + akin::json_quoted(query) + ", \"answers\": [" + text + "]}\n";
  } else {
    for (const auto& each : answers) text += (text.empty() ? "" : ", ") + each.name + ' ' + number_text(each.score);
    text = query + ": " + text + '\n';
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);  // whole lines, whatever ends the program
}

}  // namespace clip_program
