// SPDX-License-Identifier: Apache-2.0
// A number of bytes, to be read.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace akin::inline v0 {

/// 12.3 kB, 512.0 MB, 136.3 TB
inline std::string bytes_text(std::int64_t bytes) {
  double number = static_cast<double>(bytes) / 1e3;
  const char* unit = "kMGTPE";  // 64 bits end at 9.2 EB
  for (; number >= 999.95; number /= 1e3) ++unit;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %cB", number, *unit);
  return text;
}

}  // namespace akin::inline v0
