// SPDX-License-Identifier: Apache-2.0
// Any bytes as a zero-shot classifier: refused with akin::error, or a classifier that comes back from what is written for it.
#include "../support/files.hpp"
#include "memory_file.hpp"

#include <akin/text/zero_shot.hpp>

#include <cstdlib>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const memory_file input{"classifier"};
  static const temporary_folder folder;
  input.assign(bytes, size);
  akin::zero_shot_classifier classifier;
  try {
    classifier = akin::load_classifier(input.path());
  } catch (const akin::error&) {
    return 0;
  }
  // From here on an error is a mistake of akin's.
  const std::vector<float> image(static_cast<std::size_t>(classifier.embed), 1);
  if (classifier.cosines(image).size() != classifier.names.size()) std::abort();
  const std::string output = folder / "classifier";
  akin::save_classifier(output, classifier);
  const auto again = akin::load_classifier(output, classifier.model);
  if (again.names != classifier.names || again.embed != classifier.embed || again.classes.size() != classifier.classes.size()) std::abort();
  return 0;
}
