// SPDX-License-Identifier: Apache-2.0
// Convolutions as products with windows of the image, which are copied for a bounded number of images at a time.
#pragma once

#include <akin/backend/thrust/queue.hpp>
#include <akin/tensor/view.hpp>

#include <algorithm>
#include <cstdint>

namespace akin::inline v0 {
namespace device {

/// Extents of a convolution, and how the image lies in memory.
struct convolution {
  std::int64_t images, height, width, channels, filters, kernel_height, kernel_width, step_down, step_along, padding;
  std::int64_t image_step, row_step, column_step, channel_step;

  AKIN_HOST_DEVICE std::int64_t down() const { return (height + 2 * padding - kernel_height) / step_down + 1; }
  AKIN_HOST_DEVICE std::int64_t along() const { return (width + 2 * padding - kernel_width) / step_along + 1; }
  AKIN_HOST_DEVICE std::int64_t windows() const { return down() * along(); }  // of one image
  AKIN_HOST_DEVICE std::int64_t taps() const { return channels * kernel_height * kernel_width; }
  /// Windows of as many images as fit into this many numbers are copied at a time, of one at least.
  static constexpr std::int64_t most_numbers = std::int64_t{1} << 24;
  std::int64_t images_at_once() const {
    return std::clamp<std::int64_t>(most_numbers / std::max<std::int64_t>(windows() * taps(), 1), 1, std::max<std::int64_t>(images, 1));
  }
  /// What their windows take, for these extents and all that are smaller.
  std::int64_t window_numbers() const { return std::min(std::max<std::int64_t>(images, 1) * windows() * taps(), std::max(most_numbers, windows() * taps())); }
};

inline convolution convolution_of(const view<const float>& x, const view<const float>& w, int stride, int padding, int height,
                                  int width) {
  const auto along = [&](int label) { return x.extent[static_cast<std::size_t>(x.find(label))]; };
  const std::int64_t kh = w.extent[2], kw = w.extent[3];  // a stride of 0 is the kernel's extent: patches
  return {x.extent[0],
          along(height),
          along(width),
          w.extent[1],
          w.extent[0],
          kh,
          kw,
          stride == 0 ? kh : stride,
          stride == 0 ? kw : stride,
          padding,
          x.stride(0),
          x.stride_of(height),
          x.stride_of(width),
          x.stride_of(w.axis[1])};
}

/// windows[window, tap] of images from `first` on; a tap outside of the image is 0.
struct copy_windows {
  convolution c;
  const float* x;
  float* windows;
  AKIN_HOST_DEVICE void operator()(std::int64_t index) const {
    const std::int64_t window = index / c.taps(), tap = index % c.taps();
    const std::int64_t image = window / c.windows(), i = window % c.windows() / c.along(), j = window % c.along();
    const std::int64_t channel = tap / (c.kernel_height * c.kernel_width), p = tap / c.kernel_width % c.kernel_height,
                       q = tap % c.kernel_width;
    const std::int64_t row = i * c.step_down + p - c.padding, column = j * c.step_along + q - c.padding;
    const bool inside = row >= 0 && column >= 0 && row < c.height && column < c.width;
    windows[index] =
        inside ? x[image * c.image_step + row * c.row_step + column * c.column_step + channel * c.channel_step] : 0.f;
  }
};

/// Each pixel takes what the windows that hold it have for it, in their order.
struct add_windows {
  convolution c;
  const float* windows;
  float* x;
  AKIN_HOST_DEVICE void operator()(std::int64_t index) const {
    const std::int64_t image = index / c.image_step, inside = index % c.image_step;
    const std::int64_t row = inside / c.row_step % c.height, column = inside / c.column_step % c.width,
                       channel = inside / c.channel_step % c.channels;
    float sum = 0;
    for (std::int64_t p = 0; p < c.kernel_height; ++p)
      for (std::int64_t q = 0; q < c.kernel_width; ++q) {
        const std::int64_t down = row + c.padding - p, along = column + c.padding - q, i = down / c.step_down,
                           j = along / c.step_along;
        if (down < 0 || along < 0 || down % c.step_down != 0 || along % c.step_along != 0 || i >= c.down() || j >= c.along())
          continue;
        sum +=
            windows[((image * c.down() + i) * c.along() + j) * c.taps() + (channel * c.kernel_height + p) * c.kernel_width + q];
      }
    x[index] = sum;
  }
};

/// Calls part(first image, images, windows) for as many images at a time as scratch holds; once where there is none, since sums
/// are then 0.
template <class Part>
void for_each_part(queue& q, const convolution& c, Part part) {
  const std::int64_t most = c.images_at_once();
  float* const windows = q.room(scratch::windows, c.window_numbers());
  std::int64_t first = 0;
  do part(first, std::min(most, c.images - first), windows);
  while ((first += most) < c.images);
}

/// out[window, filter] = sum over taps
inline void conv2d(queue& q, const convolution& c, const float* x, const float* w, float* out) {
  for_each_part(q, c, [&](std::int64_t first, std::int64_t images, float* windows) {
    const std::int64_t count = images * c.windows();
    q.each(count * c.taps(), copy_windows{c, x + first * c.image_step, windows});
    q.multiply({{windows, c.taps(), 1, 0},
                {w, 1, c.taps(), 0},
                {out + first * c.windows() * c.filters, c.filters, 1, 0},
                count,
                c.filters,
                c.taps()});
  });
}

inline void conv2d_to_x(queue& q, const convolution& c, const float* g, const float* w, float* x) {
  for_each_part(q, c, [&](std::int64_t first, std::int64_t images, float* windows) {
    const std::int64_t count = images * c.windows();
    q.multiply({{g + first * c.windows() * c.filters, c.filters, 1, 0},
                {w, c.taps(), 1, 0},
                {windows, c.taps(), 1, 0},
                count,
                c.taps(),
                c.filters});
    q.each(images * c.image_step, add_windows{c, windows, x + first * c.image_step});
  });
}

inline void conv2d_to_weight(queue& q, const convolution& c, const float* x, const float* g, float* w) {
  for_each_part(q, c, [&](std::int64_t first, std::int64_t images, float* windows) {
    const std::int64_t count = images * c.windows();
    q.each(count * c.taps(), copy_windows{c, x + first * c.image_step, windows});
    q.multiply({{g + first * c.windows() * c.filters, 1, c.filters, 0},
                {windows, c.taps(), 1, 0},
                {w, c.taps(), 1, 0},
                c.filters,
                c.taps(),
                count,
                1,
                first > 0});
  });
}

}  // namespace device
}  // namespace akin::inline v0
