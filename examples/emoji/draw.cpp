// SPDX-License-Identifier: Apache-2.0
// akin-emoji draw: pictures, and which names they have.
#include "commands.hpp"
#include "drawing.hpp"
#include "split.hpp"

#include <akin/data/resize.hpp>
#include <akin/io/file.hpp>
#include <akin/train/html.hpp>

#include <array>
#include <cstdio>
#include <filesystem>
#include <set>

namespace emoji_program {

namespace {

/// "1f9d1-1f3fb.png"
std::string file_name(const std::u32string& code) {
  std::string name;
  for (const char32_t c : code) {
    char digits[16];
    std::snprintf(digits, sizeof digits, "%s%x", name.empty() ? "" : "-", static_cast<unsigned>(c));
    name += digits;
  }
  return name + ".png";
}

}  // namespace

int draw(const draw_options& o) {
  const emoji_font font{o.font};
  std::vector<emoji> drawn;
  std::vector<akin::image> pictures;
  std::set<std::vector<std::uint8_t>> different;  // flags of dependencies are those of their states, for instance: the first one stays
  std::size_t without_picture = 0, twice = 0;
  for (auto& one : read_names(o.cldr, o.languages)) {
    auto picture = font.draw(one.code);
    if (!picture) ++without_picture;
    else if (!different.insert(picture->pixels).second) ++twice;
    else {
      pictures.push_back(akin::resize(*picture, o.size, o.size));
      drawn.push_back(std::move(one));
    }
  }
  if (drawn.empty()) akin::fail("the font '", o.font, "' has no picture of any emoji that has a name");
  const std::vector<split> splits = split_of(drawn);

  std::filesystem::create_directories(o.out + "/pictures");
  constexpr std::array files{"train", "validation", "held_out"};  // in the order of split
  std::vector<std::array<std::string, files.size()>> lines(o.languages.size());
  std::array<std::size_t, files.size()> counts{};
  std::size_t composed = 0;
  for (std::size_t k = 0; k < drawn.size(); ++k) {
    const std::string path = "pictures/" + file_name(drawn[k].code);
    akin::write_file_atomically(o.out + "/" + path, akin::encode_png(pictures[k]));
    composed += is_composed(drawn[k].code);
    const auto part = static_cast<std::size_t>(splits[k]);
    ++counts[part];
    for (std::size_t language = 0; language < lines.size(); ++language)
      lines[language][part] += path + '\t' + drawn[k].names[language] + '\n';
  }
  for (std::size_t language = 0; language < lines.size(); ++language)
    for (std::size_t part = 0; part < files.size(); ++part)
      akin::write_file_atomically(o.out + "/" + files[part] + "." + o.languages[language] + ".tsv", lines[language][part]);
  std::printf("%zu pictures (%zu names have none of their own, %zu pictures are the same as others), %zu of them composed; "
              "%zu are for validation, %zu are held out\n",
              drawn.size(), without_picture, twice, composed, counts[1], counts[2]);
  return 0;
}

}  // namespace emoji_program
