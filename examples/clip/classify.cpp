// SPDX-License-Identifier: Apache-2.0
// akin-clip classify, with a model that train has made: which label fits each image best.
#include "answers.hpp"
#include "computer.hpp"
#include "inputs.hpp"
#include "say.hpp"

#include <akin/data/read_image.hpp>
#include <akin/data/resize.hpp>
#include <akin/support/utf8.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

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
    d.words.encode(text, ids, [&](const std::string& word) { say("'" + text + "': the model does not know the word '" + word + "' and leaves it out"); });
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

void refuse_options_of_public_models(const classify_options& o) {
  const auto& z = o.zero_shot;
  for (const auto& [name, given] : {std::pair{"--labels", !z.labels_file.empty()}, {"--templates", !z.templates_file.empty()},
                                    {"--classifier", !z.classifier.empty()}, {"--save-classifier", !z.save_classifier.empty()},
                                    {"--threshold", o.threshold.has_value()}, {"--vocab", !o.vocabulary.empty()}})
    if (given) misuse("classify: ", name, " needs a public model, but '", o.model, "' was made by train");
}

}  // namespace

int classify(const classify_options& o) {
  if (o.files.empty() && o.zero_shot.save_classifier.empty()) misuse("classify: name images, folders or idx files");
  akin::require_folder(o.model);
  if (!std::filesystem::exists(checkpoint_path(o.model))) return classify_with_public_model(o);
  refuse_options_of_public_models(o);
  const akin::safetensors_file file{checkpoint_path(o.model)};
  const auto d = read_description(file);
  auto weights = make_weights(d.sizes, 0);
  akin::load_weights(file, *weights);
  const auto backend = make_computer(o.backend.value_or("cpu"), o.threads);
  const auto encode = backend->make_encoders(*weights, d.sizes, d.scale);

  const auto labels = valid_texts(o.zero_shot.labels, "--label"), templates = valid_texts(o.zero_shot.templates, "--template");
  std::vector<class_names> classes = d.classes;
  if (!labels.empty()) {
    classes.clear();
    for (const auto& label : labels) classes.push_back({label});
  }
  warn_of_unknown_words(d, labels);
  warn_of_unknown_words(d, templates);
  const auto classifier = make_classifier(*encode, d.words, d.sizes, classes, templates.empty() ? d.test_templates : templates);
  const double scale = std::exp(static_cast<double>(file.read<float>("logit_scale").front()));

  const answer_writer writer{o.format, "image", "label"};
  int skipped = 0;
  for (const auto& path : o.files) {
    std::vector<std::uint8_t> pixels;
    try {
      if (!akin::is_utf8(path)) akin::fail("the name '", akin::detail::printable(path), "' is not UTF-8");
      pixels = read_pixels(path, d.sizes, o.invert, o.limit.value_or(20));
    } catch (const akin::error& e) {
      say(std::string{"skipped: "} + e.what());
      ++skipped;
      continue;
    }
    const auto all = classifier.probabilities(encode->images(pixels), scale);
    for (std::size_t first = 0; first < all.size(); first += classes.size()) {
      const std::string number = is_idx(path) ? "[" + std::to_string(first / classes.size()) + "]" : "";
      writer.write(path + number, best_answers(classifier.names, std::span{all}.subspan(first, classes.size()), {}, o.most_labels()));
    }
  }
  if (skipped > 0) say(std::to_string(skipped) + " of " + std::to_string(o.files.size()) + " files were skipped");
  return skipped > 0 ? exit_failed : exit_done;
}

}  // namespace clip_program
