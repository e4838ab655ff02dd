// SPDX-License-Identifier: Apache-2.0
// A number of bytes, to be read.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace akin::inline v0 {

/// 12.3 kB, 512.0 MB
inline std::string bytes_text(std::int64_t bytes) {
  char text[32];
  if (bytes < 1'000'000) std::snprintf(text, sizeof text, "%.1f kB", static_cast<double>(bytes) / 1e3);
  else std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

}  // namespace akin::inline v0
