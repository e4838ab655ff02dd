// SPDX-License-Identifier: Apache-2.0
// Both towers over pairs, and the ranks that follow.
#include "recall.hpp"

#include <akin/clip/retrieval.hpp>

#include <cstdio>
#include <map>

namespace clip_program {

embedded_pairs embed_pairs(embedder& model, const akin::image_pairs& pairs) {
  embedded_pairs result;
  std::map<std::string, std::int32_t, std::less<>> row_of;  // images that could be read
  result.skipped = embed_images(model, pairs.paths, [&](std::span<const std::string> paths, std::span<const float> rows) {
    for (const auto& path : paths) row_of.emplace(path, static_cast<std::int32_t>(row_of.size()));
    result.paths.insert(result.paths.end(), paths.begin(), paths.end());
    result.images.insert(result.images.end(), rows.begin(), rows.end());
  });
  for (std::size_t k = 0; k < pairs.captions.size(); ++k)
    if (const auto row = row_of.find(pairs.paths[static_cast<std::size_t>(pairs.image_of_caption[k])]); row != row_of.end()) {
      result.captions.push_back(pairs.captions[k]);
      result.image_of_text.push_back(row->second);
      result.number_of_text.push_back(k);
    }
  embed_texts(model, result.captions, [&](std::span<const std::string>, std::span<const float> rows) {
    result.texts.insert(result.texts.end(), rows.begin(), rows.end());
  });
  return result;
}

pair_ranks rank(const embedded_pairs& rows, std::int64_t embed, const threads& pool) {
  auto ranks = akin::rank_pairs(rows.images, rows.texts, embed, rows.image_of_text, pool);
  return {std::move(ranks.of_images), std::move(ranks.of_texts)};
}

double recall_at(std::span<const std::int64_t> ranks, std::int64_t k) { return akin::recall_at(ranks, k); }

std::string recall_line(const std::string& direction, std::span<const std::int64_t> ranks) {
  char text[120];
  std::snprintf(text, sizeof text, " R@1 %.4f R@5 %.4f R@10 %.4f queries %zu", recall_at(ranks, 1), recall_at(ranks, 5), recall_at(ranks, 10),
                ranks.size());
  return direction + text;
}

}  // namespace clip_program
