// SPDX-License-Identifier: Apache-2.0
// How well images find their texts and texts their image: ranks as an expression over all pairs, recall from ranks.
#pragma once

#include <akin/akin.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace akin::inline v0 {

namespace detail::retrieval_model {

inline constexpr struct images : batch<"images"> {
} images;
inline constexpr struct texts : batch<"texts"> {
} texts;
inline constexpr struct embed : axis<"embed"> {
} embed;

/// Where a pair that is no positive comes before the best positive of its row: a larger score, or an equal one and an earlier
/// place.
template <class Scores, class Positive, class Axis>
constexpr auto pairs_ahead(model& m, Scores scores, Positive positive, Axis along) {
  const auto candidates = where(positive, scores, -infinity);
  const auto best = max(candidates, over(along));
  const auto place = arg_max(candidates, over(along));
  const auto ahead = !positive && (scores > best || (same(scores, best) && at_most(position(m, along), place)));
  return sum(as_real(ahead), over(along));
}

struct ranks {
  static constexpr auto define(model& m) {
    const auto scores = dot(m.data<"images">(images, embed), m.data<"texts">(texts, embed));
    const auto positive = same(position(m, images), m.indices<"image of text">(texts));
    m.output<"of images">(pairs_ahead(m, scores, positive, texts));
    const auto of_texts = pairs_ahead(m, scores, positive, images);
    m.output<"of texts">(of_texts);
    return sum(of_texts);
  }
};

}  // namespace detail::retrieval_model

/// The rank of a query that has no right answer: it is never found.
inline constexpr std::int64_t never_found = (std::numeric_limits<std::int64_t>::max)();

/// How many wrong answers come before the best right one, for each query; 0 is best.
struct retrieval_ranks {
  std::vector<std::int64_t> of_images;  // images ask, texts answer
  std::vector<std::int64_t> of_texts;   // texts ask, images answer
};

/// Ranks in both directions, for images with any number of texts each.
/// shapes: images [images, embed], texts [texts, embed], image_of_text [texts]
/// values: of equal scores the earlier one comes first; an image without a text is never_found
/// cost:   two passes over tiles of pairs, which are never stored
/// errors: run time, where numbers are no whole rows or not finite, or an image is outside of the range
/// source: open_clip's get_clip_metrics, for pairs; a hit where any positive is among the first k: CLIP_benchmark
inline retrieval_ranks rank_pairs(std::span<const float> images, std::span<const float> texts, std::int64_t embed,
                                  std::span<const std::int32_t> image_of_text, const std::shared_ptr<thread_pool>& pool) {
  namespace model = detail::retrieval_model;
  if (embed < 1 || std::ssize(images) % embed != 0 || std::ssize(texts) != std::ssize(image_of_text) * embed)
    fail("retrieval: ", images.size(), " and ", texts.size(), " numbers are no images and ", image_of_text.size(), " texts of ",
         embed);
  const std::int64_t image_count = std::ssize(images) / embed, text_count = std::ssize(image_of_text);
  for (const std::int32_t image : image_of_text)
    if (image < 0 || image >= image_count) fail("retrieval: a text belongs to image ", image, ", but there are ", image_count);
  const auto is_finite = [](float x) { return std::isfinite(x); };
  if (!std::ranges::all_of(images, is_finite) || !std::ranges::all_of(texts, is_finite)) fail("retrieval: the embeddings have numbers that are not finite");
  if (text_count == 0) return {std::vector<std::int64_t>(static_cast<std::size_t>(image_count), never_found), {}};

  parameters<model::ranks> none;
  program<model::ranks, cpu_backend, mode::evaluation> program{none, pool};
  program.bind(model::images(image_count), model::texts(text_count), model::embed(embed));
  program.set<"images">(images);
  program.set<"texts">(texts);
  program.set<"image of text">(image_of_text);
  program.forward();
  const auto whole = [](const auto& v) {
    std::vector<std::int64_t> all;
    for (std::int64_t k = 0; k < v.size(); ++k) all.push_back(static_cast<std::int64_t>(v.data[k]));
    return all;
  };
  retrieval_ranks ranks{whole(program.value<"of images">()), whole(program.value<"of texts">())};
  std::vector<bool> has_text(static_cast<std::size_t>(image_count));
  for (const std::int32_t image : image_of_text) has_text[static_cast<std::size_t>(image)] = true;
  for (std::size_t k = 0; k < has_text.size(); ++k)
    if (!has_text[k]) ranks.of_images[k] = never_found;
  return ranks;
}

/// The share of queries whose best right answer is among the first k.
/// values: 0 where there are no queries
inline double recall_at(std::span<const std::int64_t> ranks, std::int64_t k) {
  const auto hits = std::ranges::count_if(ranks, [&](std::int64_t rank) { return rank < k; });
  return ranks.empty() ? 0 : static_cast<double>(hits) / static_cast<double>(ranks.size());
}

}  // namespace akin::inline v0
