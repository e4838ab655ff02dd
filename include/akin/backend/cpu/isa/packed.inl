// SPDX-License-Identifier: Apache-2.0
// Products of operands that were packed beforehand, for whoever multiplies one of them many times.

/// `rows` rows of a, in strips of tile_rows: to[strip][k][row of the strip]; a last strip that is not full is followed by zeros.
inline void pack_strips(const float* from, std::int64_t row_step, std::int64_t k_step, std::int64_t rows, std::int64_t depth, float* to) {
  for (std::int64_t i = 0; i < rows; i += tile_rows, from += tile_rows * row_step, to += tile_rows * depth) {
    const int present = rows - i < tile_rows ? static_cast<int>(rows - i) : tile_rows;
    std::int64_t k = 0;
    if constexpr (lanes >= tile_rows) {
      if (k_step == 1)  // squares are read along k and turned in registers; what a store writes too much, the next one overwrites
        for (; k + 2 * lanes <= depth; k += lanes) {
          vf square[lanes];
#pragma GCC unroll 16
          for (int q = 0; q < lanes; ++q) square[q] = q < present ? load(from + q * row_step + k) : vf{};
          transpose(square);
#pragma GCC unroll 16
          for (int q = 0; q < lanes; ++q) store(to + (k + q) * tile_rows, square[q]);
        }
    }
    if (row_step == 1 && present == tile_rows)
      for (; k < depth; ++k) __builtin_memcpy(to + k * tile_rows, from + k * k_step, sizeof(float) * tile_rows);
    for (; k < depth; ++k)
      for (int q = 0; q < tile_rows; ++q) to[k * tile_rows + q] = q < present ? from[q * row_step + k * k_step] : 0.f;
  }
}

/// `columns` columns of b as panels: to[panel][k][column of the panel], the last panel half as wide where that suffices.
inline void pack_panels(const float* from, std::int64_t k_step, std::int64_t column_step, std::int64_t depth, std::int64_t columns, float* to) {
  product p;
  p.b = from;
  p.k = {depth, 0, k_step};
  for (std::int64_t j = 0; j < columns; j += tile_cols) {
    std::int64_t at[tile_cols];
    const std::int64_t count = columns - j < tile_cols ? columns - j : tile_cols;
    for (std::int64_t q = 0; q < count; ++q) at[q] = (j + q) * column_step;
    pack_columns(p, 0, depth, at, count, column_step == 1, to + j * depth);
  }
}

/// c = or += a b, strip by strip. a and b are packed; c has rows `row_step` and columns `column_step` apart.
inline void multiply_packed(const packed_work& work) {
  const float* a[tile_rows];
  float* c[tile_rows];
  std::int64_t columns[tile_cols];
  tile_work w;
  w.a = a;
  w.c = c;
  w.depth = work.depth;
  w.step = tile_rows;
  w.columns = work.column_step == 1 ? nullptr : columns;
  w.add = work.add;
  for (std::int64_t i = 0; i < work.rows; i += tile_rows) {
    w.rows = work.rows - i < tile_rows ? static_cast<int>(work.rows - i) : tile_rows;
    for (int q = 0; q < tile_rows; ++q) {
      a[q] = work.a + i * work.depth + q;
      c[q] = work.c + (i + (q < w.rows ? q : 0)) * work.row_step;
    }
    for (std::int64_t j = 0; j < work.columns; j += tile_cols) {
      const std::int64_t left = work.columns - j;
      w.cols = static_cast<int>(left < tile_cols ? left : tile_cols);
      w.b = work.b + j * work.depth;
      w.b_step = left > lanes ? tile_cols : lanes;
      w.column = j;
      if (w.columns != nullptr)
        for (int q = 0; q < w.cols; ++q) columns[q] = (j + q) * work.column_step;
      run_tile(w);
    }
  }
}
