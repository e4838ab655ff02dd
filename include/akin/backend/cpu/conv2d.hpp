// SPDX-License-Identifier: Apache-2.0
// Convolution of images with small kernels, and its two gradients.
//
// No im2col: a block of images is copied once with its padding (a panel), and a window is then a row of the matrix product
// whose elements lie in kernel_height contiguous pieces. The register tile reads them where they are.
#pragma once

#include "akin/backend/cpu/image_panel.hpp"
#include "akin/backend/cpu/isa/gemm.hpp"
#include "akin/backend/cpu/workspace.hpp"
#include "akin/support/threads.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace akin::inline v0 {
namespace cpu {

/// out[i, y, x, f] = sum over kernel and channels of x[i, y stride + ky - padding, ..., c] weights[f, c, ky, kx].
/// shapes: x [images, height, width, channels] in any strides, weights [filters, channels, kernel_height, kernel_width] dense,
///         out [images, out_height, out_width, filters] dense
/// values: fp32; bits depend on the extents and the instruction set, never on the number of threads
/// cost:   2 images out_height out_width filters channels kernel_height kernel_width operations; no allocation
/// errors: run time "conv2d: ..." where one line of windows or one column of weights exceeds the workspace
inline void conv2d_forward(thread_pool& pool, isa level, workspace& scratch, const conv2d_shape& s, const float* x,
                           image_strides strides, const float* weights, float* out) {
  const std::int64_t depth = s.kernel_height * s.kernel_width * s.channels, out_h = s.out_height(), out_w = s.out_width();
  if (s.images * out_h * out_w * s.filters == 0) return;
  detail::image_source source{x, strides, s.height, s.width, s.channels};
  const detail::panel_plan plan = detail::plan_panels(source, s.images, out_h, s.stride, s.kernel_height, -s.padding, -s.padding,
                                                      (out_w - 1) * s.stride + s.kernel_width);
  const std::int64_t chunk = detail::column_chunk(level, depth, s.filters);
  for (std::int64_t f0 = 0; f0 < s.filters; f0 += chunk) {
    const std::int64_t filters = std::min(chunk, s.filters - f0);
    detail::pack_weights(pool, level, filters, depth, scratch.shared(), [&](std::int64_t f, std::int64_t row) {
      const std::int64_t c = row % s.channels, tap = row / s.channels;
      return weights[((f0 + f) * s.channels + c) * s.kernel_height * s.kernel_width + tap];
    });
    pool.run(plan.blocks(), [&](std::int64_t block, int worker) {
      const detail::panel_block b = plan.at(block);
      const detail::panel p = plan.fill(source, b, scratch.worker(worker));
      sweep_work w;
      w.a = p.data;
      w.c = out + ((b.image * out_h + b.line) * out_w) * s.filters + f0;
      w.rows.append(b.images, p.image_step, out_h * out_w * s.filters);
      w.rows.append(b.lines, p.line_step * s.stride, out_w * s.filters);
      w.rows.append(out_w, s.channels * s.stride, s.filters);
      w.end = b.images * b.lines * out_w;
      w.segments = s.kernel_height;
      w.segment_step = p.line_step;
      w.depth = s.kernel_width * s.channels;
      w.b = scratch.shared();
      w.columns = filters;
      sweep(level, w);
    });
  }
}

namespace detail {

/// Along one direction, pixels whose index plus the padding has one remainder by the stride see the same taps of the kernel.
struct phase {
  std::int64_t first = 0;   // the first such pixel
  std::int64_t pixels = 0;  // how many there are
  std::int64_t taps = 0;    // remainder, remainder + stride, ...
  std::int64_t base = 0;    // the output position that the first pixel reaches through the first tap

