// SPDX-License-Identifier: Apache-2.0
// What the images show, in words: the names of each class, and the sentences that they go into.
#pragma once

#include <akin/data/words.hpp>
#include <akin/io/file.hpp>

#include <sstream>
#include <string>
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

/// The lines of a text file, without empty ones.
inline std::vector<std::string> read_lines(const std::string& path) {
  std::istringstream in{akin::read_file(path)};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  if (lines.empty()) akin::fail("'", path, "' has no lines");
  return lines;
}

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
  std::istringstream in{text};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}
inline std::string class_lines(const std::vector<class_names>& classes) {
  std::vector<std::string> lines;
  for (const auto& c : classes) lines.push_back(join(c, ", "));
  return join(lines, "\n");
}

}  // namespace clip_program
