// SPDX-License-Identifier: Apache-2.0
// Which emoji are trained on, which choose the settings, and which are kept for the test.
#pragma once

#include "names.hpp"

#include <akin/support/random.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace emoji_program {

namespace detail {

inline constexpr char32_t joiner = 0x200d, first_tone = 0x1f3fb, last_tone = 0x1f3ff, man = 0x1f468, woman = 0x1f469, person = 0x1f9d1,
                   female_sign = 0x2640, male_sign = 0x2642;

inline bool is_tone(char32_t code) { return code >= first_tone && code <= last_tone; }

}  // namespace detail

/// What a sequence is made of: its code points without the joiner.
inline std::u32string parts_of(const std::u32string& code) {
  std::u32string parts = code;
  std::erase(parts, detail::joiner);
  return parts;
}

/// Whether a skin tone, a gender or a profession is put together with something: a tone modifies what stands before it, or a joined
/// sequence begins with a person.
inline bool is_composed(const std::u32string& code) {
  using namespace detail;
  const std::u32string parts = parts_of(code);
  const auto has = [&](auto condition) { return std::ranges::any_of(parts, condition); };
  const bool with_person = has([](char32_t c) { return c == man || c == woman || c == person || c == male_sign || c == female_sign; });
  return parts.size() > 1 && (has(is_tone) || (with_person && code.find(joiner) != code.npos));
}

/// What an emoji is there for: to be trained on, to choose settings with, or to be asked for once these are chosen.
enum class split { train, validation, held_out };

/// One in ten of the composed ones is held out, and one in ten is for validation; each of their parts also stands in two or more that
/// are trained on. The same for every run.
/// shapes: [emoji] -> [emoji]
inline std::vector<split> split_of(const std::vector<emoji>& all) {
  constexpr int least_seen = 2;
  std::vector<std::size_t> composed;
  std::map<char32_t, int> seen;  // in how many emoji of training a part stands
  const auto count = [&](std::size_t k, int change) {
    const std::u32string parts = parts_of(all[k].code);
    for (const char32_t part : std::set<char32_t>{parts.begin(), parts.end()}) seen[part] += change;
    return std::ranges::all_of(parts, [&](char32_t part) { return seen[part] >= least_seen; });
  };
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (is_composed(all[k].code)) composed.push_back(k);
    count(k, 1);
  }
  akin::random_stream random{1, 0};
  for (std::size_t k = composed.size(); k > 1; --k)
    std::swap(composed[k - 1], composed[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(k)))]);
  std::vector<split> result(all.size(), split::train);
  auto next = composed.begin();
  for (const split part : {split::held_out, split::validation})
    for (std::size_t wanted = composed.size() / 10; wanted > 0 && next != composed.end(); ++next) {
      if (count(*next, -1)) result[*next] = part, --wanted;
      else count(*next, 1);
    }
  return result;
}

}  // namespace emoji_program
