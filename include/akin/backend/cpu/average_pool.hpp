// SPDX-License-Identifier: Apache-2.0
// Means of windows of an image, and their gradient: one line of the image or of the result at a time.
#pragma once

#include <akin/support/threads.hpp>
#include <akin/tensor/view.hpp>

#include <algorithm>
#include <cstdint>

namespace akin::inline v0 {
namespace cpu {

/// out[o, row, column, i] = the mean of x[o, row size + .., column size + .., i].
/// values: fp32, the window's rows added one after the other: the same bits for every number of threads
/// cost:   one pass over x
inline void average_pool(thread_pool& pool, const float* x, float* out, const pooling& p) {
  const float part = 1.f / static_cast<float>(p.size * p.size);
  pool.run(p.outer * p.rows(), [&](std::int64_t line, int) {
    const std::int64_t o = line / p.rows(), row = line % p.rows();
    for (std::int64_t column = 0; column < p.columns(); ++column) {
      float* const to = out + p.in_result(o, row, column);
      std::fill_n(to, p.inner, 0.f);
      for (std::int64_t k = 0; k < p.size * p.size; ++k) {
        const float* const from = x + p.in_image(o, row * p.size + k / p.size, column * p.size + k % p.size);
        for (std::int64_t i = 0; i < p.inner; ++i) to[i] += part * from[i];
      }
    }
  });
}

/// x[o, y, x, i] = size^-2 g[o, y / size, x / size, i], and 0 where no window is.
inline void average_pool_gradient(thread_pool& pool, const float* g, float* x, const pooling& p) {
  const float part = 1.f / static_cast<float>(p.size * p.size);
  pool.run(p.outer * p.height, [&](std::int64_t line, int) {
    const std::int64_t o = line / p.height, y = line % p.height;
    for (std::int64_t column = 0; column < p.width; ++column) {
      float* const to = x + p.in_image(o, y, column);
      if (y / p.size >= p.rows() || column / p.size >= p.columns()) {
        std::fill_n(to, p.inner, 0.f);
        continue;
      }
      const float* const from = g + p.in_result(o, y / p.size, column / p.size);
      for (std::int64_t i = 0; i < p.inner; ++i) to[i] = part * from[i];
    }
  });
}

}  // namespace cpu
}  // namespace akin::inline v0
