// SPDX-License-Identifier: Apache-2.0
// A whole JSON file as a flat table: each string, number, boolean and null under its path.
#pragma once

#include <akin/io/file.hpp>
#include <akin/io/json_header.hpp>
#include <akin/support/error.hpp>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace akin::inline v0 {

/// An object or a list without elements.
struct json_empty {
  bool operator==(const json_empty&) const = default;
};
using json_value = std::variant<std::nullptr_t, bool, double, std::string, json_empty>;

/// {"a": {"b": [4, null]}} holds "a.b.0" = 4 and "a.b.1" = null.
using json_values = std::map<std::string, json_value, std::less<>>;

namespace detail {

class json_flattener {
 public:
  json_flattener(std::string_view text, std::string place) : cursor_(text, std::move(place), 0) {}

  json_values read() {
    if (cursor_.next() != '{') cursor_.refuse("the file does not begin with '{'");
    value("", 0);
    cursor_.end();
    return std::move(values_);
  }

 private:
  void value(const std::string& path, int depth) {
    constexpr int deepest = 64;  // far above any configuration, far below what the stack holds
    if (depth > deepest) cursor_.refuse("objects and lists stand more than ", deepest, " deep in each other");
    const auto child = [&](const std::string& name) { value(path.empty() ? name : path + '.' + name, depth + 1); };
    const char first = cursor_.next();
    std::size_t elements = 0;
    if (first == '{') cursor_.object([&](const std::string& key) { child(key), ++elements; });
    else if (first == '[') cursor_.array([&] { child(std::to_string(elements++)); });
    else return keep(path, scalar(first));
    if (elements == 0) keep(path, json_empty{});
  }

  json_value scalar(char first) {
    if (first == '"') return cursor_.string();
    if (cursor_.word("true")) return true;
    if (cursor_.word("false")) return false;
    if (cursor_.word("null")) return nullptr;
    return cursor_.number();
  }

  void keep(const std::string& path, json_value value) {
    if (!values_.emplace(path, std::move(value)).second) cursor_.refuse("'", printable(path), "' appears twice");
  }

  json_cursor cursor_;
  json_values values_;
};

}  // namespace detail

/// Every scalar of a JSON file whose outermost value is an object.
/// errors: run time, naming the file and the byte: what is no strict JSON, a member that appears twice, lists 64 deep, 64 MiB
inline json_values read_json(const std::string& path) {
  return detail::json_flattener{read_file(path, std::size_t{1} << 26), "json: '" + path + "'"}.read();
}

}  // namespace akin::inline v0
