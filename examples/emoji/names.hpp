// SPDX-License-Identifier: Apache-2.0
// Emoji and their names, from the Unicode CLDR's annotations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace emoji_program {

/// One emoji: a sequence of code points without variation selectors, as the CLDR writes it.
struct emoji {
  std::u32string code;
  std::vector<std::string> names;  // one for each language
};

/// Emoji that are named in all languages, in the order of their code points.
/// errors: run time, naming the file: one that is missing or no annotations
std::vector<emoji> read_names(const std::string& cldr, const std::vector<std::string>& languages);

}  // namespace emoji_program
