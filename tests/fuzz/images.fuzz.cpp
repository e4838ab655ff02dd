// SPDX-License-Identifier: Apache-2.0
// Any bytes as an image file, to the pixels that a model sees or to one sentence.
#include <akin/data/preprocess.hpp>
#include <akin/data/read_image.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const akin::preprocessing policies[] = {akin::clip_preprocessing(1 + static_cast<std::int64_t>(size % 67)),
                                          akin::siglip_preprocessing(40), akin::transformers_preprocessing(33)};
  try {
    akin::preprocess(akin::decode_stored_image(std::as_bytes(std::span(data, size)), "input"), policies[size % 3]);
  } catch (const akin::error&) {
  }
  return 0;
}