  phase(std::int64_t remainder, std::int64_t extent, std::int64_t kernel, std::int64_t stride, std::int64_t padding)
      : first(((remainder - padding) % stride + stride) % stride),
        pixels(first < extent ? (extent - first + stride - 1) / stride : 0),
        taps(remainder < kernel ? (kernel - remainder + stride - 1) / stride : 0),
        base((first + padding - remainder) / stride) {}
};

}  // namespace detail

/// The gradient of conv2d_forward to x, from that to out; x_gradient is overwritten.
/// values: a pixel's gradient is a convolution of out_gradient with the reversed kernel; with a stride, pixels fall into
///         stride x stride phases, each a convolution with every stride-th tap
inline void conv2d_gradient_x(thread_pool& pool, isa level, workspace& scratch, const conv2d_shape& s, const float* weights,
                              const float* out_gradient, float* x_gradient, image_strides strides) {
  const std::int64_t taps = s.kernel_height * s.kernel_width, depth = taps * s.filters, out_h = s.out_height(),
                     out_w = s.out_width();
  if (s.images * s.height * s.width * s.channels == 0) return;
  const auto down = [&](std::int64_t r) { return detail::phase(r, s.height, s.kernel_height, s.stride, s.padding); };
  const auto across = [&](std::int64_t r) { return detail::phase(r, s.width, s.kernel_width, s.stride, s.padding); };
  // The panel holds every output position that some pixel of the block reaches: per phase from base - (taps - 1) to base.
  std::int64_t top = down(0).base, bottom = top, left = across(0).base, right = left, lines = 0, columns = 0;
  for (std::int64_t r = 0; r < s.stride; ++r) {
    const detail::phase v = down(r), h = across(r);
    top = std::min(top, v.base - std::max<std::int64_t>(v.taps - 1, 0));
    bottom = std::max(bottom, v.base);
    left = std::min(left, h.base - std::max<std::int64_t>(h.taps - 1, 0));
    right = std::max(right, h.base);
    lines = std::max(lines, v.pixels);
    columns = std::max(columns, h.pixels);
  }
  const conv2d_shape dense{s.images, out_h, out_w, s.filters};
  const detail::image_source source{out_gradient, image_strides::nhwc(dense), out_h, out_w, s.filters};
  const detail::panel_plan plan =
      detail::plan_panels(source, s.images, lines, 1, bottom - top + 1, top, left, columns + right - left);
  const std::int64_t chunk = detail::column_chunk(level, depth, s.channels);
  for (std::int64_t c0 = 0; c0 < s.channels; c0 += chunk) {
    const std::int64_t channels = std::min(chunk, s.channels - c0), packed = packed_columns(level, channels);
    std::int64_t offset = 0;
    for (std::int64_t ry = 0; ry < s.stride; ++ry)
      for (std::int64_t rx = 0; rx < s.stride; ++rx) {
        const detail::phase v = down(ry), h = across(rx);
        const std::int64_t rows = v.taps * h.taps * s.filters;
        detail::pack_weights(pool, level, channels, rows, scratch.shared() + offset, [&](std::int64_t c, std::int64_t row) {
          const std::int64_t f = row % s.filters, tap = row / s.filters;
          const std::int64_t ky = ry + (v.taps - 1 - tap / h.taps) * s.stride, kx = rx + (h.taps - 1 - tap % h.taps) * s.stride;
          return weights[((f * s.channels + c0 + c) * s.kernel_height + ky) * s.kernel_width + kx];
        });
        offset += rows * packed;
      }
    pool.run(plan.blocks(), [&](std::int64_t block, int worker) {
      const detail::panel_block b = plan.at(block);
      const detail::panel p = plan.fill(source, b, scratch.worker(worker));
      const float* packed_weights = scratch.shared();
      for (std::int64_t ry = 0; ry < s.stride; ++ry)
        for (std::int64_t rx = 0; rx < s.stride; ++rx) {
          const detail::phase v = down(ry), h = across(rx);
          sweep_work w;
          const std::int64_t pixel_lines = std::min(b.lines, v.pixels - b.line);
          w.a = p.data + (v.base - std::max<std::int64_t>(v.taps - 1, 0) - top) * p.line_step +
                (h.base - std::max<std::int64_t>(h.taps - 1, 0) - left) * s.filters;
          w.c = x_gradient + b.image * strides.image + (v.first + b.line * s.stride) * strides.height + h.first * strides.width +
                c0 * strides.channel;
          w.rows.append(b.images, p.image_step, strides.image);
          w.rows.append(pixel_lines, p.line_step, strides.height * s.stride);
          w.rows.append(h.pixels, s.filters, strides.width * s.stride);
          w.end = pixel_lines > 0 ? b.images * pixel_lines * h.pixels : 0;
          w.segments = h.taps == 0 ? 0 : v.taps;
          w.segment_step = p.line_step;
          w.depth = h.taps * s.filters;
          w.b = packed_weights;
          w.columns = channels;
          w.column_step = strides.channel;
          sweep(level, w);
          packed_weights += v.taps * h.taps * s.filters * packed;
        }
    });
  }
}

/// The gradient of conv2d_forward to the weights, from that to out; weights_gradient is overwritten.
/// values: groups of images give partial sums, which are added in order; the groups depend on the extents only
inline void conv2d_gradient_weights(thread_pool& pool, isa level, workspace& scratch, const conv2d_shape& s, const float* x,
                                    image_strides strides, const float* out_gradient, float* weights_gradient) {
  const std::int64_t taps = s.kernel_height * s.kernel_width, depth = taps * s.channels, out_h = s.out_height(),
                     out_w = s.out_width();
  if (s.filters * depth == 0) return;
  if (s.images * out_h * out_w == 0) {
    std::fill_n(weights_gradient, s.filters * depth, 0.f);
    return;
  }
  detail::image_source source{x, strides, s.height, s.width, s.channels};
  detail::panel_plan plan = detail::plan_panels(source, s.images, out_h, s.stride, s.kernel_height, -s.padding, -s.padding,
                                                (out_w - 1) * s.stride + s.kernel_width);
  const std::int64_t vector = tile_cols_of(level) / 2;
  std::int64_t chunk = detail::column_chunk(level, depth, s.filters);
  if (s.filters % vector != 0 || s.filters > 2 * vector)
    chunk = std::min(chunk, detail::column_chunk(level, out_w, s.filters, detail::panel_floats));
  for (std::int64_t f0 = 0; f0 < s.filters; f0 += chunk) {
    const std::int64_t filters = std::min(chunk, s.filters - f0), elements = depth * filters;
    // One panel of filters is read where it lies. Part of a vector would read beyond the end, and several panels lie
    // a power of two apart, which the first-level cache does not bear (57 GFLOP/s at 64 filters): those are packed.
    const bool copied = filters % vector != 0 || filters > 2 * vector;
    const std::int64_t width = packed_columns(level, filters);
    const std::int64_t groups = std::min({std::int64_t{16}, workspace::shared_floats / elements, plan.blocks()});
    const std::int64_t row_step = groups >= 16 ? depth : 8 * tile_rows_of(level), row_blocks = (depth + row_step - 1) / row_step;
    pool.run(groups * row_blocks, [&](std::int64_t task, int worker) {
      const std::int64_t group = task / row_blocks, row = task % row_blocks * row_step;
      const std::int64_t begin = group * plan.blocks() / groups, end = (group + 1) * plan.blocks() / groups;
      bool add = false;
      for (std::int64_t block = begin; block < end; ++block) {
        const detail::panel_block b = plan.at(block);
        const detail::panel p = plan.fill(source, b, scratch.worker(worker));
        // All images of the block at once, or, where the copy of out_gradient is too large for that, some lines at a time.
        const bool at_once = !copied || b.images * b.lines * out_w * width <= detail::panel_floats;
        const std::int64_t fitting = std::max<std::int64_t>(1, detail::panel_floats / (out_w * width));
        const std::int64_t images = at_once ? b.images : 1, lines = at_once ? b.lines : std::min(b.lines, fitting);
        for (std::int64_t image = 0; image < b.images; image += images)
          for (std::int64_t line = 0; line < b.lines; line += lines) {
            sweep_work w;
            w.outer = images;
            w.outer_step = p.image_step;
            w.segments = std::min(lines, b.lines - line);
            w.segment_step = s.stride * p.line_step;
            w.depth = out_w;
            w.step = s.stride * s.channels;
            const float* gradient = out_gradient + (((b.image + image) * out_h + b.line + line) * out_w) * s.filters + f0;
            if (copied) {
              float* const to = scratch.worker(worker) + detail::panel_floats;
              detail::pack_positions(level, gradient, s.filters, w.outer * w.segments * out_w, filters, to);
              gradient = to;
            }
            w.a = p.data + image * p.image_step + line * s.stride * p.line_step;
            w.c = scratch.shared() + group * elements;
            w.rows.append(s.kernel_height, p.line_step, s.kernel_width * s.channels * filters);
            w.rows.append(s.kernel_width * s.channels, 1, filters);
            w.begin = row;
            w.end = std::min(depth, row + row_step);
            w.b = gradient;
            w.b_step = copied ? 0 : s.filters;
            w.columns = filters;
            w.add = add;
            sweep(level, w);
            add = true;
          }
      }
    });
    constexpr std::int64_t together = 1024;
    pool.run((elements + together - 1) / together, [&](std::int64_t block, int) {
      const std::int64_t begin = block * together, count = std::min(together, elements - begin);
      std::array<float, static_cast<std::size_t>(together)> sums;
      add_parts(level, scratch.shared() + begin, groups, elements, count, sums.data());
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t f = (begin + i) % filters, w = (begin + i) / filters, c = w % s.channels, tap = w / s.channels;
        weights_gradient[((f0 + f) * s.channels + c) * taps + tap] = sums[static_cast<std::size_t>(i)];
      }
    });
  }
}

}  // namespace cpu
}  // namespace akin::inline v0
