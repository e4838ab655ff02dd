// SPDX-License-Identifier: Apache-2.0
// What Thrust leaves open where it runs on the host (CPP, OMP): copies and products.
#pragma once

#include <akin/backend/memory.hpp>
#include <akin/backend/thrust/matrix.hpp>

#include <thrust/execution_policy.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace akin::inline v0 {
namespace device {

/// A tile of c = a b: 64 x 16 numbers, summed over the whole depth by one owner.
struct product_tile {
  static constexpr std::int64_t rows = 64, columns = 16, deepest = 128;

  matrix_product p;

  static std::int64_t count(const matrix_product& p) { return p.batches * ((p.rows + rows - 1) / rows) * ((p.columns + columns - 1) / columns); }

  AKIN_HOST_DEVICE void operator()(std::int64_t number) const {
    const std::int64_t down = (p.rows + rows - 1) / rows, along = (p.columns + columns - 1) / columns;
    const std::int64_t batch = number / (down * along), i0 = number / along % down * rows, j0 = number % along * columns;
    const std::int64_t height = p.rows - i0 < rows ? p.rows - i0 : rows, width = p.columns - j0 < columns ? p.columns - j0 : columns;
    const float* const a = p.a.data + batch * p.a.batch_step + i0 * p.a.row_step;
    const float* const b = p.b.data + batch * p.b.batch_step + j0 * p.b.column_step;
    float sums[rows][columns] = {}, line[deepest][columns] = {};
    for (std::int64_t k0 = 0; k0 < p.depth; k0 += deepest) {
      const std::int64_t depth = p.depth - k0 < deepest ? p.depth - k0 : deepest;
      for (std::int64_t k = 0; k < depth; ++k)
        for (std::int64_t j = 0; j < width; ++j) line[k][j] = b[(k0 + k) * p.b.row_step + j * p.b.column_step];
      for (std::int64_t i = 0; i < height; ++i) add_row(a + i * p.a.row_step + k0 * p.a.column_step, line, depth, sums[i]);
    }
    float* const c = p.c.data + batch * p.c.batch_step;
    for (std::int64_t i = 0; i < height; ++i)
      for (std::int64_t j = 0; j < width; ++j) {
        float& out = c[(i0 + i) * p.c.row_step + (j0 + j) * p.c.column_step];
        out = p.accumulate ? out + sums[i][j] : sums[i][j];
      }
  }

 private:
  // The sums of one row stay in registers: 16 of them are vectors of any width.
  AKIN_HOST_DEVICE void add_row(const float* a, const float (&line)[deepest][columns], std::int64_t depth, float (&into)[columns]) const {
    float sums[columns];
    for (int j = 0; j < columns; ++j) sums[j] = into[j];
    for (std::int64_t k = 0; k < depth; ++k) {
      const float x = a[k * p.a.column_step];
      for (int j = 0; j < columns; ++j) sums[j] += x * line[k][j];
    }
    for (int j = 0; j < columns; ++j) into[j] = sums[j];
  }
};

/// Thrust on the host: its memory is the host's, and calls return when the work is done.
class system {
 public:
  auto policy() const { return ::thrust::device; }
  void copy(const void* from, void* to, std::int64_t bytes) { std::memcpy(to, from, static_cast<std::size_t>(bytes)); }
  void copy_in(const void* from, void* to, std::int64_t bytes) { copy(from, to, bytes); }
  void copy_out(const void* from, void* to, std::int64_t bytes) { copy(from, to, bytes); }
  void wait() {}
  template <class Each>
  void multiply(const matrix_product& p, Each each) { each(product_tile::count(p), product_tile{p}); }
};

}  // namespace device
}  // namespace akin::inline v0
