// SPDX-License-Identifier: Apache-2.0
// The checkpoint of akin-clip: weights and all that is needed to use them or to train on.
#pragma once

#include "classifier.hpp"

#include <akin/train/checkpoint.hpp>

#include <cstdio>
#include <filesystem>
#include <map>
#include <string>

namespace clip_program {

inline std::string checkpoint_path(const std::string& folder) { return folder + "/checkpoint.safetensors"; }

/// What stands beside the weights.
struct model_description {
  model_sizes sizes;
  pixel_scale scale;
  akin::word_vocabulary words;
  std::vector<class_names> classes;
  std::vector<std::string> templates, test_templates;
};

inline std::string exact(double x) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", x);
  return text;
}

inline void describe(const model_description& d, std::map<std::string, std::string>& metadata) {
  const auto& s = d.sizes;
  for (const auto& [name, value] : {std::pair{"height", s.height}, {"width", s.width}, {"narrow", s.narrow}, {"wide", s.wide}, {"embed", s.embed}, {"text_width", s.text_width}, {"tokens", s.tokens}, {"vocabulary", s.vocabulary}})
    metadata[std::string{"sizes."} + name] = std::to_string(value);
  metadata["pixels.mean"] = exact(static_cast<double>(d.scale.mean));
  metadata["pixels.deviation"] = exact(static_cast<double>(d.scale.deviation));
  metadata["words"] = join({d.words.words().begin(), d.words.words().end()}, "\n");
  metadata["classes"] = class_lines(d.classes);
  metadata["templates"] = join(d.templates, "\n");
  metadata["test_templates"] = join(d.test_templates, "\n");
}

/// errors: run time, naming the file and what it lacks
inline model_description read_description(const akin::safetensors_file& file) {
  const auto number = [&](const std::string& name) { return akin::metadata_number(file, name); };
  const auto size = [&](const std::string& name) {
    const double n = number("sizes." + name);
    if (n < 1 || n > 1e6) akin::fail("checkpoint: '", file.path(), "': size '", name, "' is ", n);
    return static_cast<std::int64_t>(n);
  };
  model_description d;
  d.sizes = {size("height"), size("width"), size("narrow"), size("wide"), size("embed"), size("text_width"), size("tokens"), size("vocabulary")};
  d.scale = {static_cast<float>(number("pixels.mean")), static_cast<float>(number("pixels.deviation"))};
  for (const auto& word : split_lines(akin::metadata_of(file, "words"))) d.words.add(word);
  d.classes = parse_classes(split_lines(akin::metadata_of(file, "classes")));
  d.templates = split_lines(akin::metadata_of(file, "templates"));
  d.test_templates = split_lines(akin::metadata_of(file, "test_templates"));
  if (d.words.rows() != d.sizes.vocabulary) akin::fail("checkpoint: '", file.path(), "' lists ", d.words.rows() - 1, " words, but its table has ", d.sizes.vocabulary, " rows");
  return d;
}

}  // namespace clip_program
