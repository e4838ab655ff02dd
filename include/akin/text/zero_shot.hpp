// SPDX-License-Identifier: Apache-2.0
// Zero-shot classification: classes as the means of their prompts' features, and what they say of images.
#pragma once

#include <akin/io/safetensors.hpp>
#include <akin/support/error.hpp>
#include <akin/text/prompts.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// Scales every row to unit length; a row of zeros stays.
/// shapes: [rows, width]
/// errors: run time, where numbers are no whole rows, or one is not finite
inline void normalize_rows(std::span<float> values, std::int64_t width) {
  if (width < 1 || std::ssize(values) % width != 0) fail("normalize_rows: ", values.size(), " numbers are no rows of ", width);
  for (std::size_t first = 0; first < values.size(); first += static_cast<std::size_t>(width)) {
    const auto row = values.subspan(first, static_cast<std::size_t>(width));
    double squares = 0;
    for (const float x : row) squares += static_cast<double>(x) * static_cast<double>(x);
    if (!std::isfinite(squares)) fail("normalize_rows: row ", first / row.size(), " has numbers that are not finite");
    if (squares == 0) continue;
    for (float& x : row) x = static_cast<float>(static_cast<double>(x) / std::sqrt(squares));
  }
}

/// A class for each name: a vector of unit length that images are compared with.
struct zero_shot_classifier {
  std::vector<std::string> names;  // [classes]
  std::vector<float> classes;      // [classes, embed], rows of unit length
  std::int64_t embed = 0;
  std::string model;  // what the vectors were made with, by name

  /// Cosines of images with classes.
  /// shapes: [images, embed] -> [images, classes]
  /// errors: run time, where the features are not whole rows
  std::vector<float> cosines(std::span<const float> images) const {
    const auto width = static_cast<std::size_t>(embed);
    if (width == 0 || images.size() % width != 0)
      fail("zero-shot: got ", images.size(), " numbers of images, expected rows of ", embed);
    std::vector<float> unit(images.begin(), images.end()), result;
    normalize_rows(unit, embed);
    for (std::size_t image = 0; image < unit.size(); image += width)
      for (std::size_t one = 0; one < classes.size(); one += width) {
        float sum = 0;
        for (std::size_t k = 0; k < width; ++k) sum += unit[image + k] * classes[one + k];
        result.push_back(sum);
      }
    return result;
  }

  /// One class for each image: probabilities that add up to 1, the softmax of scale * cosine.
  /// shapes: [images, embed] -> [images, classes]
  /// source: open_clip's zero-shot evaluation, whose scale is 100 for every model
  std::vector<float> probabilities(std::span<const float> images, double scale = 100) const {
    std::vector<float> scores = cosines(images);
    for (std::size_t first = 0; first < scores.size(); first += names.size()) {
      const auto row = std::span(scores).subspan(first, names.size());
      const double top = *std::ranges::max_element(row);
      double sum = 0;
      for (const float x : row) sum += std::exp(scale * (static_cast<double>(x) - top));
      for (float& x : row) x = static_cast<float>(std::exp(scale * (static_cast<double>(x) - top)) / sum);
    }
    return scores;
  }

  /// Any number of classes for each image: each by itself, the sigmoid of scale * cosine + bias, as SigLIP is trained.
  /// shapes: [images, embed] -> [images, classes]
  std::vector<float> independent_probabilities(std::span<const float> images, double scale, double bias) const {
    std::vector<float> scores = cosines(images);
    for (float& x : scores) x = static_cast<float>(1 / (1 + std::exp(-(scale * static_cast<double>(x) + bias))));
    return scores;
  }
};

