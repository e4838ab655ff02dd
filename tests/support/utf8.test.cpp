// SPDX-License-Identifier: Apache-2.0
// UTF-8 is read as Python's decoder reads it, valid or not, and written so that it reads the same.
#include <akin/support/utf8.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

std::u32string decoded(std::string_view text) {
  std::u32string codes;
  while (!text.empty()) {
    const auto next = akin::first_code_point(text);
    codes += next.code;
    text.remove_prefix(next.bytes);
  }
  return codes;
}

}  // namespace

TEST_CASE("every code point is read as it was written") {
  for (char32_t code = 0; code < 0x110000; ++code) {
    std::string text;
    akin::append_utf8(text, code);
    const auto read = akin::first_code_point(text);
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    REQUIRE(read.valid == !surrogate);
    if (surrogate) continue;
    REQUIRE(read.code == code);
    REQUIRE(read.bytes == text.size());
    REQUIRE(akin::utf8_sequence(text) == text.size());
  }
}

TEST_CASE("bytes that are no UTF-8 are replaced where Python replaces them") {
  // From bytes.decode("utf-8", errors="replace") of Python 3.11.
  CHECK(decoded("\xe2\x82"
                "A") == U"\ufffdA");
  CHECK(decoded("\xf0\x80\x80") == U"\ufffd\ufffd\ufffd");
  CHECK(decoded("\xf0\x9f\x98") == U"\ufffd");
  CHECK(decoded("\xf0\x9f\x98\xe2\x82\xac") == U"\ufffd\u20ac");
  CHECK(decoded("\xed\xa0\x80") == U"\ufffd\ufffd\ufffd");
  CHECK(decoded("\xe0\x80"
                "b") ==
        U"\ufffd\ufffd"
        U"b");
  CHECK(decoded("\xc0\xaf\xc3") == U"\ufffd\ufffd\ufffd");
  CHECK(decoded("\xf4\x90\x80\x80") == U"\ufffd\ufffd\ufffd\ufffd");
  CHECK(decoded("\xff\xfe z\x80") == U"\ufffd\ufffd z\ufffd");
}

TEST_CASE("repaired text is what Python decodes, and says how often it was not UTF-8") {
  std::int64_t replaced = 2;
  CHECK(akin::repaired_utf8("caf\u00e9 \U0001F600", replaced) == "caf\u00e9 \U0001F600");
  CHECK(replaced == 2);
  CHECK(akin::repaired_utf8("n\xff\xfeo\xe2\x82", replaced) == "n\ufffd\ufffdo\ufffd");
  CHECK(replaced == 5);
  CHECK(akin::repaired_utf8("", replaced).empty());
}
