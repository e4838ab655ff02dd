// SPDX-License-Identifier: Apache-2.0
// Learned positions for images and texts of other sizes than those of training.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace akin::inline v0 {
namespace detail {

/// What each new place takes from the old ones: `weights[k]` of the old place first + k.
struct resampling_window {
  std::int64_t first = 0;
  std::vector<double> weights;
};

/// Windows of a filter of this half width, which widens where places become fewer, as PyTorch's `antialias=True`.
template <class Filter>
std::vector<resampling_window> resampling_windows(std::int64_t in, std::int64_t out, double half_width, Filter filter) {
  const double scale = static_cast<double>(in) / static_cast<double>(out), widening = std::max(scale, 1.0);
  std::vector<resampling_window> windows(static_cast<std::size_t>(out));
  for (std::int64_t o = 0; o < out; ++o) {
    const double center = (static_cast<double>(o) + 0.5) * scale, support = half_width * widening;
    const std::int64_t low = std::max<std::int64_t>(0, static_cast<std::int64_t>(center - support + 0.5));
    const std::int64_t high = std::min(in, static_cast<std::int64_t>(center + support + 0.5));
    auto& window = windows[static_cast<std::size_t>(o)];
    window.first = low;
    double sum = 0;
    for (std::int64_t k = low; k < high; ++k)
      sum += window.weights.emplace_back(filter((static_cast<double>(k) - center + 0.5) / widening));
    for (double& weight : window.weights) weight /= sum;
  }
  return windows;
}

/// Keys' cubic with a = -0.5, which PyTorch uses where it antialiases (and -0.75 where it does not).
inline double keys_cubic(double x) {
  x = std::abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/// Rows of numbers, [before, in, inner] -> [before, out, inner], each new one a sum over its window.
inline std::vector<double> resample(std::span<const double> from, std::int64_t in, std::int64_t inner,
                                    std::span<const resampling_window> windows) {
  const auto old_block = static_cast<std::size_t>(in * inner), width = static_cast<std::size_t>(inner);
  std::vector<double> to(from.size() / old_block * windows.size() * width);
  for (std::size_t block = 0; block * old_block < from.size(); ++block)
    for (std::size_t o = 0; o < windows.size(); ++o)
      for (std::size_t k = 0; k < windows[o].weights.size(); ++k) {
        const double* const row = from.data() + block * old_block + (static_cast<std::size_t>(windows[o].first) + k) * width;
        double* const out = to.data() + (block * windows.size() + o) * width;
        for (std::size_t c = 0; c < width; ++c) out[c] += windows[o].weights[k] * row[c];
      }
  return to;
}

}  // namespace detail

/// A grid of patches, rows by columns.
struct patch_grid {
  std::int64_t rows = 0, columns = 0;
};

/// Positions of a grid of patches for another grid: bicubic, antialiased. `kept` rows before the grid (a class token's) stay as
/// they are. shapes:   from [kept + |old grid|, width] -> to [kept + |grid|, width] values:   computed in double; within a
/// rounding of fp32 of torch.nn.functional.interpolate(mode="bicubic", antialias=True) source:   open_clip, resize_pos_embed;
/// Keys 1981
inline void resize_image_positions(std::span<const float> from, patch_grid old_grid, std::span<float> to, patch_grid grid,
                                   std::int64_t width, std::int64_t kept) {
  const auto head = static_cast<std::ptrdiff_t>(kept * width);
  std::copy(from.begin(), from.begin() + head, to.begin());
  const std::vector<double> patches(from.begin() + head, from.end());
  const auto across = detail::resampling_windows(old_grid.columns, grid.columns, 2, detail::keys_cubic);
  const auto down = detail::resampling_windows(old_grid.rows, grid.rows, 2, detail::keys_cubic);
  const auto wide = detail::resample(patches, old_grid.columns, width, across);
  const auto resized = detail::resample(wide, old_grid.rows, grid.columns * width, down);
  std::ranges::transform(resized, to.begin() + head, [](double x) { return static_cast<float>(x); });
}

/// Positions of a text for another context length: linear between neighbours, the ends held.
/// shapes:   from [old context, width] -> to [context, width]
/// values:   as torch.nn.functional.interpolate(mode="linear", align_corners=False), which does not antialias
/// source:   open_clip, resize_text_pos_embed
inline void resize_text_positions(std::span<const float> from, std::span<float> to, std::int64_t width) {
  const auto columns = static_cast<std::size_t>(width), old_context = from.size() / columns, context = to.size() / columns;
  const double scale = static_cast<double>(old_context) / static_cast<double>(context);
  for (std::size_t o = 0; o < context; ++o) {
    const double place = std::max(0.0, (static_cast<double>(o) + 0.5) * scale - 0.5);
    const auto low = std::min(static_cast<std::size_t>(place), old_context - 1), high = std::min(low + 1, old_context - 1);
    const double share = place - static_cast<double>(low);
    for (std::size_t c = 0; c < columns; ++c)
      to[o * columns + c] = static_cast<float>((1 - share) * static_cast<double>(from[low * columns + c]) +
                                               share * static_cast<double>(from[high * columns + c]));
  }
}

}  // namespace akin::inline v0
