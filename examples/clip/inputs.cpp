// SPDX-License-Identifier: Apache-2.0
// Images and texts on their way through the towers.
#include "inputs.hpp"

#include "options.hpp"
#include "say.hpp"
#include "work_line.hpp"

#include <akin/io/file.hpp>
#include <akin/io/lines.hpp>
#include <akin/io/paths.hpp>
#include <akin/support/utf8.hpp>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace clip_program {

void say_left_out(std::int64_t files) {
  if (files == 0) return;
  std::string endings;
  for (const std::string_view ending : akin::image_endings)
    endings += (endings.empty() ? "." : ending == akin::image_endings.back() ? " or ." : ", .") + std::string{ending};
  say(counted(files, "other file") + " left out: images end in " + endings + ", and begin with no dot");
}

std::size_t say_unreadable(const std::vector<akin::skipped_image>& folders) {
  for (const auto& each : folders) say("skipped: " + each.reason);
  return folders.size();
}

image_list list_images(const std::vector<std::string>& given) {
  image_list list;
  std::int64_t others = 0;
  for (const auto& one : given) {
    std::error_code unknown;
    if (!std::filesystem::is_directory(one, unknown)) {
      list.paths.push_back(akin::plain_path(one));
      continue;
    }
    const auto found = akin::image_files(one);
    others += found.others;
    list.skipped_folders += say_unreadable(found.unreadable);
    if (found.images.empty() && found.unreadable.empty()) say("'" + one + "' has no images");
    for (const auto& path : found.images) list.paths.push_back(akin::plain_path(path));
  }
  say_left_out(others);
  return list;
}

void say_replaced(std::int64_t places, const std::string& where) {
  if (places > 0)
    say(where + ": " + counted(places, "place") + " not UTF-8, read as U+FFFD");
}

std::vector<std::string> valid_texts(std::vector<std::string> texts, const std::string& place) {
  std::int64_t replaced = 0;
  for (auto& text : texts) text = akin::repaired_utf8(text, replaced);
  say_replaced(replaced, place);
  return texts;
}

std::vector<std::string> text_lines(const std::string& path) {
  const std::string text = akin::read_file(path);
  std::vector<std::string> lines;
  akin::for_each_line(text, [&](std::string_view line, std::size_t) { lines.emplace_back(line); });
  if (lines.empty()) akin::fail("'", path, "' has no lines");
  return valid_texts(std::move(lines), "'" + path + "'");
}

std::size_t embed_images(embedder& model, const std::vector<std::string>& paths, const use_of_rows& use, narration told) {
  work_line line{std::ssize(paths), "images", told == narration::shown};
  std::size_t skipped = 0, said = 0;
  const auto skip = [&](const std::string& reason) {
    line.note("skipped: " + reason);
    ++skipped;
  };
  std::vector<std::string> named;
  for (const auto& path : paths)
    if (akin::is_utf8(path)) named.push_back(path);
    else skip("the name '" + akin::detail::printable(path) + "' is not UTF-8");

  const std::int64_t batch = std::max(32, 2 * model.pool()->size());
  auto loader = model.loader(std::move(named));
  for (bool goes_on = true; goes_on && !loader.at_end();) {
    const akin::image_batch some = loader.next(batch);
    for (; said < loader.skipped().size(); ++said) skip(loader.skipped()[said].reason);
    goes_on = use(some.paths, model.images(some.pixels));
    line.update(static_cast<std::int64_t>(loader.files_done()));
  }
  if (skipped > 0)
    line.note(std::to_string(skipped) + " of " + std::to_string(paths.size()) + " images were skipped");
  return skipped;
}

void say_cut(std::int64_t texts, std::int64_t ids) {
  if (texts > 0) say(counted(texts, "text") + (texts == 1 ? " was" : " were") + " cut to the " + std::to_string(ids) + " ids that the model reads");
}

void embed_texts(embedder& model, std::span<const std::string> texts, const use_of_rows& use, narration told) {
  const std::int64_t cut_before = model.cut();
  constexpr std::size_t batch = 128;
  work_line line{std::ssize(texts), "texts", told == narration::shown};
  bool goes_on = true;
  for (std::size_t done = 0; goes_on && done < texts.size();) {
    const auto some = texts.subspan(done, std::min(batch, texts.size() - done));
    goes_on = use(some, model.texts(some));
    done += some.size();
    line.update(static_cast<std::int64_t>(done));
  }
  line.end();
  if (told == narration::shown) say_cut(model.cut() - cut_before, model.context());
}

}  // namespace clip_program
