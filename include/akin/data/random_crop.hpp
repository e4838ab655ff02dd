// SPDX-License-Identifier: Apache-2.0
// The random crops that open_clip trains on, from a generator that replays.
#pragma once

#include <akin/data/crop.hpp>
#include <akin/data/preprocess.hpp>
#include <akin/data/resize.hpp>
#include <akin/data/stored_image.hpp>
#include <akin/support/error.hpp>
#include <akin/support/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace akin::inline v0 {

/// The share of an image's area that a crop keeps, and its width over its height. open_clip's defaults.
struct random_crop_ranges {
  double least_area = 0.9, most_area = 1.0;
  double narrowest = 3.0 / 4.0, widest = 4.0 / 3.0;
};

/// A part of random area, shape and place: area uniform, ratio uniform in its logarithm, whatever fits equally likely. After ten
/// parts that do not fit, the largest one in the middle whose ratio is in the range.
/// values:   the distribution of torchvision's RandomResizedCrop; the numbers are random's own
/// errors:   an image without pixels, ranges that are empty
inline image_part random_crop(std::int64_t width, std::int64_t height, random_stream& random,
                              const random_crop_ranges& ranges = {}) {
  if (width < 1 || height < 1) fail("random_crop: got ", width, " x ", height, " pixels, expected at least one");
  if (!(ranges.least_area > 0 && ranges.least_area <= ranges.most_area && ranges.narrowest > 0 &&
        ranges.narrowest <= ranges.widest))
    fail("random_crop: got areas from ", ranges.least_area, " to ", ranges.most_area, " and ratios from ", ranges.narrowest,
         " to ", ranges.widest, ", expected ranges above 0");
  const auto between = [&](double least, double most) { return least + random.uniform() * (most - least); };
  const auto rounded = [](double x) { return static_cast<std::int64_t>(std::nearbyint(x)); };
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = static_cast<double>(width * height) * between(ranges.least_area, ranges.most_area);
    const double ratio = std::exp(between(std::log(ranges.narrowest), std::log(ranges.widest)));
    const std::int64_t w = rounded(std::sqrt(area * ratio)), h = rounded(std::sqrt(area / ratio));
    if (w < 1 || w > width || h < 1 || h > height) continue;
    const std::int64_t y = random.below(height - h + 1);
    return {random.below(width - w + 1), y, w, h};
  }
  const double ratio = static_cast<double>(width) / static_cast<double>(height);
  const std::int64_t w =
      ratio > ranges.widest ? std::max<std::int64_t>(1, rounded(static_cast<double>(height) * ranges.widest)) : width;
  const std::int64_t h =
      ratio < ranges.narrowest ? std::max<std::int64_t>(1, rounded(static_cast<double>(width) / ranges.narrowest)) : height;
  return {(width - w) / 2, (height - h) / 2, w, h};
}

/// What a model sees in training: a random crop, resized to the square, as RGB bytes.
/// values:   open_clip's transform for training: the crop is resized in the stored form and then turned to RGB; equal streams
///           give equal pixels
/// errors:   as random_crop and resize
inline image preprocess_for_training(stored_image source, const preprocessing& how, random_stream& random,
                                     const random_crop_ranges& ranges = {}, thread_pool* pool = nullptr) {
  if (how.order == preprocess_order::transformers) source = {pixel_kind::rgb, to_rgb(std::move(source)), {}, {}};
  const image_part part = random_crop(source.samples.width, source.samples.height, random, ranges);
  return to_rgb(
      resize(crop(std::move(source), part), how.size, how.size, whole(how.size, how.size), resize_order::width_first, pool));
}

}  // namespace akin::inline v0
