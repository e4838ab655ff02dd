// SPDX-License-Identifier: Apache-2.0
// Products of operands that were packed beforehand, for whoever multiplies one of them many times.
#pragma once

#include "akin/backend/cpu/isa/gemm.hpp"

#include <algorithm>

namespace akin::inline v0 {
namespace cpu {

/// `rows` rows of a in strips of kernels.rows: to[strip][k][row of the strip].
inline void pack_strips(const tile_kernels& kernels, const float* from, std::int64_t row_step, std::int64_t k_step, std::int64_t rows, std::int64_t depth, float* to) {
  product p;
  p.k = {depth, k_step, 0};
  for (std::int64_t i = 0; i < rows; i += kernels.rows, to += kernels.rows * depth) {
    const int present = static_cast<int>(std::min<std::int64_t>(rows - i, kernels.rows));
    const float* lines[most_tile_rows];
    for (int q = 0; q < kernels.rows; ++q) lines[q] = from + (i + (q < present ? q : 0)) * row_step;
    if (k_step == 1) kernels.turn_lines(lines, present, kernels.rows, depth, to);
    else kernels.pack_rows(p, 0, depth, lines, present == kernels.rows && row_step == 1, to);
  }
}

/// `columns` columns of b in panels of 2 * kernels.lanes: to[panel][k][column of the panel], the last panel half as wide where that suffices.
inline void pack_panels(const tile_kernels& kernels, const float* from, std::int64_t k_step, std::int64_t column_step, std::int64_t depth, std::int64_t columns, float* to) {
  product p;
  p.b = from;
  p.k = {depth, 0, k_step};
  const std::int64_t width = 2 * kernels.lanes;
  for (std::int64_t j = 0; j < columns; j += width) {
    std::int64_t at[2 * most_lanes];
    const std::int64_t count = std::min(width, columns - j);
    for (std::int64_t q = 0; q < count; ++q) at[q] = (j + q) * column_step;
    detail::pack_columns(kernels, p, 0, depth, at, count, column_step == 1, to + j * depth);
  }
}

/// A product of a packed in strips and b packed in panels.
struct packed_work {
  const float* a = nullptr;
  const float* b = nullptr;
  float* c = nullptr;
  std::int64_t rows = 0, columns = 0, depth = 0, row_step = 0, column_step = 1;  // steps of c
  bool add = false;
};

/// c = or += a b, strip by strip.
inline void multiply_packed(const tile_kernels& kernels, const packed_work& work) {
  const float* a[most_tile_rows];
  float* c[most_tile_rows];
  std::int64_t columns[2 * most_lanes];
  const std::int64_t width = 2 * kernels.lanes;
  tile_work w;
  w.a = a;
  w.c = c;
  w.depth = work.depth;
  w.step = kernels.rows;
  w.columns = work.column_step == 1 ? nullptr : columns;
  w.add = work.add;
  for (std::int64_t i = 0; i < work.rows; i += kernels.rows) {
    w.rows = static_cast<int>(std::min<std::int64_t>(work.rows - i, kernels.rows));
    for (int q = 0; q < kernels.rows; ++q) {
      a[q] = work.a + i * work.depth + q;
      c[q] = work.c + (i + (q < w.rows ? q : 0)) * work.row_step;
    }
    for (std::int64_t j = 0; j < work.columns; j += width) {
      w.cols = static_cast<int>(std::min(width, work.columns - j));
      w.b = work.b + j * work.depth;
      w.b_step = w.cols > kernels.lanes ? width : kernels.lanes;
      w.column = j;
      if (w.columns != nullptr)
        for (int q = 0; q < w.cols; ++q) columns[q] = (j + q) * work.column_step;
      kernels.run_tile(w);
    }
  }
}

}  // namespace cpu
}  // namespace akin::inline v0
