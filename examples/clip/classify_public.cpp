// SPDX-License-Identifier: Apache-2.0
// akin-clip classify, with a public model: which labels fit each image.
#include "answers.hpp"
#include "inputs.hpp"
#include "zero_shot.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace clip_program {

namespace {

/// SigLIP judges each label by itself. Of the others the softmax is asked for the best labels, the cosines for any number of
/// them.
std::vector<float> scores_of(const akin::zero_shot_classifier& classifier, std::span<const float> rows, const embedder& model,
                             bool several) {
  const auto [scale, bias] = model.scale();
  if (model.is_siglip()) return classifier.independent_probabilities(rows, scale, bias);
  return several ? classifier.cosines(rows) : classifier.probabilities(rows);
}

}  // namespace

int classify_with_public_model(const classify_options& o) {
  embedder model{o.model, o.vocabulary, o.threads};
  const auto classifier = classifier_of(o.zero_shot, labels_of(o.zero_shot), model);
  const std::size_t classes = classifier.names.size();
  const float least = o.threshold ? static_cast<float>(*o.threshold) : -1;  // below every score
  const answer_writer writer{o.format, "image", "label"};
  const std::size_t skipped =
      embed_images(model, image_paths(o.files), [&](std::span<const std::string> paths, std::span<const float> rows) {
        const auto scores = scores_of(classifier, rows, model, o.threshold.has_value());
        for (std::size_t k = 0; k < paths.size(); ++k) {
          const auto row = std::span{scores}.subspan(k * classes, classes);
          auto best = akin::classes_above(row, least);
          if (!o.threshold) best.resize(std::min(best.size(), static_cast<std::size_t>(o.top)));
          std::vector<answer> answers;
          for (const std::size_t label : best) answers.push_back({classifier.names[label], static_cast<double>(row[label])});
          writer.write(paths[k], answers);
        }
      });
  return skipped > 0 ? exit_failed : exit_done;
}

}  // namespace clip_program
