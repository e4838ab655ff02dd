// SPDX-License-Identifier: Apache-2.0
// One thread's part of a product: blocks over n and k, panels of b packed, rows of a packed only where that pays.

inline constexpr std::int64_t depth_block = 320;   // a panel of b (320 x 32 floats) and a tile of a stay in the first two caches
inline constexpr std::int64_t column_block = 384;  // 480 KiB of panels: half of a second-level cache
inline constexpr std::int64_t gemm_scratch = depth_block * column_block;

/// Rows [k0, k0 + depth) of one panel whose columns lie anywhere.
inline void pack_panel(const product& p, std::int64_t k0, std::int64_t depth, const std::int64_t* columns, int cols, int width,
                       float* to) {
  index_walk k(p.k, k0);
  if (p.k.is_line() && p.k.second() == 1) {  // b is transposed: squares are read along k and turned in registers
    std::int64_t i = 0;
    for (; i + lanes <= depth; i += lanes, to += lanes * width)
      for (int j = 0; j < width; j += lanes) {
        vf square[lanes];
#pragma GCC unroll 16
        for (int q = 0; q < lanes; ++q) square[q] = j + q < cols ? load(p.b + columns[j + q] + k.second + i) : vf{};
        transpose(square);
#pragma GCC unroll 16
        for (int q = 0; q < lanes; ++q) store(to + q * width + j, square[q]);
      }
    for (; i < depth; ++i, to += width)
      for (int j = 0; j < width; ++j) to[j] = j < cols ? p.b[columns[j] + k.second + i] : 0.f;
    return;
  }
  for (std::int64_t i = 0; i < depth; ++i, k.next(), to += width) {
    const float* const from = p.b + k.second;
    for (int j = 0; j < cols; ++j) to[j] = from[columns[j]];
    for (int j = cols; j < width; ++j) to[j] = 0.f;
  }
}

/// Panel q starts at q * tile_cols * depth; the last is half as wide where the rest fits in one vector.
inline int panel_width(std::int64_t cols, std::int64_t q) { return cols - q * tile_cols > lanes ? tile_cols : lanes; }

/// Writes rows [k0, k0 + depth) of `cols` columns of b as panels, zeros behind the last column. Memory is read row by row where
/// rows are contiguous: panel by panel cost half the speed of a product whose b comes from memory (32 x 144 x 200000).
inline void pack_columns(const product& p, std::int64_t k0, std::int64_t depth, const std::int64_t* columns, std::int64_t cols,
                         bool columns_follow, float* to) {
  const std::int64_t panels = (cols + tile_cols - 1) / tile_cols;
  if (columns_follow) {
    index_walk k(p.k, k0);
    for (std::int64_t i = 0; i < depth; ++i, k.next()) {
      const float* const from = p.b + k.second + columns[0];
      for (std::int64_t q = 0; q < panels; ++q) {
        const int width = panel_width(cols, q);
        const std::int64_t left = cols - q * tile_cols;
        float* const row = to + q * tile_cols * depth + i * width;
        for (int j = 0; j < width; j += lanes)
          store(row + j, left >= j + lanes ? load(from + q * tile_cols + j)
                                           : load_first(from + q * tile_cols + j, static_cast<int>(left - j)));
      }
    }
    return;
  }
  for (std::int64_t q = 0; q < panels; ++q) {
    const int width = panel_width(cols, q);
    const std::int64_t left = cols - q * tile_cols;
    pack_panel(p, k0, depth, columns + q * tile_cols, static_cast<int>(left < width ? left : width), width,
               to + q * tile_cols * depth);
  }
}

inline void list_columns(const index_space& n, std::int64_t n0, std::int64_t cols, std::int64_t* in_b, std::int64_t* in_c) {
  if (n.is_line()) {
    for (std::int64_t j = 0; j < cols; ++j) {
      in_b[j] = (n0 + j) * n.first();
      in_c[j] = (n0 + j) * n.second();
    }
    return;
  }
  index_walk walk(n, n0);
  for (std::int64_t j = 0; j < cols; ++j, walk.next()) {
    in_b[j] = walk.first;
    in_c[j] = walk.second;
  }
}

/// Writes the rows of a behind each other for every k: to[k * tile_rows + i]. `adjacent`: row i is row 0 shifted by i.
inline void pack_rows(const product& p, std::int64_t k0, std::int64_t depth, const float* const* rows, bool adjacent, float* to) {
  index_walk k(p.k, k0);
  if (adjacent) {
    for (std::int64_t j = 0; j < depth; ++j, k.next(), to += tile_rows) __builtin_memcpy(to, rows[0] + k.first, sizeof(float) * tile_rows);
    return;
  }
  for (std::int64_t j = 0; j < depth; ++j, k.next(), to += tile_rows) {
#pragma GCC unroll 16
    for (int i = 0; i < tile_rows; ++i) to[i] = rows[i][k.first];
  }
}

inline void zero_part(const product& p, const part& r) {
  index_walk m(p.m, r.m0);
  for (std::int64_t i = r.m0; i < r.m1; ++i, m.next()) {
    index_walk n(p.n, r.n0);
    for (std::int64_t j = r.n0; j < r.n1; ++j, n.next()) p.c[m.second + n.second] = 0.f;
  }
}

