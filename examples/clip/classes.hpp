// SPDX-License-Identifier: Apache-2.0
// What the images show, in words: the names of each class, and the sentences that they go into.
#pragma once

#include <akin/io/lines.hpp>
#include <akin/text/prompts.hpp>
#include <akin/text/word_vocabulary.hpp>

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace clip_program {

/// The names of one class; the first is the one that is shown.
using class_names = std::vector<std::string>;

inline std::vector<class_names> fashion_classes() {
  return {{"t-shirt", "tee", "top"}, {"trousers", "pants"}, {"pullover", "sweater"}, {"dress"}, {"coat"}, {"sandal", "sandals"}, {"shirt", "button-up shirt"}, {"sneaker", "trainer"}, {"bag", "handbag"}, {"ankle boot", "boot"}};
}
inline std::vector<std::string> training_templates() {
  return {"a photo of a {}", "a picture of a {}", "a small image of a {}", "an item of clothing: {}", "this is a {}"};
}
/// Sentences that training never reads.
inline std::vector<std::string> test_templates() { return {"a product shot of the {}", "one {}"}; }

/// A line a class, its names separated by commas.
inline std::vector<class_names> parse_classes(const std::vector<std::string>& lines) {
  std::vector<class_names> classes;
  for (const auto& line : lines) {
    class_names names;
    std::istringstream parts{line};
    for (std::string name; std::getline(parts, name, ',');) {
      const auto begin = name.find_first_not_of(' ');
      if (begin != std::string::npos) names.push_back(name.substr(begin, name.find_last_not_of(' ') - begin + 1));
    }
    if (names.empty()) akin::fail("class ", classes.size(), ": the line '", line, "' names nothing");
    classes.push_back(names);
  }
  return classes;
}

inline std::string join(const std::vector<std::string>& parts, const char* between) {
  std::string s;
  for (std::size_t k = 0; k < parts.size(); ++k) s += (k ? between : "") + parts[k];
  return s;
}
inline std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  akin::for_each_line(text, [&](std::string_view line, std::size_t) { lines.emplace_back(line); });
  return lines;
}
inline std::string class_lines(const std::vector<class_names>& classes) {
  std::vector<std::string> lines;
  for (const auto& c : classes) lines.push_back(join(c, ", "));
  return join(lines, "\n");
}

}  // namespace clip_program
