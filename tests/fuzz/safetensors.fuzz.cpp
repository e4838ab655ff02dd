// SPDX-License-Identifier: Apache-2.0
// Any bytes as a file of weights: refused with akin::error, or read, taken for a CLIP's in either naming, and written back.
#include "memory_file.hpp"

#include <akin/clip/infer.hpp>
#include <akin/clip/weights.hpp>
#include <akin/io/safetensors.hpp>

#include <span>
#include <vector>

namespace {

void read_every_tensor(const akin::safetensors_file& file) {
  for (const auto& tensor : file.tensors()) {
    // An empty tensor's other extents may be anything, and a number of 6 bits is none that akin converts.
    std::vector<float> numbers(tensor.bytes.size() * 8 / static_cast<std::size_t>(akin::bits_of(tensor.type)));
    try {
      akin::read_entry<float>(tensor, std::span{numbers}, file.path());
    } catch (const akin::error&) {
    }
  }
}

/// A model without blocks, so that inputs are small; its projections are transposed in transformers' names.
akin::clip_architecture small_architecture() {
  akin::clip_architecture a;
  a.embed = 2;
  a.image = {4, 4, 4, 3, 0, 1, 3, {}, akin::activation::gelu_quick};
  a.text = {2, 4, 3, 0, 1, 3, akin::activation::gelu_quick};
  return a;
}

void read_as_clip(const akin::safetensors_file& file) {
  const bool theirs = akin::names_of(file) == akin::weight_names::transformers;
  const auto a = theirs ? small_architecture() : akin::infer_clip_architecture(file, akin::activation::gelu_quick);
  const auto tensors = akin::read_clip_tensors(file, a);
  akin::write_clip_weights("/dev/null", a, tensors.entries, akin::weight_names::transformers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const memory_file input{"input"};
  input.assign(bytes, size);
  try {
    const akin::safetensors_file file{input.path()};
    read_every_tensor(file);
    akin::write_safetensors("/dev/null", file.tensors(), file.metadata());
    read_as_clip(file);
  } catch (const akin::error&) {
  }
  return 0;
}
