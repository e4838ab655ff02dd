// SPDX-License-Identifier: Apache-2.0
// The CLDR's annotations.
#include "names.hpp"

#include <akin/support/error.hpp>
#include <akin/text/clean.hpp>

#include <pugixml.hpp>

#include <map>
#include <utility>

namespace emoji_program {

namespace {

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

}  // namespace emoji_program
