// SPDX-License-Identifier: Apache-2.0
// akin-clip embed: images or lines of text to an index, which the next run continues.
#include "existing_files.hpp"
#include "inputs.hpp"
#include "interruption.hpp"
#include "options.hpp"
#include "say.hpp"

#include <akin/clip/embedding_index.hpp>
#include <akin/io/file_lock.hpp>
#include <akin/train/progress.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

namespace clip_program {

namespace {

/// An index on its way to its files: it is saved now and then, so that what ends the program costs five seconds' work, or twenty
/// times what a save takes.
class growing_index {
 public:
  growing_index(std::string name, akin::embedding_index index) : name_{std::move(name)}, index_{std::move(index)} {}

  void add(std::span<const std::string> names, std::span<const float> rows) {
    if (names.empty()) return;
    index_.names.insert(index_.names.end(), names.begin(), names.end());
    index_.values.insert(index_.values.end(), rows.begin(), rows.end());
    if (akin::steady_seconds() > next_save_) save();
  }
  void save() {
    const double start = akin::steady_seconds();
    akin::save_index(name_, index_);
    const double end = akin::steady_seconds();
    next_save_ = end + std::max(least_between_saves, 20 * (end - start));
  }
  std::int64_t rows() const { return index_.rows(); }

 private:
  std::string name_;
  akin::embedding_index index_;
  static constexpr double least_between_saves = 5;  // seconds
  double next_save_ = 0;  // with the first rows
};

/// What an index does not hold yet, in its order; a line that is there twice has two rows.
std::vector<std::string> missing(const std::vector<std::string>& wanted, const std::vector<std::string>& there) {
  std::map<std::string_view, std::int64_t> count;
  for (const auto& name : there) ++count[name];
  std::vector<std::string> rest;
  for (const auto& name : wanted)
    if (--count[name] < 0) rest.push_back(name);
  return rest;
}

/// Images without repetitions: a folder and a file in it may both be given.
std::vector<std::string> each_once(std::vector<std::string> paths) {
  std::set<std::string> seen;
  std::erase_if(paths, [&](const std::string& path) { return !seen.insert(path).second; });
  return paths;
}

}  // namespace

int embed(const embed_options& o) {
  if (o.inputs.empty() && o.texts.empty()) misuse("embed: name images or folders, or a file of lines with --texts");
  if (!o.inputs.empty() && !o.texts.empty()) misuse("embed: name images or folders, or a file of lines with --texts, not both");
  if (const auto name = std::filesystem::path{o.out}.filename(); name.empty() || name == "." || name == "..") misuse("embed: --out '", o.out, "' names no file");
  const auto kind = o.texts.empty() ? akin::embedded_kind::images : akin::embedded_kind::texts;
  embedder model{o.model, o.vocabulary, o.threads};
  const auto files = akin::files_of_index(o.out);
  const akin::file_lock only_writer{files.names + ".lock"};
  const std::string preparation = model.preparation_of(kind);
  akin::embedding_index index{kind, model.identity(), preparation, model.embed(), {}, {}};
  if (!o.overwrite && std::filesystem::exists(files.names)) {
    index = akin::load_index(o.out, model.identity());
    if (index.kind != kind) akin::fail("index '", o.out, "' holds ", name_of(index.kind), ", and these are ", name_of(kind), ": name another one with --out");
    akin::check_preparation(o.out, index, preparation);
  } else {
    refuse_existing({files.rows}, o.overwrite);
  }
  const auto images = list_images(o.inputs);
  const auto rest = missing(kind == akin::embedded_kind::images ? each_once(images.paths) : text_lines(o.texts), index.names);
  const std::int64_t before = index.rows();
  growing_index growing{o.out, std::move(index)};
  watch_for_interruption();
  // What cannot be written is to be known before the work; what is there stays until there are rows.
  const bool was_there = std::filesystem::exists(files.rows) || std::filesystem::exists(files.names);
  akin::atomic_file{files.rows}, akin::atomic_file{files.names};

  std::size_t skipped = images.skipped_folders;
  const auto add = [&](std::span<const std::string> names, std::span<const float> rows) {
    growing.add(names, rows);
    return !interrupted;
  };
  if (kind == akin::embedded_kind::images) skipped += embed_images(model, rest, add);
  else embed_texts(model, rest, add);
  const int ended = interrupted ? exit_interrupted : skipped > 0 ? exit_failed : exit_done;
  if (growing.rows() == 0 && (was_there || ended == exit_failed)) {
    say("nothing was embedded: '" + o.out + (was_there ? "' stays as it was" : "' was not written"));
    return ended;
  }
  growing.save();
  std::printf("%s\n%s\n", files.rows.c_str(), files.names.c_str());
  say(counted(growing.rows(), "row") + ", " + std::to_string(growing.rows() - before) + " of them new");
  if (interrupted) say(std::string{"interrupted; the same command"} + (o.overwrite ? " without --overwrite" : "") + " goes on with the rest");
  return ended;
}

}  // namespace clip_program
