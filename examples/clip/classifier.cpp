// SPDX-License-Identifier: Apache-2.0
// Fresh weights, and classification with encoders.
#include "classifier.hpp"

#include "model.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace clip_program {

namespace model = clip_model;

std::unique_ptr<akin::parameter_store<float>> make_weights(const model_sizes& s, std::uint64_t seed) {
  // Both objectives have the same parameters; this one names the fewest inputs.
  auto weights = std::make_unique<akin::parameters<model::objective<model::positives::one>>>();
  weights->bind(seed, model::channels(1), model::narrow(s.narrow), model::wide(s.wide), model::embed(s.embed), model::vocabulary(s.vocabulary), model::text_width(s.text_width));
  return weights;
}

std::vector<float> class_features(encoders& encode, const akin::word_vocabulary& words, const model_sizes& sizes, const std::vector<class_names>& classes, const std::vector<std::string>& templates) {
  const auto embed = static_cast<std::size_t>(sizes.embed);
  std::vector<float> all;
  for (const auto& names : classes) {
    std::vector<std::int32_t> ids;
    for (const auto& name : names) {
      std::size_t known = akin::words_of(name).size();
      std::vector<std::int32_t> probe(static_cast<std::size_t>(sizes.tokens));
      words.encode(name, probe, [&](const std::string&) { --known; });
      if (known == 0) akin::fail("label '", name, "': the model was trained on none of its words");
      for (const auto& prompt : templates) {
        ids.resize(ids.size() + static_cast<std::size_t>(sizes.tokens));
        words.encode(akin::fill_template(prompt, name), std::span{ids}.last(static_cast<std::size_t>(sizes.tokens)), [](const std::string&) {});
      }
    }
    const auto features = encode.texts(ids);
    std::vector<float> mean(embed);
    for (std::size_t k = 0; k < features.size(); ++k) mean[k % embed] += features[k];
    const float length = std::sqrt(std::inner_product(mean.begin(), mean.end(), mean.begin(), 0.f));
    for (const float x : mean) all.push_back(x / std::max(length, 1e-12f));
  }
  return all;
}

std::vector<float> cosines(std::span<const float> image_features, std::span<const float> class_features, std::int64_t embed) {
  const auto width = static_cast<std::size_t>(embed);
  std::vector<float> all;
  all.reserve(image_features.size() / width * (class_features.size() / width));
  for (std::size_t n = 0; n < image_features.size(); n += width)
    for (std::size_t c = 0; c < class_features.size(); c += width)
      all.push_back(std::inner_product(&image_features[n], &image_features[n] + width, &class_features[c], 0.f));
  return all;
}

evaluation evaluate(encoders& encode, const labelled_images& data, std::span<const float> class_features, std::int64_t classes, std::int64_t embed) {
  evaluation e{0, 0, std::vector<std::int64_t>(static_cast<std::size_t>(classes * classes)), cosines(encode.images(data.pixels), class_features, embed)};
  std::int64_t first = 0, among_five = 0;
  for (std::int64_t n = 0; n < data.count; ++n) {
    const float* row = &e.cosines[static_cast<std::size_t>(n * classes)];
    const auto label = data.labels[static_cast<std::size_t>(n)];
    const auto better = std::count_if(row, row + classes, [&](float x) { return x > row[label]; });
    const auto best = std::max_element(row, row + classes) - row;
    first += best == label;
    among_five += better < 5;
    ++e.confusion[static_cast<std::size_t>(label * classes + best)];
  }
  e.top1 = static_cast<double>(first) / static_cast<double>(std::max<std::int64_t>(data.count, 1));
  e.top5 = static_cast<double>(among_five) / static_cast<double>(std::max<std::int64_t>(data.count, 1));
  return e;
}

}  // namespace clip_program
