// SPDX-License-Identifier: Apache-2.0
// akin-clip evaluate: how often a public model is right about labelled images, or about pairs of images and captions.
#include "inputs.hpp"
#include "zero_shot.hpp"

#include <akin/clip/retrieval.hpp>
#include <akin/train/class_table.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

namespace clip_program {

namespace {

/// Images in folders that are their classes.
struct labelled_folder {
  std::vector<std::string> classes, paths;
  std::map<std::string, std::size_t, std::less<>> class_of;  // by path
};

labelled_folder read_labelled_folder(const std::string& folder) {
  labelled_folder result;
  if (!std::filesystem::is_directory(folder)) akin::fail("evaluate: '", folder, "' is no folder");
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_directory()) result.classes.push_back(entry.path().filename().string());
  std::ranges::sort(result.classes);
  for (std::size_t k = 0; k < result.classes.size(); ++k)
    for (auto& path : akin::image_files(folder + "/" + result.classes[k])) {
      result.class_of[path] = k;
      result.paths.push_back(std::move(path));
    }
  if (result.classes.empty()) akin::fail("evaluate: '", folder, "' has no folders, expected one for each class");
  return result;
}

/// What was counted over all images.
struct class_counts {
  std::int64_t images = 0, first = 0, among_five = 0;
  std::vector<std::int64_t> confusion;  // [class, predicted]

  /// The scores of one image; of equal ones the earlier class comes first.
  void add(std::span<const float> scores, std::size_t truth) {
    std::size_t ahead = 0;
    for (std::size_t k = 0; k < scores.size(); ++k)
      ahead += scores[k] > scores[truth] || (scores[k] == scores[truth] && k < truth);
    const auto best = static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
    ++images;
    first += ahead == 0;
    among_five += ahead < 5;
    ++confusion[truth * scores.size() + best];
  }
};

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
    akin::fail("evaluate: there are ", classifier.names.size(), " labels, but '", o.folder, "' has ", classes,
               " folders: name a label for each, in the order of the folders' names");
  class_counts counts{0, 0, 0, std::vector<std::int64_t>(classes * classes)};
  const std::size_t skipped =
      embed_images(model, data.paths, [&](std::span<const std::string> paths, std::span<const float> rows) {
        const auto cosines = classifier.cosines(rows);
        for (std::size_t k = 0; k < paths.size(); ++k)
          counts.add(std::span{cosines}.subspan(k * classes, classes), data.class_of.find(paths[k])->second);
      });
  const auto share = [&](std::int64_t hits) {
    return static_cast<double>(hits) / static_cast<double>(std::max<std::int64_t>(counts.images, 1));
  };
  std::printf("%s\ntop-1 %.4f top-5 %.4f mean-per-class %.4f images %lld\n",
              akin::class_table(classifier.names, counts.confusion).c_str(), share(counts.first), share(counts.among_five),
              mean_per_class(akin::class_scores(classes, counts.confusion)), static_cast<long long>(counts.images));
  return skipped > 0 ? exit_failed : exit_done;
}

/// Captions of images, the images in the order of their first captions.
struct captioned_images {
  std::vector<std::string> paths, captions;
  std::vector<std::size_t> image_of_caption;
};

/// A line a caption: a path, as seen from the file's folder, a tab, the caption. open_clip's first line "filepath title" may be
/// there.
captioned_images read_pairs(const std::string& file) {
  captioned_images result;
  std::map<std::string, std::size_t> numbers;
  const auto folder = std::filesystem::path{file}.parent_path();
  const auto lines = text_lines(file);
  for (std::size_t k = 0; k < lines.size(); ++k) {
    if (lines[k].empty() || (k == 0 && lines[k] == "filepath\ttitle")) continue;
    const std::size_t tab = lines[k].find('\t');
    if (tab == std::string::npos) akin::fail("'", file, "', line ", k + 1, " has no tab between an image and its caption");
    const std::string path = (folder / lines[k].substr(0, tab)).string();
    const auto [place, is_new] = numbers.emplace(path, result.paths.size());
    if (is_new) result.paths.push_back(path);
    result.captions.push_back(lines[k].substr(tab + 1));
    result.image_of_caption.push_back(place->second);
  }
  return result;
}

void print_recall(const char* direction, std::span<const std::int64_t> ranks) {
  std::printf("%s R@1 %.4f R@5 %.4f R@10 %.4f queries %zu\n", direction, akin::recall_at(ranks, 1), akin::recall_at(ranks, 5),
              akin::recall_at(ranks, 10), ranks.size());
}

int evaluate_pairs(const evaluate_options& o, embedder& model) {
  const auto data = read_pairs(o.pairs);
  std::map<std::string, std::int32_t, std::less<>> row_of;  // images that could be read
  std::vector<float> image_rows, text_rows;
  const std::size_t skipped =
      embed_images(model, data.paths, [&](std::span<const std::string> paths, std::span<const float> rows) {
        for (const auto& path : paths) row_of.emplace(path, static_cast<std::int32_t>(row_of.size()));
        image_rows.insert(image_rows.end(), rows.begin(), rows.end());
      });
  std::vector<std::string> captions;
  std::vector<std::int32_t> image_of_text;
  for (std::size_t k = 0; k < data.captions.size(); ++k)
    if (const auto row = row_of.find(data.paths[data.image_of_caption[k]]); row != row_of.end()) {
      captions.push_back(data.captions[k]);
      image_of_text.push_back(row->second);
    }
  embed_texts(model, captions, [&](std::span<const std::string>, std::span<const float> rows) {
    text_rows.insert(text_rows.end(), rows.begin(), rows.end());
  });
  const auto ranks = akin::rank_pairs(image_rows, text_rows, model.embed(), image_of_text, model.pool());
  print_recall("image-to-text", ranks.of_images);
  print_recall("text-to-image", ranks.of_texts);
  return skipped > 0 ? exit_failed : exit_done;
}

}  // namespace

int evaluate(const evaluate_options& o) {
  if (o.folder.empty() == o.pairs.empty())
    akin::fail("evaluate: name a folder of classes with --classes, or a file of pairs with --pairs");
  embedder model{o.model, o.vocabulary, o.threads};
  return o.pairs.empty() ? evaluate_classes(o, model) : evaluate_pairs(o, model);
}

}  // namespace clip_program
