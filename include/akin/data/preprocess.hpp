// SPDX-License-Identifier: Apache-2.0
// From a stored image to what a published model reads: resized, cropped, RGB, normalised, with the bits of the original's pixels.
#pragma once

#include <akin/data/crop.hpp>
#include <akin/data/image.hpp>
#include <akin/data/resize.hpp>
#include <akin/data/stored_image.hpp>
#include <akin/support/error.hpp>
#include <akin/support/threads.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace akin::inline v0 {

/// How an image becomes a square.
enum class image_fit {
  center_crop,  // the shorter side is resized to the size, the middle of the longer one is kept
  squash        // both sides are resized to the size
};

/// Whose order of operations.
enum class preprocess_order {
  open_clip,  // resize, crop, then RGB; the crop begins at half of what is left over, rounded to even; values are divided by 255
  transformers  // RGB, then resize and crop, which begins at that half rounded down; values are multiplied by 1 / 255
};

struct preprocessing {
  std::int64_t size = 224;
  image_fit fit = image_fit::center_crop;
  preprocess_order order = preprocess_order::open_clip;
  std::array<float, 3> mean{0.48145466f, 0.4578275f, 0.40821073f};
  std::array<float, 3> deviation{0.26862954f, 0.26130258f, 0.27577711f};
};

/// What OpenAI's, LAION's and most other models were trained with.
constexpr preprocessing clip_preprocessing(std::int64_t size = 224) { return {.size = size}; }
/// The same models as Hugging Face's CLIPImageProcessorPil feeds them.
constexpr preprocessing transformers_preprocessing(std::int64_t size = 224) {
  return {.size = size, .order = preprocess_order::transformers};
}
/// What SigLIP was trained with.
constexpr preprocessing siglip_preprocessing(std::int64_t size = 224) {
  return {.size = size, .fit = image_fit::squash, .mean = {0.5f, 0.5f, 0.5f}, .deviation = {0.5f, 0.5f, 0.5f}};
}

namespace detail {

/// Half of what is left over of the longer side.
inline std::int64_t crop_offset(std::int64_t left_over, preprocess_order order) {
  const std::int64_t half = left_over / 2;
  return order == preprocess_order::open_clip && left_over % 2 == 1 && half % 2 == 1 ? half + 1 : half;
}

}  // namespace detail

/// The square that a model sees, as RGB bytes.
/// values:   those of open_clip's and torchvision's Resize, CenterCrop and convert("RGB") with Pillow up to 12, or of
///           transformers'
/// errors:   a size below 1 or above the limits of image.hpp
inline image preprocess(stored_image source, const preprocessing& how, thread_pool* pool = nullptr) {
  if (how.size < 1) fail("preprocess: got the size ", how.size, ", expected at least one pixel");
  if (how.order == preprocess_order::transformers) source = {pixel_kind::rgb, to_rgb(std::move(source)), {}, {}};
  std::int64_t width = how.size, height = how.size;
  if (how.fit == image_fit::center_crop) {
    const std::int64_t from_width = source.samples.width, from_height = source.samples.height;
    const auto longer = [&](std::int64_t long_side, std::int64_t short_side) {  // in doubles, cut off, as Python computes it
      return static_cast<std::int64_t>(static_cast<double>(how.size * long_side) / static_cast<double>(short_side));
    };
    if (from_width <= from_height) height = longer(from_height, from_width);
    else width = longer(from_width, from_height);
  }
  const image_part middle{detail::crop_offset(width - how.size, how.order), detail::crop_offset(height - how.size, how.order),
                          how.size, how.size};
  return to_rgb(resize(std::move(source), width, height, middle, resize_order::width_first, pool));
}

/// What a tower reads: (value / 255 - mean) / deviation in fp32, planes of red, green, blue.
/// shapes:   size x size RGB bytes -> [3, size, size]
/// values:   those of open_clip's ToTensor and Normalize, or of transformers' rescale and normalize, bit for bit
/// errors:   an image that is not RGB, planes of another size
inline void normalize(const image& rgb, const preprocessing& how, std::span<float> planes) {
  if (rgb.channels != 3 || planes.size() != rgb.pixels.size())
    fail("normalize: got ", rgb.channels, " channels, ", rgb.pixels.size(), " values and room for ", planes.size(),
         ", expected RGB and room for as many");
  const std::size_t area = planes.size() / 3;
  for (std::size_t c = 0; c < 3; ++c) {
    std::array<float, 256> table;
    for (std::size_t v = 0; v < 256; ++v) {
      const float value = how.order == preprocess_order::open_clip ? static_cast<float>(v) / 255.0f
                                                                   : static_cast<float>(static_cast<double>(v) * (1.0 / 255.0));
      const float centered = value - how.mean[c];
      table[v] = centered / how.deviation[c];
    }
    for (std::size_t k = 0; k < area; ++k) planes[c * area + k] = table[rgb.pixels[3 * k + c]];
  }
}

}  // namespace akin::inline v0
