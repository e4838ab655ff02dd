// SPDX-License-Identifier: Apache-2.0
// Fresh weights, and classification with encoders.
#include "classifier.hpp"

#include "model.hpp"

#include <cstddef>
#include <cstdint>

namespace clip_program {

namespace model = clip_model;

std::unique_ptr<akin::parameter_store<float>> make_weights(const model_sizes& s, std::uint64_t seed) {
  // Both objectives have the same parameters; this one names the fewest inputs.
  auto weights = std::make_unique<akin::parameters<model::objective<model::positives::one>>>();
  weights->bind(seed, model::channels(1), model::narrow(s.narrow), model::wide(s.wide), model::embed(s.embed), model::vocabulary(s.vocabulary), model::text_width(s.text_width));
  return weights;
}

akin::zero_shot_classifier make_classifier(encoders& encode, const akin::word_vocabulary& words, const model_sizes& sizes, const std::vector<class_names>& classes, const std::vector<std::string>& templates) {
  const auto tokens = static_cast<std::size_t>(sizes.tokens);
  for (const auto& names : classes)
    for (const auto& name : names) {
      std::size_t known = akin::words_of(name).size();
      std::vector<std::int32_t> probe(tokens);
      words.encode(name, probe, [&](const std::string&) { --known; });
      if (known == 0) akin::fail("label '", name, "': the model was trained on none of its words");
    }
  return akin::make_classifier(classes, templates, "", [&](std::span<const std::string> prompts) {
    std::vector<std::int32_t> ids(prompts.size() * tokens);
    for (std::size_t k = 0; k < prompts.size(); ++k) words.encode(prompts[k], std::span{ids}.subspan(k * tokens, tokens), [](const std::string&) {});
    return encode.texts(ids);
  });
}

evaluation evaluate(encoders& encode, const labelled_images& data, const akin::zero_shot_classifier& classifier) {
  const std::size_t classes = classifier.names.size();
  evaluation result{class_counts{classes}, classifier.cosines(encode.images(data.pixels))};
  for (std::size_t n = 0; n < data.labels.size(); ++n) result.counts.add(std::span{result.cosines}.subspan(n * classes, classes), data.labels[n]);
  return result;
}

}  // namespace clip_program
