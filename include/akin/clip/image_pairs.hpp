// SPDX-License-Identifier: Apache-2.0
// Files of pairs: an image and a caption a line.
#pragma once

#include <akin/io/file.hpp>
#include <akin/io/lines.hpp>
#include <akin/io/paths.hpp>
#include <akin/support/error.hpp>
#include <akin/support/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// Images with any number of captions each, in the order in which they are named first.
struct image_pairs {
  std::vector<std::string> paths, captions;
  std::vector<std::string> names;  // of the images as the files say, without the files' folders
  std::vector<std::int32_t> image_of_caption;
  std::int64_t replaced = 0;  // places that were not UTF-8, where U+FFFD stands now

  void add(const std::string& path, std::string caption, std::string_view name) {
    const auto [place, is_new] = numbers_.emplace(path, static_cast<std::int32_t>(paths.size()));
    if (is_new) paths.push_back(path), names.emplace_back(name);
    captions.push_back(std::move(caption));
    image_of_caption.push_back(place->second);
  }

 private:
  std::map<std::string, std::int32_t, std::less<>> numbers_;
};

/// Adds a file's lines: a path, as seen from the file's folder, a tab, the caption. open_clip's first line "filepath<tab>title" may
/// be there; empty lines are left out.
/// errors: run time, with the file and the line: no tab; a file of more than 1 GiB
inline void read_image_pairs(const std::string& file, image_pairs& pairs) {
  const auto folder = std::filesystem::path{file}.parent_path();
  const std::string text = read_file(file);
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    if (line.empty() || (number == 1 && line == "filepath\ttitle")) return;
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) fail("'", file, "', line ", number, " has no tab between an image and its caption");
    const std::string_view name = line.substr(0, tab);
    pairs.add(plain_path(folder / name), repaired_utf8(line.substr(tab + 1), pairs.replaced), name);
  });
}

}  // namespace akin::inline v0
