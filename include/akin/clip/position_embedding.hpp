// SPDX-License-Identifier: Apache-2.0
// Learned positions for images and texts of other sizes than those of training.
#pragma once

#include <akin/data/resize_filter.hpp>
#include <akin/support/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace akin::inline v0 {
namespace detail {

/// Rows of numbers, [before, in, inner] -> [before, out, inner], each new one a sum over its window.
inline std::vector<double> resample(std::span<const double> from, std::int64_t in, std::int64_t inner,
                                    const resize_filter& filter) {
  const auto old_block = static_cast<std::size_t>(in * inner), width = static_cast<std::size_t>(inner),
             out = filter.windows.size();
  std::vector<double> to(from.size() / old_block * out * width);
  for (std::size_t block = 0; block * old_block < from.size(); ++block)
    for (std::size_t o = 0; o < out; ++o)
      for (std::size_t k = 0; k < filter.windows[o].count; ++k) {
        const double* const row = from.data() + block * old_block + (filter.windows[o].first + k) * width;
        double* const sum = to.data() + (block * out + o) * width;
        for (std::size_t c = 0; c < width; ++c) sum[c] += filter.weights[o * filter.longest + k] * row[c];
      }
  return to;
}

}  // namespace detail

/// A grid of patches, rows by columns.
struct patch_grid {
  std::int64_t rows = 0, columns = 0;
};

/// Positions of a grid of patches for another grid: bicubic, antialiased. `kept` rows before the grid (a class token's) stay as
/// they are.
/// shapes: from [kept + |old grid|, width] -> to [kept + |grid|, width]
/// values: computed in double; within a rounding of fp32 of torch.nn.functional.interpolate(mode="bicubic", antialias=True)
/// errors: run time, where numbers are no such rows
/// source: open_clip, resize_pos_embed; Keys 1981
inline void resize_image_positions(std::span<const float> from, patch_grid old_grid, std::span<float> to, patch_grid grid,
                                   std::int64_t width, std::int64_t kept) {
  const auto fits = [&](std::span<const float> rows, const patch_grid& g) {
    return g.rows > 0 && g.columns > 0 && std::ssize(rows) == (kept + g.rows * g.columns) * width;
  };
  if (width < 1 || kept < 0 || !fits(from, old_grid) || !fits(to, grid))
    fail("resize_image_positions: ", from.size(), " and ", to.size(), " numbers are no rows of ", width, " for ", kept, " and ",
         old_grid.rows, " x ", old_grid.columns, " or ", grid.rows, " x ", grid.columns, " places");
  const auto head = static_cast<std::ptrdiff_t>(kept * width);
  std::copy(from.begin(), from.begin() + head, to.begin());
  const std::vector<double> patches(from.begin() + head, from.end());
  const auto across = detail::make_resize_filter(old_grid.columns, grid.columns, 0, grid.columns);
  const auto down = detail::make_resize_filter(old_grid.rows, grid.rows, 0, grid.rows);
  const auto wide = detail::resample(patches, old_grid.columns, width, across);
  const auto resized = detail::resample(wide, old_grid.rows, grid.columns * width, down);
  std::ranges::transform(resized, to.begin() + head, [](double x) { return static_cast<float>(x); });
}

/// Positions of a text for another context length: linear between neighbours, the ends held.
/// shapes: from [old context, width] -> to [context, width]
/// values: as torch.nn.functional.interpolate(mode="linear", align_corners=False), which does not antialias
/// errors: run time, where numbers are no whole rows, or there are none
/// source: open_clip, resize_text_pos_embed
inline void resize_text_positions(std::span<const float> from, std::span<float> to, std::int64_t width) {
  if (width < 1 || from.empty() || to.empty() || std::ssize(from) % width != 0 || std::ssize(to) % width != 0)
    fail("resize_text_positions: ", from.size(), " and ", to.size(), " numbers are no rows of ", width);
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
