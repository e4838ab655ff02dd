// SPDX-License-Identifier: Apache-2.0
// The CLDR's annotations, and which emoji are kept for the test.
#include "names.hpp"

#include <akin/support/error.hpp>
#include <akin/support/random.hpp>
#include <akin/text/clean.hpp>

#include <pugixml.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

namespace emoji_program {

namespace {

constexpr char32_t joiner = 0x200d, first_tone = 0x1f3fb, last_tone = 0x1f3ff, man = 0x1f468, woman = 0x1f469, person = 0x1f9d1,
                   female_sign = 0x2640, male_sign = 0x2642;

bool is_tone(char32_t code) { return code >= first_tone && code <= last_tone; }

/// Short names ("tts", what is read aloud) by sequence. Sequences are in a file of their own, derived from those of their parts.
std::map<std::u32string, std::string> read_language(const std::string& cldr, const std::string& language) {
  std::map<std::u32string, std::string> names;
  for (const char* const folder : {"annotations", "annotationsDerived"}) {
    const std::string path = cldr + "/" + folder + "/" + language + ".xml";
    pugi::xml_document document;
    if (const auto result = document.load_file(path.c_str()); !result) akin::fail("'", path, "': ", result.description());
    for (const auto& annotation : document.child("ldml").child("annotations").children("annotation"))
      if (std::string{annotation.attribute("type").value()} == "tts")
        names[akin::detail::unicode::decode_utf8(annotation.attribute("cp").value()).codes] = annotation.text().get();
  }
  if (names.empty()) akin::fail("'", cldr, "' has no names in the language '", language, "'");
  return names;
}

}  // namespace

std::vector<emoji> read_names(const std::string& cldr, const std::vector<std::string>& languages) {
  std::vector<std::map<std::u32string, std::string>> names;
  for (const auto& language : languages) names.push_back(read_language(cldr, language));
  std::vector<emoji> all;
  for (const auto& [code, name] : names.front()) {
    emoji one{code, {}};
    for (const auto& language : names)
      if (const auto place = language.find(code); place != language.end()) one.names.push_back(place->second);
    if (one.names.size() == languages.size()) all.push_back(std::move(one));
  }
  return all;
}

std::u32string parts_of(const std::u32string& code) {
  std::u32string parts = code;
  std::erase(parts, joiner);
  return parts;
}

bool is_composed(const std::u32string& code) {
  const std::u32string parts = parts_of(code);
  const auto has = [&](auto condition) { return std::ranges::any_of(parts, condition); };
  const bool with_person = has([](char32_t c) { return c == man || c == woman || c == person || c == male_sign || c == female_sign; });
  return parts.size() > 1 && (has(is_tone) || (with_person && code.find(joiner) != code.npos));
}

std::vector<bool> held_out(const std::vector<emoji>& all) {
  constexpr int least_seen = 2;
  std::vector<std::size_t> composed;
  std::map<char32_t, int> seen;
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (is_composed(all[k].code)) composed.push_back(k);
    for (const char32_t part : parts_of(all[k].code)) ++seen[part];
  }
  akin::random_stream random{1, 0};
  for (std::size_t k = composed.size(); k > 1; --k)
    std::swap(composed[k - 1], composed[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(k)))]);
  std::vector<bool> held(all.size());
  for (std::size_t wanted = composed.size() / 10; const std::size_t k : composed) {
    if (wanted == 0) break;
    const std::u32string parts = parts_of(all[k].code);
    for (const char32_t part : parts) --seen[part];
    held[k] = std::ranges::all_of(parts, [&](char32_t part) { return seen[part] >= least_seen; });
    if (held[k]) --wanted;
    else
      for (const char32_t part : parts) ++seen[part];
  }
  return held;
}

}  // namespace emoji_program
