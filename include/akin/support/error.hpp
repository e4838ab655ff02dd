// SPDX-License-Identifier: Apache-2.0
// The one exception type of the library, and the sentence builder that fills it.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#ifdef __FAST_MATH__
#error "akin: -ffast-math removes the NaN checks and the fixed order of sums that results rest on: compile without it"
#endif

namespace akin::inline v0 {

/// Every mistake found at run time: what() is one sentence that names the place, what was got and what was expected.
class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws akin::error with its arguments written one after the other.
/// example:  fail("bind: axis '", name, "' has extent ", got, ", expected ", wanted);
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream sentence;
  (sentence << ... << parts);
  throw error(std::move(sentence).str());
}

}  // namespace akin::inline v0
