// SPDX-License-Identifier: Apache-2.0
// A JSON file as a flat table. What is refused stands in tests/clip/config.test.cpp too.
#include <akin/io/json_values.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <string>

using namespace std::string_literals;

TEST_CASE("every scalar under its path") {
  const temporary_folder folder;
  const auto values = akin::read_json(folder.put(
      "x", R"( {"a": {"b": [4, null, {"c": -1.5e2}], "d": {}}, "e": "\u00e9\n", "f": [], "t": true, "n": false, "z": 0} )"));
  CHECK(values.size() == 9);
  CHECK(values.at("a.b.0") == akin::json_value{4.0});
  CHECK(values.at("a.b.1") == akin::json_value{nullptr});
  CHECK(values.at("a.b.2.c") == akin::json_value{-150.0});
  CHECK(values.at("a.d") == akin::json_value{akin::json_empty{}});
  CHECK(values.at("e") == akin::json_value{"\xc3\xa9\n"s});
  CHECK(values.at("f") == akin::json_value{akin::json_empty{}});
  CHECK(values.at("t") == akin::json_value{true});
  CHECK(values.at("n") == akin::json_value{false});
  CHECK(values.at("z") == akin::json_value{0.0});
}

TEST_CASE("strict JSON") {
  const temporary_folder folder;
  const auto verdict = [&](std::string_view text) { return sentence_of([&] { akin::read_json(folder.put("x", text)); }); };
  for (const char* const number : {"1", "-0", "0.5", "1e5", "1E+5", "12.25e-3", "123456789012345678901234567890"})
    CHECK(verdict("{\"a\":"s + number + "}") == "");
  for (const char* const number : {"+1", ".5", "1.", "1e", "-", "0x1", "01", "1e999", "Infinity", "tru", "1,", "\"", "{", "[1"})
    CHECK(verdict("{\"a\":"s + number + "}") != "");
  CHECK(contains(verdict("{\"a\": tru}"), "', byte 6: got 't', expected a digit"));
  CHECK(contains(verdict("{} {}"), "after the end"));
  CHECK(contains(sentence_of([&] { akin::read_json(folder / "absent"); }), "absent"));
  // Depth: 64 in each other are read, no stack is exhausted beyond.
  CHECK(verdict("{\"a\":" + std::string(63, '[') + "1" + std::string(63, ']') + "}") == "");
  CHECK(contains(verdict("{\"a\":" + std::string(100'000, '[')), "more than 64 deep"));
}
