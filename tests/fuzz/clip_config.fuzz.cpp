// SPDX-License-Identifier: Apache-2.0
// Any bytes as a configuration: refused with akin::error, or an architecture and preprocessing that come back from what is written
// for them.
#include "memory_file.hpp"

#include <akin/clip/config.hpp>
#include <akin/clip/read_preprocessing.hpp>
#include <akin/clip/tensors.hpp>
#include <akin/clip/write_config.hpp>

#include <cstdlib>
#include <string>

namespace {

void check_round_trip(const akin::clip_architecture& a, akin::weight_names names, const memory_file& file) {
  std::string text;
  try {
    text = akin::clip_config_text(a, names);
  } catch (const akin::error&) {
    return;  // the other program has no words for it
  }
  file.assign(text.data(), text.size());
  akin::check_same(a, "this", akin::read_clip_config(file.path()), "what came back");
}

/// What the file says of images is refused with akin::error, or comes back from what is written for it.
void check_preprocessing(akin::weight_names names, const memory_file& file) {
  const akin::clip_architecture a;
  akin::preprocessing how;
  try {
    how = akin::read_preprocessing_file(file.path(), a, names);
  } catch (const akin::error&) {
    return;
  }
  const bool theirs = names == akin::weight_names::transformers;
  const std::string text = theirs ? akin::preprocessor_config_text(how) : akin::clip_config_text(a, names, how);
  const memory_file written{"written"};
  written.assign(text.data(), text.size());
  const auto again = akin::read_preprocessing_file(written.path(), a, names);
  if (again.fit != how.fit || again.mean != how.mean || again.deviation != how.deviation) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const memory_file input{"config"};
  input.assign(bytes, size);
  check_preprocessing(akin::weight_names::open_clip, input);
  check_preprocessing(akin::weight_names::transformers, input);
  akin::clip_architecture a;
  try {
    a = akin::read_clip_config(input.path());
  } catch (const akin::error&) {
    return 0;
  }
  // From here on an error is a mistake of akin's.
  if (akin::parameter_count(a) <= 0) std::abort();
  check_round_trip(a, akin::weight_names::open_clip, input);
  check_round_trip(a, akin::weight_names::transformers, input);
  return 0;
}
