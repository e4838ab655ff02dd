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

/// A part of a sentence: text, which must outlive it, or a number. It owns nothing, so that a call of fail() costs a user's file next to nothing to
/// compile: with strings those calls were a tenth of what clang's optimiser did for one objective.
class sentence_part {
 public:
  sentence_part(std::string_view said) : kind_{kind::text}, text_{said} {}
  sentence_part(const std::string& said) : sentence_part{std::string_view{said}} {}
  sentence_part(const char* said) : sentence_part{std::string_view{said}} {}
  sentence_part(char letter) : kind_{kind::letter}, letter_{letter} {}
  sentence_part(std::signed_integral auto number) : kind_{kind::whole}, whole_{number} {}
  sentence_part(std::unsigned_integral auto number) : kind_{kind::natural}, natural_{number} {}
  sentence_part(std::floating_point auto number) : kind_{kind::real}, real_{static_cast<double>(number)} {}

  [[gnu::cold]] void append_to(std::string& sentence) const {
    char digits[32];
    switch (kind_) {
      case kind::text: sentence += text_; return;
      case kind::letter: sentence += letter_; return;
      case kind::whole: std::snprintf(digits, sizeof digits, "%lld", whole_); break;
      case kind::natural: std::snprintf(digits, sizeof digits, "%llu", natural_); break;
      case kind::real: std::snprintf(digits, sizeof digits, "%g", real_); break;
    }
    sentence += digits;
  }

 private:
  enum class kind : unsigned char { text, letter, whole, natural, real };

  kind kind_;
  union {
    std::string_view text_;
    char letter_;
    long long whole_;
    unsigned long long natural_;
    double real_;
  };
};

[[gnu::cold]] inline std::string sentence_of(std::initializer_list<sentence_part> parts) {
  std::string sentence;
  for (const sentence_part& part : parts) part.append_to(sentence);
  return sentence;
}

[[noreturn]] inline void fail_with(std::initializer_list<sentence_part> parts) { throw error{sentence_of(parts)}; }

}  // namespace detail

/// Throws akin::error with its arguments written one after the other.
/// example:  fail("bind: axis '", name, "' has extent ", got, ", expected ", wanted);
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) { detail::fail_with({parts...}); }

}  // namespace akin::inline v0
