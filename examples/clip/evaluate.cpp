// SPDX-License-Identifier: Apache-2.0
// akin-clip evaluate: how often a public model is right about labelled images, or about pairs of images and captions.
#include "class_counts.hpp"
#include "inputs.hpp"
#include "recall.hpp"
#include "say.hpp"
#include "zero_shot.hpp"

#include <akin/clip/retrieval.hpp>
#include <akin/train/class_table.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

namespace clip_program {

namespace {

/// Images in folders that are their classes.
struct labelled_folder {
  std::vector<std::string> classes, paths, folders_without_images;
  std::size_t skipped_folders = 0;
  std::map<std::string, std::size_t, std::less<>> class_of;  // by path
};

labelled_folder read_labelled_folder(const std::string& folder) {
  labelled_folder result;
  if (!std::filesystem::is_directory(folder)) akin::fail("evaluate: '", folder, "' is no folder");
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_directory() && !akin::is_hidden_name(entry.path().filename().string())) result.classes.push_back(entry.path().filename().string());
  std::ranges::sort(result.classes);
  std::int64_t others = 0;
  for (std::size_t k = 0; k < result.classes.size(); ++k) {
    auto found = akin::image_files(folder + "/" + result.classes[k]);
    others += found.others;
    result.skipped_folders += say_unreadable(found.unreadable);
    if (found.images.empty() && found.unreadable.empty()) result.folders_without_images.push_back(folder + "/" + result.classes[k]);
    for (auto& path : found.images) {
      result.class_of[path] = k;
      result.paths.push_back(std::move(path));
    }
  }
  say_left_out(others);
  if (result.classes.empty()) akin::fail("evaluate: '", folder, "' has no folders, expected one for each class");
  return result;
}

double mean_per_class(const std::vector<akin::class_score>& scores) {
  double sum = 0;
  std::int64_t classes = 0;
  for (const auto& each : scores)
    if (each.images > 0) sum += each.accuracy(), ++classes;
  return classes > 0 ? sum / static_cast<double>(classes) : 0;
}

int evaluate_classes(const evaluate_options& o, embedder& model) {
  const auto data = read_labelled_folder(o.folder);
  auto labels = labels_of(o.zero_shot);
  if (labels.empty() && o.zero_shot.classifier.empty()) labels = data.classes;
  const auto classifier = classifier_of(o.zero_shot, labels, model);
  const std::size_t classes = data.classes.size();
  if (classifier.names.size() != classes)
    akin::fail("evaluate: got ", counted(std::ssize(classifier.names), "label"), ", but '", o.folder, "' has ", counted(std::ssize(data.classes), "folder"),
               ": name a label for each, in the order of the folders' names");
  for (std::size_t k = 0; k < classes; ++k)
    if (const auto& label = classifier.names[k]; label != data.classes[k] && std::ranges::find(data.classes, label) != data.classes.end())
      akin::fail("evaluate: label ", k + 1, " is '", label, "', the name of another folder than '", data.classes[k], "', whose label it would be: labels go by the order of the folders' names");
  for (const auto& path : data.folders_without_images) say("'" + path + "' has no images: a class that only answers");
  class_counts counts{classes};
  const std::size_t skipped = data.skipped_folders +
      embed_images(model, data.paths, [&](std::span<const std::string> paths, std::span<const float> rows) {
        const auto cosines = classifier.cosines(rows);
        for (std::size_t k = 0; k < paths.size(); ++k)
          counts.add(std::span{cosines}.subspan(k * classes, classes), data.class_of.find(paths[k])->second);
        return true;
      });
  if (counts.images == 0) akin::fail("evaluate: no image in the folders of '", o.folder, "' could be read");
  std::printf("%s\ntop-1 %.4f top-5 %.4f mean-per-class %.4f images %lld\n",
              akin::class_table(classifier.names, counts.confusion).c_str(), counts.top1(), counts.top5(),
              mean_per_class(akin::class_scores(classes, counts.confusion)), static_cast<long long>(counts.images));
  return skipped > 0 ? exit_failed : exit_done;
}

/// Images and captions of further files are answers, but do not ask.
int evaluate_pairs(const evaluate_options& o, embedder& model) {
  akin::image_pairs pairs;
  read_pairs(o.pairs, pairs);
  const std::set<std::string> asked{pairs.paths.begin(), pairs.paths.end()};
  const std::size_t asked_captions = pairs.captions.size();
  for (const auto& file : o.among) read_pairs(file, pairs);
  const auto rows = embed_pairs(model, pairs);
  const auto ranks = akin::rank_pairs(rows.images, rows.texts, model.embed(), rows.image_of_text, model.pool());
  std::vector<std::int64_t> of_images, of_texts;
  for (std::size_t k = 0; k < rows.paths.size(); ++k)
    if (asked.contains(rows.paths[k])) of_images.push_back(ranks.of_images[k]);
  for (std::size_t k = 0; k < rows.captions.size(); ++k)
    if (rows.number_of_text[k] < asked_captions) of_texts.push_back(ranks.of_texts[k]);
  if (of_images.empty()) akin::fail("evaluate: no image of '", o.pairs, "' could be read");
  std::printf("%s\n%s\n", recall_line("image-to-text", of_images).c_str(), recall_line("text-to-image", of_texts).c_str());
  return rows.skipped > 0 ? exit_failed : exit_done;
}

}  // namespace

int evaluate(const evaluate_options& o) {
  if (o.folder.empty() == o.pairs.empty())
    misuse("evaluate: name a folder of classes with --classes, or a file of pairs with --pairs", o.folder.empty() ? "" : ", not both");
  embedder model{o.model, o.vocabulary, o.threads};
  return o.pairs.empty() ? evaluate_classes(o, model) : evaluate_pairs(o, model);
}

}  // namespace clip_program
