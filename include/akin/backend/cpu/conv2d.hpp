// SPDX-License-Identifier: Apache-2.0
// Convolution of images with small kernels, and its two gradients.
#pragma once

#include "akin/backend/cpu/workspace.hpp"
#include "akin/backend/cpu/isa/detect.hpp"
#include "akin/support/threads.hpp"

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
  static constexpr image_strides nchw(const conv2d_shape& s) {
    return {s.channels * s.height * s.width, s.width, 1, s.height * s.width};
  }
};

void conv2d_forward(thread_pool& pool, isa level, workspace& scratch, const conv2d_shape& shape, const float* x, image_strides strides,
                    const float* weights, float* out);
void conv2d_gradient_x(thread_pool& pool, isa level, workspace& scratch, const conv2d_shape& shape, const float* weights,
                       const float* out_gradient, float* x_gradient, image_strides strides);
void conv2d_gradient_weights(thread_pool& pool, isa level, workspace& scratch, const conv2d_shape& shape, const float* x,
                             image_strides strides, const float* out_gradient, float* weights_gradient);

}  // namespace cpu
}  // namespace akin::inline v0
