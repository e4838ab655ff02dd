// SPDX-License-Identifier: Apache-2.0
// The shapes of a convolution, and blocks of images copied so that every window lies inside.
#pragma once

#include "akin/backend/cpu/isa/gemm.hpp"
#include "akin/backend/cpu/workspace.hpp"
#include "akin/support/error.hpp"
#include "akin/support/threads.hpp"

#include <algorithm>
#include <cstdint>

namespace akin::inline v0 {
namespace cpu {

struct conv2d_shape {
  std::int64_t images = 0, height = 0, width = 0, channels = 0;
  std::int64_t filters = 0, kernel_height = 0, kernel_width = 0;
  std::int64_t stride = 1, padding = 0;

  constexpr std::int64_t out_height() const { return out(height, kernel_height); }
  constexpr std::int64_t out_width() const { return out(width, kernel_width); }

 private:
  constexpr std::int64_t out(std::int64_t extent, std::int64_t kernel) const {
    const std::int64_t room = extent + 2 * padding - kernel;
    return room < 0 ? 0 : room / stride + 1;
  }
};

/// Elements between neighbours along each dimension of the images.
struct image_strides {
  std::int64_t image = 0, height = 0, width = 0, channel = 0;

  static constexpr image_strides nhwc(const conv2d_shape& s) {
    return {s.height * s.width * s.channels, s.width * s.channels, s.channels, 1};
  }
};

namespace detail {

inline constexpr std::int64_t panel_floats = workspace::worker_floats / 2;
inline constexpr std::int64_t panel_wanted = 24 * 1024;  // 96 KiB: the panel stays in the second-level cache beside the weights

struct image_source {
  const float* data;
  image_strides strides;
  std::int64_t height, width, channels;
};

/// Whole images, or some lines of windows of one image.
struct panel_block {
  std::int64_t image, images, line, lines;
};

/// Pixels with their channels next to each other, lines of pixels, images of lines.
struct panel {
  const float* data;
  std::int64_t image_step, line_step;
};

struct panel_plan {
  std::int64_t images, lines;     // of windows
  std::int64_t stride, window;    // lines of pixels from window to window, and in a window
  std::int64_t top, left, width;  // the panel's first line and column in the image, and its columns
  std::int64_t images_a_block, lines_a_block;
  bool in_place;  // the windows stay inside an image whose pixels are contiguous: nothing to copy

  std::int64_t line_blocks() const { return (lines + lines_a_block - 1) / lines_a_block; }
  std::int64_t blocks() const { return (images + images_a_block - 1) / images_a_block * line_blocks(); }

  panel_block at(std::int64_t block) const {
    const std::int64_t image = block / line_blocks() * images_a_block, line = block % line_blocks() * lines_a_block;
    return {image, std::min(images_a_block, images - image), line, std::min(lines_a_block, lines - line)};
  }

  panel fill(const image_source& from, const panel_block& b, float* to) const {
    const std::int64_t first = top + b.line * stride, count = (b.lines - 1) * stride + window;
    const image_strides& step = from.strides;
    if (in_place) return {from.data + b.image * step.image + first * step.height + left * step.width, step.image, step.height};
    const std::int64_t line_step = width * from.channels;
    for (std::int64_t image = 0; image < b.images; ++image)
      for (std::int64_t y = first; y < first + count; ++y)
        fill_line(from, b.image + image, y, to + (image * count + y - first) * line_step);
    return {to, count * line_step, line_step};
  }

