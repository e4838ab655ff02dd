// SPDX-License-Identifier: Apache-2.0
// Both towers over pairs, and the ranks that follow.
#include "recall.hpp"

#include <akin/clip/retrieval.hpp>

#include <cstdio>
#include <map>

namespace clip_program {

void read_pairs(const std::string& file, akin::image_pairs& pairs) {
  const auto captions = pairs.captions.size();
  const auto replaced = pairs.replaced;
  akin::read_image_pairs(file, pairs);
  if (pairs.captions.size() == captions) akin::fail("there are no pairs in '", file, "'");
  say_replaced(pairs.replaced - replaced, "'" + file + "'");
}

embedded_pairs embed_pairs(embedder& model, const akin::image_pairs& pairs, narration told) {
  embedded_pairs result;
  std::map<std::string, std::int32_t, std::less<>> row_of;  // images that could be read
  const auto keep_images = [&](std::span<const std::string> paths, std::span<const float> rows) {
    for (const auto& path : paths) row_of.emplace(path, static_cast<std::int32_t>(row_of.size()));
    result.paths.insert(result.paths.end(), paths.begin(), paths.end());
    result.images.insert(result.images.end(), rows.begin(), rows.end());
    return true;
  };
  result.skipped = embed_images(model, pairs.paths, keep_images, told);
  for (std::size_t k = 0; k < pairs.captions.size(); ++k)
    if (const auto row = row_of.find(pairs.paths[static_cast<std::size_t>(pairs.image_of_caption[k])]); row != row_of.end()) {
      result.captions.push_back(pairs.captions[k]);
      result.image_of_text.push_back(row->second);
      result.number_of_text.push_back(k);
    }
  const auto keep_texts = [&](std::span<const std::string>, std::span<const float> rows) {
    result.texts.insert(result.texts.end(), rows.begin(), rows.end());
    return true;
  };
  embed_texts(model, result.captions, keep_texts, told);
  return result;
}

std::string recall_line(const std::string& direction, std::span<const std::int64_t> ranks) {
  char text[120];
  std::snprintf(text, sizeof text, " R@1 %.4f R@5 %.4f R@10 %.4f queries %zu", akin::recall_at(ranks, 1), akin::recall_at(ranks, 5), akin::recall_at(ranks, 10),
                ranks.size());
  return direction + text;
}

}  // namespace clip_program