inline float dot(const float* a, const float* b, std::int64_t count) {
  vf sums[4] = {};
  std::int64_t k = 0;
  for (; k + 4 * lanes <= count; k += 4 * lanes)
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) sums[v] = fma(load(a + k + v * lanes), load(b + k + v * lanes), sums[v]);
  for (; k + lanes <= count; k += lanes) sums[0] = fma(load(a + k), load(b + k), sums[0]);
  if (k < count) {
    const int left = static_cast<int>(count - k);
    sums[1] = fma(load_first(a + k, left), load_first(b + k, left), sums[1]);
  }
  return sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

/// A part with one row or one column, both operands contiguous along k: a register tile would be nearly empty.
inline void gemm_by_dots(const product& p, const part& r, bool add) {
  index_walk m(p.m, r.m0);
  for (std::int64_t i = r.m0; i < r.m1; ++i, m.next()) {
    index_walk n(p.n, r.n0);
    for (std::int64_t j = r.n0; j < r.n1; ++j, n.next()) {
      float& c = p.c[m.second + n.second];
      const float value = dot(p.a + m.first + r.k0, p.b + n.first + r.k0, r.k1 - r.k0);
      c = add ? c + value : value;
    }
  }
}

/// c = or += the product over one part. scratch: gemm_scratch floats, 64-byte aligned.
/// values: sums over k in blocks of depth_block from k0 on, each in order; the cut of m and n does not change a bit
inline void gemm(const product& p, const part& r, bool add, float* scratch) {
  if (r.m1 <= r.m0 || r.n1 <= r.n0) return;
  if (r.k1 <= r.k0) {
    if (!add) zero_part(p, r);
    return;
  }
  if ((p.m.size() == 1 || p.n.size() == 1) && p.k.is_line() && p.k.first() == 1 && p.k.second() == 1)
    return gemm_by_dots(p, r, add);
  alignas(64) float a_panel[tile_rows * depth_block];
  std::int64_t b_columns[column_block], c_columns[column_block];
  const std::int64_t depth_blocks = (r.k1 - r.k0 + depth_block - 1) / depth_block;
  const std::int64_t depth_step = (r.k1 - r.k0 + depth_blocks - 1) / depth_blocks;
  const bool c_follows = p.n.is_line() && (p.n.second() == 1 || p.n.rank == 0);
  const bool b_follows = p.n.is_line() && (p.n.first() == 1 || p.n.rank == 0);

  for (std::int64_t n0 = r.n0; n0 < r.n1; n0 += column_block) {
    const std::int64_t cols = r.n1 - n0 < column_block ? r.n1 - n0 : column_block;
    list_columns(p.n, n0, cols, b_columns, c_columns);
    const std::int64_t panels = (cols + tile_cols - 1) / tile_cols;
    // With one tile of rows a packed panel would be read once: read b where it lies if that can be done in vectors.
    const bool b_direct = b_follows && p.k.is_line() && r.m1 - r.m0 <= tile_rows;
    // A packed tile of a is read once for each panel; below five readings the packing costs more than it saves.
    const bool a_direct = p.k.is_line() && (panels < 5 || p.k.first() == 1);

    for (std::int64_t k0 = r.k0; k0 < r.k1; k0 += depth_step) {
      const std::int64_t depth = r.k1 - k0 < depth_step ? r.k1 - k0 : depth_step;
      const std::int64_t direct_panels = b_direct ? cols / tile_cols + (cols % tile_cols == lanes) : 0;
      if (direct_panels < panels) {
        const std::int64_t skipped = direct_panels * tile_cols;
        pack_columns(p, k0, depth, b_columns + skipped, cols - skipped, b_follows, scratch + skipped * depth);
      }
      const index_walk k(p.k, k0);
      index_walk m(p.m, r.m0);
      for (std::int64_t i = r.m0; i < r.m1;) {
        const float* a_rows[tile_rows];
        float* c_rows[tile_rows];
        tile_work w;
        w.rows = next_rows(r.m1 - i);
        for (int q = 0; q < tile_rows; ++q) {
          if (q < w.rows) {
            a_rows[q] = p.a + m.first;
            c_rows[q] = p.c + m.second;
            m.next();
          } else {
            a_rows[q] = a_rows[0];
            c_rows[q] = c_rows[0];
          }
        }
        i += w.rows;
        w.a = a_rows;
        w.c = c_rows;
        w.depth = depth;
        w.add = add || k0 > r.k0;
        if (a_direct) {
          w.step = p.k.rank == 0 ? 1 : p.k.first();
          for (int q = 0; q < tile_rows; ++q) a_rows[q] += k.first;
        } else {
          pack_rows(p, k0, depth, a_rows, w.rows == tile_rows && p.m.is_line() && p.m.first() == 1, a_panel);
          w.step = tile_rows;
          for (int q = 0; q < tile_rows; ++q) a_rows[q] = a_panel + q;
        }
        for (std::int64_t q = 0; q < panels; ++q) {
          const std::int64_t left = cols - q * tile_cols;
          const bool direct = q < direct_panels;
          w.cols = static_cast<int>(left < tile_cols ? left : tile_cols);
          w.b = direct ? p.b + k.second + b_columns[q * tile_cols] : scratch + q * tile_cols * depth;
          w.b_step = direct ? p.k.second() : panel_width(cols, q);
          w.column = c_columns[q * tile_cols];
          w.columns = c_follows ? nullptr : c_columns + q * tile_cols;
          run_tile(w);
        }
      }
    }
  }
}
