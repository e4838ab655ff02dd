// SPDX-License-Identifier: Apache-2.0
// Ranks and recall against values by hand and against a sort of all scores in double.
#include <akin/clip/retrieval.hpp>
#include <akin/support/random.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace {

using ranks = std::vector<std::int64_t>;

const auto pool = std::make_shared<akin::thread_pool>(2);

/// The place of the first right answer among the others sorted by score, equal ones by place.
std::int64_t place_of_first_right(const std::vector<double>& scores, const std::vector<bool>& right) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  for (std::size_t k = 0; k < order.size(); ++k)
    if (right[order[k]]) return static_cast<std::int64_t>(k);
  return akin::never_found;
}

}  // namespace

TEST_CASE("ranks by hand: three images, four texts, one of them tied") {
  // Scores, a row for each image:   text 0  1  2  3   (texts 0 and 1 are of image 0, 2 of image 1, 3 of image 2)
  //                        image 0:      2  5  7  1   best right 5; ahead: 7                       -> 1
  //                        image 1:      3  3  3  9   right 3; ahead: 9, and texts 0 and 1, equal  -> 3
  //                        image 2:      0  0  4  4   right 4; ahead: text 2, equal and earlier    -> 1
  // Columns: text 0: 2 right, 3 ahead -> 1; text 1: 0; text 2: right 3, 7 and 4 ahead -> 2; text 3: right 4, 9 ahead -> 1
  const std::vector<float> images{1, 0, 0, 0, 1, 0, 0, 0, 1}, texts{2, 3, 0, 5, 3, 0, 7, 3, 4, 1, 9, 4};
  const std::vector<std::int32_t> image_of_text{0, 0, 1, 2};
  const auto found = akin::rank_pairs(images, texts, 3, image_of_text, pool);
  CHECK(found.of_images == ranks{1, 3, 1});
  CHECK(found.of_texts == ranks{1, 0, 2, 1});
  CHECK(akin::recall_at(found.of_texts, 1) == doctest::Approx(0.25));
  CHECK(akin::recall_at(found.of_texts, 2) == doctest::Approx(0.75));
  CHECK(akin::recall_at(found.of_images, 4) == 1);
  CHECK(akin::recall_at({}, 1) == 0);
}

TEST_CASE("an image without a text is never found, however few texts there are") {
  const std::vector<float> images{1, 0, 0, 1}, texts{1, 0};
  const auto found = akin::rank_pairs(images, texts, 2, std::vector<std::int32_t>{0}, pool);
  CHECK(found.of_images == ranks{0, akin::never_found});
  CHECK(akin::recall_at(found.of_images, 10) == 0.5);
  CHECK(akin::recall_at(akin::rank_pairs(images, {}, 2, {}, pool).of_images, 10) == 0);
}

TEST_CASE("embeddings that are not finite find nothing, and are refused") {
  const std::vector<float> images{1, 0, 0, std::nanf("")}, texts{1, 0};
  CHECK(contains(sentence_of([&] { akin::rank_pairs(images, texts, 2, std::vector<std::int32_t>{0}, pool); }), "not finite"));
}

TEST_CASE("ranks of many pairs with equal scores, several texts an image, are those of a sort") {
  const std::int64_t embed = 5;
  for (const std::int64_t image_count : {1, 9, 300}) {
    akin::random_stream random{7, static_cast<std::uint64_t>(image_count)};
    const std::int64_t text_count = 2 * image_count + 3;
    const auto numbers = [&](std::int64_t rows) {
      std::vector<float> all;
      for (std::int64_t k = 0; k < rows * embed; ++k) all.push_back(static_cast<float>(random.below(4) - 1));
      return all;
    };
    const auto images = numbers(image_count), texts = numbers(text_count);
    std::vector<std::int32_t> image_of_text;
    for (std::int64_t t = 0; t < text_count; ++t) image_of_text.push_back(static_cast<std::int32_t>(random.below(image_count)));
    const auto score = [&](std::int64_t i, std::int64_t t) {
      return std::inner_product(&images[static_cast<std::size_t>(i * embed)],
                                &images[static_cast<std::size_t>(i * embed)] + embed, &texts[static_cast<std::size_t>(t * embed)],
                                0.0);
    };
    const auto found = akin::rank_pairs(images, texts, embed, image_of_text, pool);
    for (std::int64_t i = 0; i < image_count; ++i) {
      std::vector<double> scores;
      std::vector<bool> right;
      for (std::int64_t t = 0; t < text_count; ++t) {
        scores.push_back(score(i, t));
        right.push_back(image_of_text[static_cast<std::size_t>(t)] == i);
      }
      CHECK(found.of_images[static_cast<std::size_t>(i)] == place_of_first_right(scores, right));
    }
    for (std::int64_t t = 0; t < text_count; ++t) {
      std::vector<double> scores;
      std::vector<bool> right;
      for (std::int64_t i = 0; i < image_count; ++i) {
        scores.push_back(score(i, t));
        right.push_back(image_of_text[static_cast<std::size_t>(t)] == i);
      }
      CHECK(found.of_texts[static_cast<std::size_t>(t)] == place_of_first_right(scores, right));
    }
  }
}

TEST_CASE("numbers that do not fit are one sentence") {
  const std::vector<float> four{1, 2, 3, 4};
  const std::vector<std::int32_t> one{0}, outside{2, 0};
  CHECK(contains(sentence_of([&] { akin::rank_pairs(four, four, 2, one, pool); }),
                 "4 and 4 numbers are no images and 1 texts of 2"));
  CHECK(contains(sentence_of([&] { akin::rank_pairs(four, four, 2, outside, pool); }), "belongs to image 2, but there are 2"));
  CHECK(akin::rank_pairs(four, {}, 2, {}, pool).of_texts.empty());
}
