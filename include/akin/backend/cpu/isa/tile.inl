// SPDX-License-Identifier: Apache-2.0
// The register micro-kernel that every product and every convolution ends in.
//
// Rows of a are reached through pointers and never packed for the kernel's sake: at 14 x 32 a step over k is 28
// multiply-adds and some 30 loads, of which Zen 4 does two a cycle, so the loads hide behind the arithmetic.
// A convolution's windows are then rows like any other, and nothing is copied per window.

#if AKIN_ISA_BITS == 512
inline constexpr int tile_rows = 14;  // 28 accumulators, 2 for b, 1 for a: of 32 registers
#else
inline constexpr int tile_rows = 6;  // 12 accumulators of 16 registers
#endif
inline constexpr int tile_cols = 2 * lanes;

template <int Rows, int Vectors, bool Unit>
void tile(const tile_work& w) {
  vf sums[Rows][Vectors];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) sums[i][v] = vf{};

  if (w.add && w.columns == nullptr)  // c arrives while the product is made
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) __builtin_prefetch(w.c[i] + w.column + v * lanes, 1);

  const float* a[Rows];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) a[i] = w.a[i];
  const float* b = w.b;
  const std::int64_t step = Unit ? 1 : w.step;
  for (std::int64_t outer = 0; outer < w.outer; ++outer)
    for (std::int64_t segment = 0; segment < w.segments; ++segment) {
      const std::int64_t begin = outer * w.outer_step + segment * w.segment_step, end = begin + w.depth * step;
      for (std::int64_t k = begin; k < end; k += step, b += w.b_step) {
        vf row[Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) row[v] = load(b + v * lanes);
#pragma GCC unroll 16
        for (int i = 0; i < Rows; ++i) {
          const vf x = splat(a[i][k]);
#pragma GCC unroll 2
          for (int v = 0; v < Vectors; ++v) sums[i][v] = fma(x, row[v], sums[i][v]);
        }
      }
    }

  if (w.columns == nullptr && w.cols == Vectors * lanes) {
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      if (i >= w.rows) break;
      float* const c = w.c[i] + w.column;
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) store(c + v * lanes, w.add ? load(c + v * lanes) + sums[i][v] : sums[i][v]);
    }
    return;
  }
  if (w.columns == nullptr && Vectors == 1) {
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      if (i >= w.rows) break;
      float* const c = w.c[i] + w.column;
      store_first(c, w.add ? load_first(c, w.cols) + sums[i][0] : sums[i][0], w.cols);
    }
    return;
  }
  alignas(sizeof(vf)) float values[Rows][Vectors * lanes];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) store(&values[i][v * lanes], sums[i][v]);
  for (int i = 0; i < w.rows; ++i)
    for (int j = 0; j < w.cols; ++j) {
      float& c = w.c[i][w.columns == nullptr ? w.column + j : w.columns[j]];
      c = w.add ? c + values[i][j] : values[i][j];
    }
}

template <int Rows>
void tile_of(const tile_work& w) {
  if (w.cols > lanes) w.step == 1 ? tile<Rows, 2, true>(w) : tile<Rows, 2, false>(w);
  else w.step == 1 ? tile<Rows, 1, true>(w) : tile<Rows, 1, false>(w);
}

/// Runs the smallest kernel that has room for the rows. w.a must hold tile_rows pointers, those behind w.rows to
/// anything that row 0 could read.
inline void run_tile(const tile_work& w) {
#if AKIN_ISA_BITS == 512
  if (w.rows > 12) return tile_of<14>(w);
  if (w.rows > 10) return tile_of<12>(w);
  if (w.rows > 7) return tile_of<10>(w);
  if (w.rows > 4) return tile_of<7>(w);
#else
  if (w.rows > 4) return tile_of<6>(w);
#endif
  if (w.rows > 2) return tile_of<4>(w);
  return w.rows == 2 ? tile_of<2>(w) : tile_of<1>(w);
}

/// How many rows the next tile should take when `left` remain: full tiles, the last two balanced.
inline int next_rows(std::int64_t left) {
  if (left <= tile_rows) return static_cast<int>(left);
  if (left < 2 * tile_rows) return static_cast<int>((left + 1) / 2);
  return tile_rows;
}

inline void sweep(const sweep_work& s) {
  const std::int64_t panels = (s.columns + tile_cols - 1) / tile_cols, depth = s.outer * s.segments * s.depth;
  const float* a[tile_rows];
  float* c[tile_rows];
  std::int64_t columns[tile_cols];
  tile_work w;
  w.a = a;
  w.c = c;
  w.outer = s.outer;
  w.outer_step = s.outer_step;
  w.segments = s.segments;
  w.segment_step = s.segment_step;
  w.depth = s.depth;
  w.step = s.step;
  w.columns = s.column_step == 1 ? nullptr : columns;
  w.add = s.add;
  index_walk row(s.rows, s.begin);
  for (std::int64_t i = s.begin; i < s.end; i += w.rows) {
    w.rows = next_rows(s.end - i);
    for (int q = 0; q < w.rows; ++q, row.next()) {
      a[q] = s.a + row.first;
      c[q] = s.c + row.second;
    }
    for (int q = w.rows; q < tile_rows; ++q) {
      a[q] = a[0];
      c[q] = c[0];
    }
    for (std::int64_t q = 0; q < panels; ++q) {
      const std::int64_t left = s.columns - q * tile_cols;
      w.cols = static_cast<int>(left < tile_cols ? left : tile_cols);
      w.column = q * tile_cols;
      w.b = s.b + q * tile_cols * (s.b_step == 0 ? depth : 1);
      w.b_step = s.b_step != 0 ? s.b_step : left > lanes ? tile_cols : lanes;
      if (w.columns != nullptr)
        for (int j = 0; j < w.cols; ++j) columns[j] = (q * tile_cols + j) * s.column_step;
      run_tile(w);
    }
  }
}

/// to[i] = sum over `parts` of from[part * part_step + i], in the order of the parts.
inline void add_parts(const float* from, std::int64_t parts, std::int64_t part_step, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; i += lanes) {
    const int width = count - i < lanes ? static_cast<int>(count - i) : lanes;
    vf total{};
    for (std::int64_t part = 0; part < parts; ++part) {
      const float* const x = from + part * part_step + i;
      total += width == lanes ? load(x) : load_first(x, width);
    }
    store_first(to + i, total, width);
  }
}
