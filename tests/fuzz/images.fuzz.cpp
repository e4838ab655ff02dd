// SPDX-License-Identifier: Apache-2.0
// Any bytes as an image file, to the pixels that a model sees, in use and in training, or to one sentence.
#include <akin/data/preprocess.hpp>
#include <akin/data/random_crop.hpp>
#include <akin/data/read_image.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const akin::preprocessing policies[] = {akin::clip_preprocessing(1 + static_cast<std::int64_t>(size % 67)),
                                          akin::siglip_preprocessing(40), akin::transformers_preprocessing(33)};
  try {
    const akin::stored_image image = akin::decode_stored_image(std::as_bytes(std::span(data, size)), "input");
    akin::preprocess(image, policies[size % 3]);
    akin::random_stream random{size, 0};
    akin::preprocess_for_training(image, policies[size % 3], random, {.least_area = 0.1});
  } catch (const akin::error&) {
  }
  return 0;
}
