// SPDX-License-Identifier: Apache-2.0
// What the program tells people beside its results.
#pragma once

#include <akin/support/utf8.hpp>

#include <cstdint>
#include <cstdio>
#include <string_view>

namespace clip_program {

/// A sentence on standard error. Names may hold any bytes; what is not UTF-8 is shown as U+FFFD.
inline void say(std::string_view sentence) {
  std::int64_t replaced = 0;
  std::fprintf(stderr, "akin-clip: %s\n", akin::repaired_utf8(sentence, replaced).c_str());
}

}  // namespace clip_program