/// The classes whose score reaches the threshold, best first, equals by number: several labels for one image, or none. Scores are
/// probabilities, or cosines: a CLIP's lie between 0.2 and 0.35 for what fits, so that a threshold there has to be tried.
/// shapes: [classes] -> at most [classes]
inline std::vector<std::size_t> classes_above(std::span<const float> scores, float threshold) {
  std::vector<std::size_t> found;
  for (std::size_t one = 0; one < scores.size(); ++one)
    if (scores[one] >= threshold) found.push_back(one);
  std::ranges::stable_sort(found, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  return found;
}

/// A classifier for classes of any number of names each, the first of which it is called by. `encode` turns prompts into features
/// [prompts, embed] of any length: each is scaled to unit length, a class is the mean over its names and the templates, scaled to
/// unit length again.
/// errors:  run time, where there are no classes or templates, a class has no name, a template has no {} or several, features do not fit or
///          are not finite, or a class has mean zero
/// source:  Radford et al. 2021, section 3.1.4; open_clip's build_zero_shot_classifier
template <class Encode>
zero_shot_classifier make_classifier(std::span<const std::vector<std::string>> classes, std::span<const std::string> templates,
                                     std::string model, Encode encode) {
  if (classes.empty() || templates.empty())
    fail("zero-shot: got ", classes.size(), " classes and ", templates.size(), " templates, expected at least one of each");
  zero_shot_classifier result{{}, {}, 0, std::move(model)};
  for (const std::vector<std::string>& names : classes) {
    if (names.empty()) fail("zero-shot: class ", result.names.size(), " has no name");
    std::vector<std::string> prompts;
    for (const std::string& name : names)
      for (std::string& prompt : prompts_for(name, templates)) prompts.push_back(std::move(prompt));
    std::vector<float> features = encode(std::span<const std::string>(prompts));
    const std::size_t width = features.size() / prompts.size();
    if (result.embed == 0) result.embed = static_cast<std::int64_t>(width);
    if (width == 0 || features.size() % prompts.size() != 0 || std::cmp_not_equal(width, result.embed))
      fail("zero-shot: class '", names.front(), "' has ", features.size(), " numbers for its ", prompts.size(),
           " prompts, expected rows of ", result.embed);
    normalize_rows(features, result.embed);
    std::vector<float> mean(width);
    for (std::size_t k = 0; k < features.size(); ++k) mean[k % width] += features[k] / static_cast<float>(prompts.size());
    normalize_rows(mean, result.embed);
    if (std::ranges::all_of(mean, [](float x) { return x == 0; }))
      fail("zero-shot: the features of class '", names.front(), "' have no mean to scale");
    result.classes.insert(result.classes.end(), mean.begin(), mean.end());
    result.names.push_back(names.front());
  }
  return result;
}

/// The same for classes of one name each.
/// example: make_classifier(names, templates, "ViT-B-32", [&](std::span<const std::string> prompts) { return model.texts(prompts); })
template <class Encode>
zero_shot_classifier make_classifier(std::span<const std::string> names, std::span<const std::string> templates,
                                     std::string model, Encode encode) {
  std::vector<std::vector<std::string>> classes;
  for (const std::string& name : names) classes.push_back({name});
  return make_classifier(std::span<const std::vector<std::string>>(classes), templates, std::move(model), encode);
}

/// Writes a classifier as safetensors: the tensor "classes" [classes, embed], and as metadata the model and the names as a JSON
/// list.
/// errors: as write_safetensors
inline void save_classifier(const std::string& path, const zero_shot_classifier& classifier) {
  std::string names;
  for (const std::string& name : classifier.names) names += (names.empty() ? "[" : ", ") + json_quoted(name);
  const std::vector<std::int64_t> shape{std::ssize(classifier.names), classifier.embed};
  const tensor_to_write classes = make_entry("classes", shape, std::span<const float>(classifier.classes));
  write_safetensors(path, {&classes, 1},
                    {{"format", "akin zero-shot classifier"}, {"model", classifier.model}, {"names", names + "]"}});
}

/// Reads what save_classifier wrote. `model` names what texts are encoded with; an empty name agrees with any.
/// errors: one sentence with the path: no classifier; made with another model; names that do not fit the classes; numbers that are not
///         finite; as safetensors_file
inline zero_shot_classifier load_classifier(const std::string& path, const std::string& model = {}) {
  const safetensors_file file{path};
  const auto entry = [&](const char* key) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end()) fail("classifier '", path, "' says no ", key, ": it is another kind of file");
    return found->second;
  };
  zero_shot_classifier result{{}, file.read<float>("classes"), 0, entry("model")};
  if (!model.empty() && model != result.model)
    fail("classifier '", path, "' was made with '", detail::printable(result.model), "', but the model is '",
         detail::printable(model), "'");
  const std::string names = entry("names");
  json_cursor json(names, "classifier '" + path + "', its names", 0);
  json.array([&] { result.names.push_back(json.string()); });
  json.end();
  const auto& shape = file.find("classes")->shape;
  if (shape.size() != 2 || shape[0] != std::ssize(result.names) || shape[0] == 0 || shape[1] == 0)
    fail("classifier '", path, "' has ", result.names.size(), " names, and classes of another shape");
  result.embed = shape[1];
  if (!std::ranges::all_of(result.classes, [](float x) { return std::isfinite(x); })) fail("classifier '", path, "' has numbers that are not finite");
  return result;
}

}  // namespace akin::inline v0
