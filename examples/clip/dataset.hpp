// SPDX-License-Identifier: Apache-2.0
// Images with class numbers, from idx files, and batches of them.
#pragma once

#include <akin/data/idx.hpp>
#include <akin/support/random.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace clip_program {

struct labelled_images {
  std::int64_t count = 0, height = 0, width = 0;
  std::vector<std::uint8_t> pixels, labels;
  std::span<const std::uint8_t> image(std::int64_t k) const { return std::span{pixels}.subspan(static_cast<std::size_t>(k * height * width), static_cast<std::size_t>(height * width)); }
};

/// Reads FOLDER/PREFIX-images-idx3-ubyte[.gz] and FOLDER/PREFIX-labels-idx1-ubyte[.gz].
/// errors: run time: a file that is missing or broken; labels that do not match the images in number or name no class
inline labelled_images read_labelled(const std::string& folder, const std::string& prefix, std::size_t classes) {
  const auto path = [&](const std::string& name) {
    const std::string plain = folder + "/" + prefix + "-" + name, packed = plain + ".gz";
    if (std::filesystem::exists(plain)) return plain;
    if (!std::filesystem::exists(packed)) akin::fail("'", folder, "' has neither ", prefix, "-", name, " nor ", prefix, "-", name, ".gz");
    return packed;
  };
  const std::string image_path = path("images-idx3-ubyte"), label_path = path("labels-idx1-ubyte");
  auto images = akin::read_idx(image_path);
  auto labels = akin::read_idx(label_path);
  if (images.shape.size() != 3) akin::fail("'", image_path, "' has ", images.shape.size(), " dimensions, expected 3: images, rows, columns");
  if (labels.shape.size() != 1) akin::fail("'", label_path, "' has ", labels.shape.size(), " dimensions, expected 1");
  if (labels.shape[0] != images.shape[0]) akin::fail("'", label_path, "' has ", labels.shape[0], " labels, but '", image_path, "' has ", images.shape[0], " images");
  for (std::size_t k = 0; k < labels.bytes.size(); ++k)
    if (labels.bytes[k] >= classes) akin::fail("'", label_path, "': label ", k, " is ", static_cast<int>(labels.bytes[k]), ", but there are ", classes, " classes");
  return {images.shape[0], images.shape[1], images.shape[2], std::move(images.bytes), std::move(labels.bytes)};
}

/// How a byte becomes a real: (byte / 255 - mean) / deviation.
struct pixel_scale {
  float mean = 0, deviation = 1;

  static pixel_scale of(std::span<const std::uint8_t> pixels) {
    double sum = 0, squares = 0;
    for (const auto p : pixels) sum += p, squares += static_cast<double>(p) * p;
    const double n = std::max<double>(1, static_cast<double>(pixels.size())), mean = sum / n;
    return {static_cast<float>(mean / 255), static_cast<float>(std::max(std::sqrt(squares / n - mean * mean), 1.0) / 255)};
  }
  void apply(std::span<const std::uint8_t> bytes, float* out) const {
    for (const auto b : bytes) *out++ = (static_cast<float>(b) / 255.f - mean) / deviation;
  }
};

/// The order in which an epoch visits the images: a permutation from (seed, epoch).
inline std::vector<std::int32_t> epoch_order(std::int64_t count, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  akin::random_stream random{seed, 1'000'000 + static_cast<std::uint64_t>(epoch)};
  for (auto k = count - 1; k > 0; --k) std::swap(order[static_cast<std::size_t>(k)], order[static_cast<std::size_t>(random.below(k + 1))]);
  return order;
}

/// One image, mirrored or not and moved by up to `shift` pixels, as reals; what comes in from outside is black.
inline void augment(const labelled_images& data, std::int64_t k, std::int64_t shift, const pixel_scale& scale, akin::random_stream& random, float* out) {
  const auto image = data.image(k);
  const bool mirrored = random.uniform() < 0.5;
  const auto right = random.below(2 * shift + 1) - shift, down = random.below(2 * shift + 1) - shift;
  for (std::int64_t y = 0; y < data.height; ++y)
    for (std::int64_t x = 0; x < data.width; ++x) {
      const auto from_y = y - down, from_x = mirrored ? data.width - 1 - (x - right) : x - right;
      const bool inside = from_y >= 0 && from_y < data.height && from_x >= 0 && from_x < data.width;
      const std::uint8_t byte = inside ? image[static_cast<std::size_t>(from_y * data.width + from_x)] : 0;
      *out++ = (static_cast<float>(byte) / 255.f - scale.mean) / scale.deviation;
    }
}

}  // namespace clip_program
