// SPDX-License-Identifier: Apache-2.0
// Lines come out the same, however a file marks their ends and its beginning.
#include <akin/io/lines.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using list = std::vector<std::string>;

list lines_of(std::string_view text) {
  list lines;
  akin::for_each_line(text, [&](std::string_view line, std::size_t number) {
    lines.emplace_back(line);
    CHECK(number == lines.size());
  });
  return lines;
}

}  // namespace

TEST_CASE("marks of lines and of the file are no part of them") {
  CHECK(lines_of("").empty());
  CHECK(lines_of("\xef\xbb\xbf").empty());
  for (const char* const text : {"a\n\nb\n", "a\r\n\r\nb\r\n", "\xef\xbb\xbf" "a\n\nb", "a\n\nb\r"}) CHECK(lines_of(text) == list{"a", "", "b"});
  CHECK(lines_of("a\rb\n\xef\xbb\xbf" "c") == list{"a\rb", "\xef\xbb\xbf" "c"});
}
