// SPDX-License-Identifier: Apache-2.0
// JSON read strictly by a cursor, without a tree: the headers of tensor files, the configurations of models.
#pragma once

#include <akin/io/file.hpp>
#include <akin/support/error.hpp>
#include <akin/support/utf8.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace akin::inline v0 {

/// A string as JSON, escaped as serde_json does it, so that headers come out byte for byte like the reference writer's.
inline std::string json_quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        result += "\\\"";
        break;
      case '\\':
        result += "\\\\";
        break;
      case '\b':
        result += "\\b";
        break;
      case '\f':
        result += "\\f";
        break;
      case '\n':
        result += "\\n";
        break;
      case '\r':
        result += "\\r";
        break;
      case '\t':
        result += "\\t";
        break;
      default:
        if (byte < 0x20) {
          result += "\\u00";
          result += digits[byte >> 4];
          result += digits[byte & 15];
        } else {
          result += c;
        }
    }
  }
  return result += '"';
}

/// Reads a JSON text piece by piece. The caller says what it expects next; anything else is one sentence with the byte's place.
/// example:  cursor.object([&](std::string key) { values[key] = cursor.string(); });
class json_cursor {
 public:
  /// `place` begins every sentence ("safetensors: 'x.safetensors'"); `offset` is where the text begins in its file.
  json_cursor(std::string_view text, std::string place, std::size_t offset)
      : text_(text), place_(std::move(place)), offset_(offset) {}

  /// Calls on_member(key) for each member; it must consume the value.
  template <class OnMember>
  void object(OnMember on_member) {
    list('{', '}', "a member's name or '}'", [&] {
      std::string key = string();
      expect(':');
      on_member(std::move(key));
    });
  }

  /// Calls on_element() for each element; it must consume the value.
  template <class OnElement>
  void array(OnElement on_element) {
    list('[', ']', "an element or ']'", on_element);
  }

  std::string string() {
    expect('"');
    std::string result;
    while (peek() != '"') {
      if (at_end()) refuse("the text ends inside a string");
      const auto byte = static_cast<unsigned char>(text_[position_]);
      if (byte == '\\') {
        escape(result);
      } else if (byte < 0x20) {
        refuse("a control byte ", static_cast<int>(byte), " stands inside a string, expected an escape");
      } else {
        const std::size_t length = utf8_sequence(text_.substr(position_, 4));
        if (length == 0) refuse("the byte ", static_cast<int>(byte), " does not begin a valid UTF-8 character");
        result += text_.substr(position_, length);
        position_ += length;
      }
    }
    ++position_;
    return result;
  }

  /// A whole number from 0 to 2^63 - 1, written in plain digits.
  std::int64_t integer() {
    skip_space();
    constexpr std::int64_t largest = (std::numeric_limits<std::int64_t>::max)();
    const std::size_t start = position_;
    std::int64_t value = 0;
    for (; peek() >= '0' && peek() <= '9'; ++position_) {
      const int digit = peek() - '0';
      if (value > (largest - digit) / 10) refuse("a number is above 2^63 - 1");
      value = value * 10 + digit;
    }
    if (position_ == start) refuse("got ", seen(), ", expected a whole number that is not negative");
    if (position_ > start + 1 && text_[start] == '0') refuse("a number begins with a zero");
    if (peek() == '.' || peek() == 'e' || peek() == 'E') refuse("got a fraction or exponent, expected a whole number");
    return value;
  }

  /// Any JSON number that a double holds.
  double number() {
    skip_space();
    const std::size_t start = position_;
    take_character('-');
    if (peek() == '0') ++position_;
    else digits();
    if (take_character('.')) digits();
    if (peek() == 'e' || peek() == 'E') {
      ++position_;
      if (!take_character('-')) take_character('+');
      digits();
    }
    double value = 0;
    const char* const end = text_.data() + position_;
    if (std::from_chars(text_.data() + start, end, value).ec != std::errc{}) refuse("a number does not fit a double");
    return value;
  }

  /// Consumes the word, as in word("true"), or leaves the text as it is.
  bool word(std::string_view wanted) {
    skip_space();
    if (!text_.substr(position_).starts_with(wanted)) return false;
    position_ += wanted.size();
    return true;
  }

  /// The first character of what comes next; '\0' at the end.
  char next() {
    skip_space();
    return peek();
  }

  /// Passes over one value of any kind. Of what is inside only strings and the depth of brackets are checked.
  void skip() {
    std::size_t depth = 0;
    do {
      const char first = next();
      if (first == '"') string();
      else if (first == '{' || first == '[') ++depth, ++position_;
      else if (depth > 0 && (first == '}' || first == ']')) --depth, ++position_;
      else if (depth > 0 && (first == ',' || first == ':')) ++position_;
      else if (!word("true") && !word("false") && !word("null")) number();
    } while (depth > 0);
  }

  /// Only white space may be left.
  void end() {
    skip_space();
    if (!at_end()) refuse("got ", seen(), " after the end of the object");
  }

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(place_, ", byte ", offset_ + position_, ": ", parts...);
  }

 private:
  bool at_end() const { return position_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[position_]; }
  std::string seen() const { return at_end() ? "the text's end" : "'" + detail::printable(text_.substr(position_, 1)) + "'"; }
  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++position_;
  }
  bool take_character(char wanted) {
    if (at_end() || text_[position_] != wanted) return false;
    ++position_;
    return true;
  }
  bool take(char wanted) {
    skip_space();
    return take_character(wanted);
  }
  void digits() {
    if (peek() < '0' || peek() > '9') refuse("got ", seen(), ", expected a digit");
    while (peek() >= '0' && peek() <= '9') ++position_;
  }
  void expect(char wanted) {
    if (!take(wanted)) refuse("got ", seen(), ", expected '", wanted, "'");
  }

  template <class OnItem>
  void list(char open, char close, std::string_view wanted, OnItem on_item) {
    expect(open);
    if (take(close)) return;
    do {
      skip_space();
      if (peek() == close) refuse("got ", seen(), " after a comma, expected ", wanted.substr(0, wanted.find(" or ")));
      on_item();
    } while (take(','));
    if (!take(close)) refuse("got ", seen(), ", expected ',' or '", close, "'");
  }

  unsigned four_digits() {
    unsigned value = 0;
    for (int k = 0; k < 4; ++k, ++position_) {
      const char c = peek();
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) refuse("got ", seen(), ", expected four hexadecimal digits after \\u");
      value = value * 16 + static_cast<unsigned>(digit);
    }
    return value;
  }

  void escape(std::string& result) {
    ++position_;
    constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    const std::size_t known = at_end() ? std::string_view::npos : letters.find(peek());
    if (known != std::string_view::npos) {
      result += meanings[known];
      ++position_;
      return;
    }
    if (peek() != 'u') refuse("got ", seen(), " after a backslash, expected a JSON escape");
    ++position_;
    unsigned code = four_digits();
    if (code >= 0xd800 && code < 0xdc00 && text_.substr(position_, 2) == "\\u") {
      position_ += 2;
      const unsigned low = four_digits();
      if (low < 0xdc00 || low > 0xdfff) refuse("a surrogate escape has no partner");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code >= 0xd800 && code < 0xe000) refuse("a surrogate escape has no partner");
    append_utf8(result, code);
  }

  std::string_view text_;
  std::string place_;
  std::size_t offset_;
  std::size_t position_ = 0;
};

}  // namespace akin::inline v0
