// SPDX-License-Identifier: Apache-2.0
// akin-emoji's pairs for validation and for the test: as many as they shall be, never the only ones with one of their parts.
#include "../examples/emoji/split.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

using emoji_program::emoji, emoji_program::split;

TEST_CASE("a tenth is held out and a tenth is for validation, and parts of both stay in training") {
  std::vector<emoji> all;
  for (char32_t face = 0x1f600; face < 0x1f640; ++face) all.push_back({{face}, {}});
  for (char32_t person = 0x1f900; person < 0x1f920; ++person)
    for (char32_t tone = 0x1f3fb; tone <= 0x1f3ff; ++tone) all.push_back({{person, tone}, {}});
  const auto splits = emoji_program::split_of(all);
  CHECK(splits == emoji_program::split_of(all));
  CHECK(std::ranges::count(splits, split::held_out) == 16);
  CHECK(std::ranges::count(splits, split::validation) == 16);
  std::map<char32_t, int> seen;
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (splits[k] != split::train) CHECK(emoji_program::is_composed(all[k].code));
    else
      for (const char32_t part : all[k].code) ++seen[part];
  }
  for (const auto& one : all)
    if (emoji_program::is_composed(one.code))
      for (const char32_t part : one.code) CHECK(seen[part] >= 2);
}

TEST_CASE("a part that stands twice in one emoji is seen there once") {
  const char32_t tone = 0x1f3fb, joiner = 0x200d, woman = 0x1f469;
  std::vector<emoji> all;
  for (char32_t hand = 0x1f900; hand < 0x1f920; ++hand) {  // in two emoji each, twice in both
    all.push_back({{hand, tone, joiner, hand}, {}});
    all.push_back({{hand, tone, joiner, hand, woman}, {}});
  }
  CHECK(std::ranges::count(emoji_program::split_of(all), split::train) == std::ssize(all));
}
