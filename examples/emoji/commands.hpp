// SPDX-License-Identifier: Apache-2.0
// What akin-emoji does, and what its command line says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace emoji_program {

struct draw_options {
  std::string font = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf", cldr = "/usr/share/unicode/cldr/common", out;
  std::vector<std::string> languages{"en", "de"};
  std::int64_t size = 72;
};

struct baseline_options {
  std::string train, test;
  std::int64_t size = 32;
  double ridge = 1;
};

int draw(const draw_options& options);
int baseline(const baseline_options& options);

}  // namespace emoji_program
