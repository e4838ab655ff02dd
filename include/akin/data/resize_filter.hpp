// SPDX-License-Identifier: Apache-2.0
// Which pixels a resized pixel is made of, and their weights: Pillow's BICUBIC, to the last bit.
#pragma once

#include <akin/support/compiler.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace akin::inline v0 {
namespace detail {

/// Which input pixels each of some neighbouring output pixels reads along one side, and their weights.
struct resize_filter {
  struct window {
    std::size_t first, count;
  };
  std::size_t longest = 0;
  std::vector<window> windows;
  std::vector<double> weights;  // `longest` for each output pixel; zeros where a window is shorter

  std::size_t begin() const { return windows.front().first; }
  std::size_t end() const { return windows.back().first + windows.back().count; }
};

/// Keys' cubic with a = -0.5, which PyTorch has too where it antialiases; a = -0.75, OpenCV's and PyTorch's otherwise, gives other pixels.
inline double cubic_weight(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

/// For the output pixels from `first` on, `wanted` of them, of `out` that `in` pixels become.
inline resize_filter make_resize_filter(std::int64_t in, std::int64_t out, std::int64_t first, std::int64_t wanted) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double widening = (std::max)(scale, 1.0), support = 2.0 * widening;
  resize_filter filter;
  filter.longest = static_cast<std::size_t>(std::ceil(support)) * 2 + 1;
  filter.weights.resize(filter.longest * static_cast<std::size_t>(wanted));
  filter.windows.reserve(static_cast<std::size_t>(wanted));
  double* weights = filter.weights.data();
  for (std::int64_t o = first; o < first + wanted; ++o, weights += filter.longest) {
    const double center = (static_cast<double>(o) + 0.5) * scale;
    const std::int64_t low = std::max<std::int64_t>(0, static_cast<std::int64_t>(center - support + 0.5));
    const std::int64_t high = (std::min)(in, static_cast<std::int64_t>(center + support + 0.5));
    const auto count = static_cast<std::size_t>(high - low);
    double sum = 0;
    for (std::size_t k = 0; k < count; ++k)
      sum += weights[k] = cubic_weight((static_cast<double>(k) + static_cast<double>(low) - center + 0.5) * (1.0 / widening));
    for (std::size_t k = 0; k < count; ++k) weights[k] /= sum;
    filter.windows.push_back({static_cast<std::size_t>(low), count});
  }
  return filter;
}

inline constexpr int resize_bits = 32 - 8 - 2;  // fraction bits that leave room for the sum of 8-bit pixels and two of overshoot

/// The weights as Pillow's integers. Divided first and rounded away from zero afterwards: any other order differs in the last
/// bit.
inline std::vector<std::int32_t> integer_weights(const resize_filter& filter) {
  std::vector<std::int32_t> result(filter.weights.size());
  std::ranges::transform(filter.weights, result.begin(), [](double weight) {
    return static_cast<std::int32_t>(weight * (1 << resize_bits) + (weight < 0 ? -0.5 : 0.5));
  });
  return result;
}

}  // namespace detail
}  // namespace akin::inline v0
