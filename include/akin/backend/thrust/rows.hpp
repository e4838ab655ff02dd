// SPDX-License-Identifier: Apache-2.0
// Slices, rows by number, and sums of the rows of one number: one number of the result for each index.
#pragma once

#include <akin/backend/index_work.hpp>
#include <akin/backend/thrust/queue.hpp>

#include <bit>
#include <cstdint>

namespace akin::inline v0 {
namespace device {

/// One number of a pooled image: the mean of its window.
struct pool_window {
  const float* x;
  float* out;
  pooling p;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    const std::int64_t i = k % p.inner, column = k / p.inner % p.columns(), row = k / p.inner / p.columns() % p.rows(),
                       o = k / p.inner / p.columns() / p.rows();
    float sum = 0;
    for (std::int64_t y = row * p.size; y < (row + 1) * p.size; ++y)
      for (std::int64_t at = column * p.size; at < (column + 1) * p.size; ++at) sum += x[p.in_image(o, y, at) + i];
    out[k] = sum / static_cast<float>(p.size * p.size);
  }
};
/// One pixel of the gradient: its part of the window's, 0 where it is in none.
struct spread_window {
  const float* g;
  float* x;
  pooling p;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    const std::int64_t i = k % p.inner, column = k / p.inner % p.width / p.size, row = k / p.inner / p.width % p.height / p.size,
                       o = k / p.inner / p.width / p.height;
    const bool inside = row < p.rows() && column < p.columns();
    x[k] = inside ? g[p.in_result(o, row, column) + i] / static_cast<float>(p.size * p.size) : 0.f;
  }
};

/// A line of `line` numbers gives `taken` of them, from `from` on.
struct take_slice {
  const float* in;
  float* out;
  std::int64_t line, from, taken;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const { out[k] = in[k / taken * line + from + k % taken]; }
};
struct place_slice {
  const float* in;
  float* out;
  std::int64_t line, from, given;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    const std::int64_t at = k % line - from;
    out[k] = at >= 0 && at < given ? in[k / line * given + at] : 0.f;
  }
};

template <class T>
struct join_lines {
  const T *a, *b;
  T* out;
  std::int64_t of_a, of_b;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    const std::int64_t line = k / (of_a + of_b), at = k % (of_a + of_b);
    out[k] = at < of_a ? a[line * of_a + at] : b[line * of_b + at - of_a];
  }
};

struct gather_rows {
  const float* table;
  const std::int32_t* ids;
  float* out;
  std::int64_t width;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const { out[k] = table[ids[k / width] * width + k % width]; }
};

/// An id and its place, as one number: sorted, the places of an id stand together and in order.
struct number_places {
  const std::int32_t* ids;
  std::int64_t* keys;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const { keys[k] = (std::int64_t{ids[k]} << 32) + k; }
};

/// One number of the table: the sum of its row's places.
struct add_places {
  const float* rows;
  const std::int64_t* keys;  // sorted
  float* table;
  std::int64_t count, width;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    const std::int64_t row = k / width, at = k % width;
    std::int64_t first = 0, last = count;
    while (first < last) {
      const std::int64_t middle = (first + last) / 2;
      if (keys[middle] >> 32 < row) first = middle + 1;
      else last = middle;
    }
    float sum = 0;
    for (; first < count && keys[first] >> 32 == row; ++first) sum += rows[(keys[first] & 0xffffffff) * width + at];
    table[k] = sum;
  }
};

inline void scatter_add(queue& q, const float* rows, const std::int32_t* ids, float* table, std::int64_t count,
                        std::int64_t table_rows, std::int64_t width) {
  std::int64_t *keys = q.room<std::int64_t>(scratch::keys, 2 * count), *sorted = keys + count;
  q.each(count, number_places{ids, keys});
  q.sort(keys, sorted, count, 32 + static_cast<int>(std::bit_width(static_cast<std::uint64_t>(table_rows))));
  q.each(table_rows * width, add_places{rows, sorted, table, count, width});
}

}  // namespace device
}  // namespace akin::inline v0
