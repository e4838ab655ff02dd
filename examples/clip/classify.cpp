// SPDX-License-Identifier: Apache-2.0
// akin-clip classify, with a model that train has made: which label fits each image best.
#include "answers.hpp"
#include "computer.hpp"

#include <akin/data/read_image.hpp>
#include <akin/data/resize.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>

namespace clip_program {

namespace {

// idx files are known by their first bytes, packed or not: no image begins so.
bool is_idx(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  char head[3]{};
  file.read(head, 3);
  return file.gcount() == 3 && ((head[0] == '\x1f' && head[1] == '\x8b') || (head[0] == 0 && head[1] == 0 && head[2] == 8));
}

void warn_of_unknown_words(const model_description& d, const std::vector<std::string>& texts) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(d.sizes.tokens));
  for (const auto& text : texts)
    d.words.encode(text, ids, [&](const std::string& word) { std::fprintf(stderr, "akin-clip: '%s': the model does not know the word '%s' and leaves it out\n", text.c_str(), word.c_str()); });
}

// Every image of a file as gray bytes of the model's size.
std::vector<std::uint8_t> read_pixels(const std::string& path, const model_sizes& s, bool invert, std::int64_t limit) {
  std::vector<std::uint8_t> pixels;
  if (is_idx(path)) {
    auto all = akin::read_idx(path);
    if (all.shape.size() != 3) akin::fail("'", path, "' has ", all.shape.size(), " dimensions, expected 3: images, rows, columns");
    const auto count = limit > 0 ? std::min(all.shape[0], limit) : all.shape[0];
    for (std::int64_t k = 0; k < count; ++k) {
      const auto begin = all.bytes.begin() + static_cast<std::ptrdiff_t>(k * all.shape[1] * all.shape[2]);
      akin::image one{all.shape[2], all.shape[1], 1, {begin, begin + static_cast<std::ptrdiff_t>(all.shape[1] * all.shape[2])}};
      if (one.width != s.width || one.height != s.height) one = akin::resize(one, s.width, s.height);
      pixels.insert(pixels.end(), one.pixels.begin(), one.pixels.end());
    }
  } else {
    const auto gray = akin::resize(akin::to_gray(akin::read_image(path)), s.width, s.height);
    pixels = gray.pixels;
  }
  if (invert)
    for (auto& p : pixels) p = static_cast<std::uint8_t>(255 - p);
  return pixels;
}

/// The labels by their shares, best first.
std::vector<answer> best_labels(std::span<const float> cosines, const std::vector<class_names>& labels, double scale) {
  const float top = *std::ranges::max_element(cosines);
  std::vector<answer> answers;
  double total = 0;
  for (std::size_t c = 0; c < labels.size(); ++c) {
    answers.push_back({labels[c].front(), std::exp(scale * static_cast<double>(cosines[c] - top))});
    total += answers.back().score;
  }
  for (auto& each : answers) each.score /= total;
  std::ranges::stable_sort(answers, std::greater{}, &answer::score);
  return answers;
}

void print_line(const std::string& name, const std::vector<answer>& answers) {
  std::printf("%s", name.c_str());
  for (std::size_t k = 0; k < answers.size(); ++k)
    std::printf("%s%s %.1f %%", k == 0 ? ": " : ", ", answers[k].name.c_str(), 100 * answers[k].score);
  std::printf("\n");
}

void refuse_options_of_public_models(const classify_options& o) {
  const auto& z = o.zero_shot;
  for (const auto& [name, given] : {std::pair{"--labels", !z.labels_file.empty()}, {"--templates", !z.templates_file.empty()},
                                    {"--classifier", !z.classifier.empty()}, {"--save-classifier", !z.save_classifier.empty()},
                                    {"--threshold", o.threshold.has_value()}, {"--vocab", !o.vocabulary.empty()}})
    if (given) akin::fail("classify: ", name, " needs a public model, but '", o.model, "' was made by train");
}

}  // namespace

int classify(const classify_options& o) {
  if (!std::filesystem::exists(checkpoint_path(o.model)) && std::filesystem::is_directory(o.model) && !std::filesystem::is_empty(o.model))
    return classify_with_public_model(o);
  refuse_options_of_public_models(o);
  const akin::safetensors_file file{checkpoint_path(o.model)};
  const auto d = read_description(file);
  auto weights = make_weights(d.sizes, 0);
  akin::load_weights(file, *weights);
  const auto backend = make_computer(o.backend, o.threads);
  const auto encode = backend->make_encoders(*weights, d.sizes, d.scale);

  std::vector<class_names> labels = d.classes;
  if (!o.zero_shot.labels.empty()) {
    labels.clear();
    for (const auto& label : o.zero_shot.labels) labels.push_back({label});
  }
  warn_of_unknown_words(d, o.zero_shot.labels);
  warn_of_unknown_words(d, o.zero_shot.templates);
  const auto& templates = o.zero_shot.templates.empty() ? d.test_templates : o.zero_shot.templates;
  const auto features = class_features(*encode, d.words, d.sizes, labels, templates);
  const double scale = std::exp(static_cast<double>(file.read<float>("logit_scale").front()));

  const std::optional<answer_writer> writer = o.format == "text" ? std::nullopt : std::optional{answer_writer{o.format, "image", "label"}};
  int failures = 0;
  for (const auto& path : o.files) {
    std::vector<std::uint8_t> pixels;
    try {
      pixels = read_pixels(path, d.sizes, o.invert, o.limit);
    } catch (const akin::error& e) {
      std::fprintf(stderr, "akin-clip: %s\n", e.what());
      ++failures;
      continue;
    }
    const auto all = cosines(encode->images(pixels), features, d.sizes.embed);
    for (std::size_t first = 0; first < all.size(); first += labels.size()) {
      auto answers = best_labels(std::span{all}.subspan(first, labels.size()), labels, scale);
      answers.resize(std::min(answers.size(), static_cast<std::size_t>(o.top)));
      std::string name = path;
      if (is_idx(path)) name += "[" + std::to_string(first / labels.size()) + "]";
      if (writer) writer->write(name, answers);
      else print_line(name, answers);
    }
  }
  return failures > 0 ? exit_failed : exit_done;
}

}  // namespace clip_program
