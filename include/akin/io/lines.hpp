// SPDX-License-Identifier: Apache-2.0
// The lines of text files, wherever they were written.
#pragma once

#include <akin/support/compiler.hpp>

#include <cstddef>
#include <string_view>

namespace akin::inline v0 {

/// A text without the mark of its encoding that some editors begin files with.
constexpr std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  return text.substr(text.starts_with(mark) ? mark.size() : 0);
}

/// Calls on_line(line, number) for the lines of a text, numbered from 1: without a byte-order mark before the first, and without the
/// carriage returns that Windows puts at their ends. What follows the last line feed is a line where it is not empty.
template <class OnLine>
void for_each_line(std::string_view text, OnLine on_line) {
  text = without_byte_order_mark(text);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t size = text.find('\n');
    std::string_view line = text.substr(0, size);
    text.remove_prefix(size == std::string_view::npos ? text.size() : size + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    on_line(line, number);
  }
}

}  // namespace akin::inline v0
