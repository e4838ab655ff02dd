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

/// What a sequence is made of: its code points without the joiner.
std::u32string parts_of(const std::u32string& code);

/// Whether a skin tone, a gender or a profession is put together with something: a tone modifies what stands before it, or a joined
/// sequence begins with a person.
bool is_composed(const std::u32string& code);

/// One in ten of the composed ones, each of whose parts also stands in two or more that are not held out. The same for every run.
/// shapes: [emoji] -> [emoji]
std::vector<bool> held_out(const std::vector<emoji>& all);

}  // namespace emoji_program
