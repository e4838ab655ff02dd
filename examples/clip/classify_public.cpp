// SPDX-License-Identifier: Apache-2.0
// akin-clip classify, with a public model: which labels fit each image.
#include "answers.hpp"
#include "inputs.hpp"
#include "zero_shot.hpp"

#include <span>
#include <utility>

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

void refuse_options_of_trained_models(const classify_options& o) {
  for (const auto& [name, given] : {std::pair{"--invert", o.invert}, {"--backend", o.backend.has_value()}, {"--limit", o.limit.has_value()}})
    if (given) misuse("classify: ", name, " needs a model of train, but '", o.model, "' is a public one");
}

}  // namespace

int classify_with_public_model(const classify_options& o) {
  refuse_options_of_trained_models(o);
  embedder model{o.model, o.vocabulary, o.threads};
  const auto classifier = classifier_of(o.zero_shot, labels_of(o.zero_shot), model);
  const std::size_t classes = classifier.names.size();
  const answer_writer writer{o.format, "image", "label"};
  const auto images = list_images(o.files);
  const std::size_t skipped = images.skipped_folders +
      embed_images(model, images.paths, [&](std::span<const std::string> paths, std::span<const float> rows) {
        const auto scores = scores_of(classifier, rows, model, o.threshold.has_value());
        for (std::size_t k = 0; k < paths.size(); ++k)
          writer.write(paths[k], best_answers(classifier.names, std::span{scores}.subspan(k * classes, classes), o.threshold, o.most_labels()));
        return true;
      });
  return skipped > 0 ? exit_failed : exit_done;
}

}  // namespace clip_program
