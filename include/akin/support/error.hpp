// SPDX-License-Identifier: Apache-2.0
// The one exception type of the library, and the sentence builder that fills it.
#pragma once

#include <akin/support/compiler.hpp>

#include <concepts>
#include <cstdio>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace akin::inline v0 {

/// Every mistake found at run time: what() is one sentence that names the place, what was got and what was expected.
class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

/// A part of a sentence: text, or a number in words of its own.
struct sentence_part {
  std::string text;
  sentence_part(std::convertible_to<std::string_view> auto const& said) : text{std::string_view{said}} {}
  sentence_part(char letter) : text(1, letter) {}
  sentence_part(std::integral auto number) : text{std::to_string(number)} {}
  sentence_part(std::floating_point auto number) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%g", static_cast<double>(number));
    text = digits;
  }
};

[[noreturn]] inline void fail_with(std::initializer_list<sentence_part> parts) {
  std::string sentence;
  for (const sentence_part& part : parts) sentence += part.text;
  throw error{sentence};
}

}  // namespace detail

/// Throws akin::error with its arguments written one after the other.
/// example:  fail("bind: axis '", name, "' has extent ", got, ", expected ", wanted);
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) { detail::fail_with({parts...}); }

}  // namespace akin::inline v0
