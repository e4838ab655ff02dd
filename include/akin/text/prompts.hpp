// SPDX-License-Identifier: Apache-2.0
// Names of classes and templates around them: the prompts of zero-shot classification.
#pragma once

#include <akin/io/file.hpp>
#include <akin/io/lines.hpp>
#include <akin/support/error.hpp>
#include <akin/support/utf8.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace akin::inline v0 {

/// The template that leaves a name as it is.
inline constexpr std::string_view bare_word = "{}";

/// The lines of a text file that are not empty.
/// errors: one sentence with the path and the line: no UTF-8; no line at all
inline std::vector<std::string> read_names(const std::string& path) {
  const std::string text = read_file(path);
  std::vector<std::string> lines;
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    if (!is_utf8(line)) fail("'", path, "', line ", number, ": '", detail::printable(line), "' is not UTF-8");
    if (!line.empty()) lines.emplace_back(line);
  });
  if (lines.empty()) fail("'", path, "' has no lines");
  return lines;
}

namespace detail {

/// Where the name goes in a template; `where` stands before the sentence if there is no one place for it.
inline std::size_t place_of_name(std::string_view prompt, const std::string& where = {}) {
  const auto at = prompt.find(bare_word);
  if (at == std::string_view::npos) fail(where, "template '", printable(prompt), "' has no {} where the name goes");
  if (prompt.find(bare_word, at + bare_word.size()) != std::string_view::npos)
    fail(where, "template '", printable(prompt), "' has several {}, but the name goes in once");
  return at;
}

}  // namespace detail

/// Templates from a file, one a line; `{}` stands for the name.
/// errors: as read_names; a line that has no {} or several
inline std::vector<std::string> read_templates(const std::string& path) {
  std::vector<std::string> templates = read_names(path);
  for (const std::string& line : templates) detail::place_of_name(line, "'" + path + "': ");
  return templates;
}

/// The template with "{}" replaced by the name.
/// errors: run time, where the template has no "{}" or several
inline std::string fill_template(std::string_view prompt, std::string_view name) {
  const auto at = detail::place_of_name(prompt);
  return std::string{prompt.substr(0, at)} + std::string{name} + std::string{prompt.substr(at + bare_word.size())};
}

/// Every template with the name in it.
/// shapes: [templates] -> [templates]
inline std::vector<std::string> prompts_for(std::string_view name, std::span<const std::string> templates) {
  std::vector<std::string> prompts;
  for (const std::string& line : templates) prompts.push_back(fill_template(line, name));
  return prompts;
}

}  // namespace akin::inline v0