 private:
  void fill_line(const image_source& from, std::int64_t image, std::int64_t y, float* to) const {
    const std::int64_t channels = from.channels;
    const std::int64_t begin = std::clamp<std::int64_t>(-left, 0, width), end = std::clamp(from.width - left, begin, width);
    if (y < 0 || y >= from.height || begin == end || channels == 0) {
      std::fill_n(to, width * channels, 0.f);
      return;
    }
    const image_strides& step = from.strides;
    const float* const pixel = from.data + image * step.image + y * step.height + (left + begin) * step.width;
    std::fill(to, to + begin * channels, 0.f);
    if (step.channel == 1 && step.width == channels) {
      std::copy_n(pixel, (end - begin) * channels, to + begin * channels);
    } else {
      for (std::int64_t c = 0; c < channels; ++c)
        for (std::int64_t x = begin; x < end; ++x) to[x * channels + c] = pixel[(x - begin) * step.width + c * step.channel];
    }
    std::fill(to + end * channels, to + width * channels, 0.f);
  }
};

inline panel_plan plan_panels(const image_source& from, std::int64_t images, std::int64_t lines, std::int64_t stride,
                              std::int64_t window, std::int64_t top, std::int64_t left, std::int64_t width) {
  panel_plan p{images, lines, stride, window, top, left, width, 1, lines, false};
  const std::int64_t bottom = top + (lines - 1) * stride + window, line = std::max<std::int64_t>(1, width * from.channels);
  p.in_place = top >= 0 && left >= 0 && bottom <= from.height && left + width <= from.width &&
               (from.strides.channel == 1 || from.channels == 1) && (from.strides.width == from.channels || width == 1);
  const std::int64_t whole = ((lines - 1) * stride + window) * line;
  if (whole <= panel_wanted) {
    // At least 32 blocks where there are as many images: the parts that threads share.
    p.images_a_block = std::max<std::int64_t>(1, std::min(panel_wanted / whole, images / 32));
  } else {
    p.lines_a_block = std::clamp<std::int64_t>((panel_wanted / line - window) / stride + 1, 1, lines);
    const std::int64_t needed = ((p.lines_a_block - 1) * stride + window) * line;
    if (!p.in_place && needed > panel_floats)
      fail("conv2d: a line of windows needs ", needed, " floats of scratch, expected at most ", panel_floats);
  }
  return p;
}

/// How many columns of `depth` floats fit in so much of the workspace.
inline std::int64_t column_chunk(isa level, std::int64_t depth, std::int64_t columns,
                                 std::int64_t floats = workspace::shared_floats) {
  const std::int64_t unit = tile_cols_of(level);
  const std::int64_t most = floats / std::max<std::int64_t>(1, depth) / unit * unit;
  if (most == 0) fail("conv2d: a window or a line has ", depth, " elements, expected at most ", floats / unit);
  return std::min(most, columns);
}

/// Panels of columns for sweep(): value(column, row) for each row, zeros behind the last column.
template <class Value>
void pack_weights(thread_pool& pool, isa level, std::int64_t columns, std::int64_t rows, float* to, const Value& value) {
  const std::int64_t full = tile_cols_of(level);
  pool.run((columns + full - 1) / full, [&](std::int64_t q, int) {
    const std::int64_t panel = panel_width(level, columns, q), real = std::min(panel, columns - q * full);
    float* out = to + q * full * rows;
    for (std::int64_t row = 0; row < rows; ++row, out += panel) {
      for (std::int64_t j = 0; j < real; ++j) out[j] = value(q * full + j, row);
      std::fill(out + real, out + panel, 0.f);
    }
  });
}

/// Panels of columns for sweep() from dense rows that are `step` apart.
inline void pack_positions(isa level, const float* from, std::int64_t step, std::int64_t rows, std::int64_t columns, float* to) {
  const std::int64_t full = tile_cols_of(level);
  for (std::int64_t q = 0; q * full < columns; ++q) {
    const std::int64_t panel = panel_width(level, columns, q), real = std::min(panel, columns - q * full);
    for (std::int64_t row = 0; row < rows; ++row, to += panel) {
      const float* const values = from + row * step + q * full;
      for (std::int64_t j = 0; j < real; ++j) to[j] = values[j];
      for (std::int64_t j = real; j < panel; ++j) to[j] = 0.f;
    }
  }
}

}  // namespace detail
}  // namespace cpu
}  // namespace akin::inline v0
