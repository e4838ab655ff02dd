// SPDX-License-Identifier: Apache-2.0
// akin-emoji baseline: names to pixels with a linear model.
#include "commands.hpp"
#include "ridge.hpp"

#include <akin/clip/image_pairs.hpp>
#include <akin/clip/retrieval.hpp>
#include <akin/data/image_folder.hpp>
#include <akin/text/word_vocabulary.hpp>
#include <akin/text/zero_shot.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

namespace emoji_program {

namespace {

/// Pixels of each image, shrunk, from 0 to 1.
std::vector<float> read_pixels(const std::vector<std::string>& paths, std::int64_t size, const std::shared_ptr<akin::thread_pool>& pool) {
  akin::preprocessing plain{.size = size, .mean = {0, 0, 0}, .deviation = {1, 1, 1}};
  akin::image_loader loader{paths, plain, pool};
  auto batch = loader.next(std::ssize(paths));
  if (!loader.skipped().empty()) akin::fail(loader.skipped().front().reason);
  return std::move(batch.pixels);
}

void print_recall(const char* among, const char* direction, std::span<const std::int64_t> ranks) {
  std::printf("%s, %s R@1 %.4f R@5 %.4f R@10 %.4f queries %zu\n", among, direction, akin::recall_at(ranks, 1), akin::recall_at(ranks, 5),
              akin::recall_at(ranks, 10), ranks.size());
}

}  // namespace

int baseline(const baseline_options& o) {
  const auto pool = std::make_shared<akin::thread_pool>();
  akin::image_pairs tested, all;  // all: those of the test first
  akin::read_image_pairs(o.test, tested);
  akin::read_image_pairs(o.test, all);
  akin::read_image_pairs(o.train, all);
  const std::size_t test_images = tested.paths.size(), test_names = tested.captions.size(), width = 3 * static_cast<std::size_t>(o.size * o.size);
  auto pixels = read_pixels(all.paths, o.size, pool);

  std::map<std::string, std::int32_t> numbers;  // of the words of training
  std::vector<bag> bags;
  for (std::size_t k = all.captions.size(); k-- > 0;) {  // from the last one, so that words of the test alone get no number
    bag words;
    for (const auto& word : akin::words_of(all.captions[k])) {
      const auto place = k >= test_names ? numbers.emplace(word, static_cast<std::int32_t>(numbers.size())).first : numbers.find(word);
      if (place != numbers.end() && std::ranges::find(words, place->second) == words.end()) words.push_back(place->second);
    }
    bags.push_back(std::move(words));
  }
  std::ranges::reverse(bags);

  std::vector<double> mean(width);
  const std::size_t train_images = all.paths.size() - test_images;
  for (std::size_t k = test_images * width; k < pixels.size(); ++k) mean[k % width] += static_cast<double>(pixels[k]) / static_cast<double>(train_images);
  for (std::size_t k = 0; k < pixels.size(); ++k) pixels[k] -= static_cast<float>(mean[k % width]);
  std::vector<float> targets;
  for (std::size_t k = test_names; k < all.captions.size(); ++k) {
    const auto row = pixels.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(all.image_of_caption[k]) * width);
    targets.insert(targets.end(), row, row + static_cast<std::ptrdiff_t>(width));
  }
  const auto weights = ridge_regression(std::span{bags}.subspan(test_names), targets, numbers.size(), width, o.ridge, *pool);
  std::vector<float> predicted;
  for (const bag& words : bags) {
    const auto row = predict(weights, words, width);
    predicted.insert(predicted.end(), row.begin(), row.end());
  }
  const auto pixel_count = static_cast<std::int64_t>(width);
  akin::normalize_rows(pixels, pixel_count);
  akin::normalize_rows(predicted, pixel_count);
  const auto among_tested = akin::rank_pairs(std::span{pixels}.first(test_images * width), std::span{predicted}.first(test_names * width), pixel_count, tested.image_of_caption, pool);
  const auto among_all = akin::rank_pairs(pixels, predicted, pixel_count, all.image_of_caption, pool);
  print_recall("tested", "image-to-text", among_tested.of_images);
  print_recall("tested", "text-to-image", among_tested.of_texts);
  print_recall("with those of training", "image-to-text", std::span{among_all.of_images}.first(test_images));
  print_recall("with those of training", "text-to-image", std::span{among_all.of_texts}.first(test_names));
  return 0;
}

}  // namespace emoji_program
