// SPDX-License-Identifier: Apache-2.0
// The matrix product of one thread: blocks over n and k, panels of b packed, rows of a packed where they are not lines.
#pragma once

#include "akin/backend/cpu/isa/tile.hpp"

#include <algorithm>
#include <cstdint>

namespace akin::inline v0 {
namespace cpu {

inline constexpr std::int64_t column_block = 192;  // 576 KiB of panels, which stay in a second-level cache
inline constexpr int tiles_together = 8;  // of rows, which meet a panel of b one after the other while it is in a second-level cache
inline constexpr std::int64_t gemm_scratch = depth_block * (column_block + tiles_together * most_tile_rows);

/// Rows and columns of a register tile: blocks of work are cut at multiples of them.
constexpr std::int64_t tile_rows_of(isa level) { return level == isa::avx512 ? 14 : 6; }
constexpr std::int64_t tile_cols_of(isa level) { return level == isa::avx512 ? 32 : level == isa::avx2 ? 16 : 8; }

/// The width of panel q of packed columns: tile_cols_of(level), or half of that where the rest fits.
constexpr std::int64_t panel_width(isa level, std::int64_t columns, std::int64_t q) {
  const std::int64_t full = tile_cols_of(level), left = columns - q * full;
  return left > full / 2 ? full : full / 2;
}
/// The widths of all panels together.
constexpr std::int64_t packed_columns(isa level, std::int64_t columns) {
  const std::int64_t full = tile_cols_of(level), panels = (columns + full - 1) / full;
  return panels == 0 ? 0 : (panels - 1) * full + panel_width(level, columns, panels - 1);
}

/// Tiles over rows [begin, end) of an index_space (strides in a, c) and over panels of b that are ready to use.
struct sweep_work {
  const float* a = nullptr;
  float* c = nullptr;
  index_space rows;
  std::int64_t begin = 0, end = 0;
  std::int64_t outer = 1, outer_step = 0, segments = 1, segment_step = 0, depth = 0, step = 1;  // of a, as in tile_work
  const float* b = nullptr;
  std::int64_t b_step = 0;  // from one row of b to the next; 0: packed: panel after panel, see panel_width
  std::int64_t columns = 0, column_step = 1;
  bool add = false;
};

namespace detail {

/// How many rows the next tile should take when `left` remain: full tiles, the last two balanced where smaller kernels have room for them.
inline int next_rows(const tile_kernels& kernels, std::int64_t left) {
  if (left <= kernels.rows) return static_cast<int>(left);
  if (left <= 20 && left < 2 * kernels.rows) return static_cast<int>((left + 1) / 2);
  return kernels.rows;
}

/// Rows [k0, k0 + depth) of one panel whose columns lie anywhere.
inline void pack_panel(const tile_kernels& kernels, const product& p, std::int64_t k0, std::int64_t depth, const std::int64_t* columns, int cols, int width, float* to) {
  index_walk k(p.k, k0);
  if (p.k.is_line() && p.k.second() == 1) {
    const float* lines[2 * most_lanes];
    for (int j = 0; j < cols; ++j) lines[j] = p.b + columns[j] + k.second;
    return kernels.turn_lines(lines, cols, width, depth, to);
  }
  for (std::int64_t i = 0; i < depth; ++i, k.next(), to += width) {
    const float* const from = p.b + k.second;
    for (int j = 0; j < cols; ++j) to[j] = from[columns[j]];
    for (int j = cols; j < width; ++j) to[j] = 0.f;
  }
}

/// Writes rows [k0, k0 + depth) of `cols` columns of b as panels.
inline void pack_columns(const tile_kernels& kernels, const product& p, std::int64_t k0, std::int64_t depth, const std::int64_t* columns,
                         std::int64_t cols, bool columns_follow, float* to) {
  if (columns_follow) return kernels.pack_lines(p, k0, depth, columns[0], cols, to);
  for (std::int64_t j = 0; j < cols; j += 2 * kernels.lanes) {
    const std::int64_t left = cols - j;
    const int width = left > kernels.lanes ? 2 * kernels.lanes : kernels.lanes;
    pack_panel(kernels, p, k0, depth, columns + j, static_cast<int>(left < width ? left : width), width, to + j * depth);
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

inline void zero_part(const product& p, const part& r) {
  index_walk m(p.m, r.m0);
  for (std::int64_t i = r.m0; i < r.m1; ++i, m.next()) {
    index_walk n(p.n, r.n0);
    for (std::int64_t j = r.n0; j < r.n1; ++j, n.next()) p.c[m.second + n.second] = 0.f;
  }
}

/// A part of one column, both operands contiguous along k: a register tile would be nearly empty. Not of one row: a row must not depend on how many there
/// are, so that a text's features are the same alone and in a batch.
inline void gemm_by_dots(const tile_kernels& kernels, const product& p, const part& r, bool add) {
  index_walk m(p.m, r.m0);
  for (std::int64_t i = r.m0; i < r.m1; ++i, m.next()) {
    index_walk n(p.n, r.n0);
    for (std::int64_t j = r.n0; j < r.n1; ++j, n.next()) {
      float& c = p.c[m.second + n.second];
      const float value = kernels.dot(p.a + m.first + r.k0, p.b + n.first + r.k0, r.k1 - r.k0);
      c = add ? c + value : value;
    }
  }
}

/// The step that cuts a depth in equal blocks of at most depth_block; where there are several, it is a multiple of 16, whole vectors of every instruction set.
constexpr std::int64_t depth_step_of(std::int64_t depth) {
  const std::int64_t blocks = (depth + depth_block - 1) / depth_block;
  return blocks == 0 ? 1 : blocks == 1 ? depth : (depth + blocks * most_lanes - 1) / (blocks * most_lanes) * most_lanes;
}

/// Rows of a tile behind each other for every k.
inline void pack_tile(const tile_kernels& kernels, const product& p, std::int64_t k0, std::int64_t depth, const float* const* rows, int count, float* to) {
  kernels.pack_rows(p, k0, depth, rows, count == kernels.rows && p.m.is_line() && p.m.first() == 1, to);
}

}  // namespace detail

/// Whether each row of a is a line, to be read where it lies: packing such rows took 2 to 4 % of a product.
inline bool rows_are_lines(const product& p) { return p.k.is_line() && p.k.first() == 1; }

/// Packs columns [n0, n1), at most column_block of them, for gemm: all of [k0, k1), one block of depth after the other.
/// to: (k1 - k0) times packed_columns of them
inline void pack_for_gemm(isa level, const product& p, const part& r, float* to) {
  const tile_kernels kernels = tile_kernels_of(level);
  std::int64_t in_b[column_block], in_c[column_block];
  const std::int64_t cols = r.n1 - r.n0, step = detail::depth_step_of(r.k1 - r.k0);
  detail::list_columns(p.n, r.n0, cols, in_b, in_c);
  const bool follow = p.n.is_line() && (p.n.first() == 1 || p.n.rank == 0);
  for (std::int64_t k0 = r.k0; k0 < r.k1; k0 += step) {
    const std::int64_t depth = r.k1 - k0 < step ? r.k1 - k0 : step;
    detail::pack_columns(kernels, p, k0, depth, in_b, cols, follow, to + (k0 - r.k0) * packed_columns(level, cols));
  }
}

/// The rows of gemm's tiles, one after the other: visit(first row, how many).
template <class Visit>
void for_each_tile(const tile_kernels& kernels, const part& r, Visit visit) {
  for (std::int64_t i = r.m0; i < r.m1;) {
    const int rows = detail::next_rows(kernels, r.m1 - i);
    visit(i, rows);
    i += rows;
  }
}
/// How many tiles gemm cuts this many rows into, at most.
constexpr std::int64_t most_tiles_of(isa level, std::int64_t rows) { return (rows + tile_rows_of(level) - 1) / tile_rows_of(level) + 1; }

/// Packs one of the tiles that gemm cuts rows [m0, m1) into, over all of [k0, k1), or nothing where `tiles_before` are all.
/// to: room for most_tiles_of of them, (k1 - k0) times tile_rows_of(level) each
inline void pack_rows_for_gemm(isa level, const product& p, const part& r, std::int64_t tiles_before, float* to) {
  const tile_kernels kernels = tile_kernels_of(level);
  const std::int64_t step = detail::depth_step_of(r.k1 - r.k0);
  to += tiles_before * (r.k1 - r.k0) * kernels.rows;
  for_each_tile(kernels, r, [&](std::int64_t first, int rows) {
    if (tiles_before-- != 0) return;
    const float* lines[most_tile_rows];
    index_walk m(p.m, first);
    for (int q = 0; q < kernels.rows; ++q) {
      lines[q] = q < rows ? p.a + m.first : lines[0];
      if (q < rows) m.next();
    }
    for (std::int64_t k0 = r.k0; k0 < r.k1; k0 += step)
      detail::pack_tile(kernels, p, k0, r.k1 - k0 < step ? r.k1 - k0 : step, lines, rows, to + (k0 - r.k0) * kernels.rows);
  });
}

/// What gemm finds packed: the part's rows as pack_rows_for_gemm left them, which are not looked at where they are lines, and its columns as pack_for_gemm did.
/// What is null it packs itself.
struct packed_operands {
  const float *rows = nullptr, *columns = nullptr;
};

namespace detail {

/// A register tile's rows in a and in c; those behind the last are the first one's.
struct row_tile {
  const float* a[most_tile_rows];
  float* c[most_tile_rows];
  int count = 0;
};

/// The next tile of `left` rows, from where the walk stands.
inline row_tile rows_from(const tile_kernels& kernels, const float* a, float* c, index_walk& m, std::int64_t left) {
  row_tile t;
  t.count = next_rows(kernels, left);
  for (int q = 0; q < most_tile_rows; ++q) {
    t.a[q] = q < t.count ? a + m.first : t.a[0];
    t.c[q] = q < t.count ? c + m.second : t.c[0];
    if (q < t.count) m.next();
  }
  return t;
}

}  // namespace detail

/// c = or += the product over one part. scratch: gemm_scratch floats, 64-byte aligned.
/// values: k is cut into steps of depth_step_of, and each is summed in blocks of sum_block, or as a dot where a column of lines is all there is; the cut of m and
///         n does not change a bit of the former
inline void gemm(isa level, const product& p, const part& r, bool add, float* scratch, const packed_operands& packed = {}) {
  using namespace detail;
  tile_kernels kernels = tile_kernels_of(level);
  const std::int64_t tile_cols = 2 * kernels.lanes;
  if (r.m1 <= r.m0 || r.n1 <= r.n0) return;
  if (r.k1 <= r.k0) {
    if (!add) zero_part(p, r);
    return;
  }
  if (p.n.size() == 1 && rows_are_lines(p) && p.k.second() == 1)
    return gemm_by_dots(kernels, p, r, add);
  if (rows_are_lines(p) && r.n1 - r.n0 > kernels.lanes) kernels.rows = std::min(kernels.rows, overlapping_rows);
  float* const own_tiles = scratch + depth_block * column_block;
  std::int64_t b_columns[column_block], c_columns[column_block];
  const std::int64_t depth_step = depth_step_of(r.k1 - r.k0);
  const bool c_follows = p.n.is_line() && (p.n.second() == 1 || p.n.rank == 0);
  const bool b_follows = p.n.is_line() && (p.n.first() == 1 || p.n.rank == 0);

  for (std::int64_t n0 = r.n0; n0 < r.n1; n0 += column_block) {
    const std::int64_t cols = r.n1 - n0 < column_block ? r.n1 - n0 : column_block;
    list_columns(p.n, n0, cols, b_columns, c_columns);
    const std::int64_t panels = (cols + tile_cols - 1) / tile_cols;
    // With one tile of rows, or two of lines, a packed panel would be read as often: read b where it lies if that can be done in vectors.
    const bool b_direct = packed.columns == nullptr && b_follows && p.k.is_line() && r.m1 - r.m0 <= tile_rows_of(level);
    // Rows that are not lines are read once for each panel; below five readings the packing costs more than it saves.
    const bool a_direct = rows_are_lines(p) || (packed.rows == nullptr && p.k.is_line() && panels < 5);

    for (std::int64_t k0 = r.k0; k0 < r.k1; k0 += depth_step) {
      const std::int64_t depth = r.k1 - k0 < depth_step ? r.k1 - k0 : depth_step;
      const std::int64_t direct_panels = b_direct ? cols / tile_cols + (cols % tile_cols == kernels.lanes) : 0;
      const float* const panels_of_b = packed.columns == nullptr ? scratch : packed.columns + (k0 - r.k0) * packed_columns(level, cols);
      if (packed.columns == nullptr && direct_panels < panels) {
        const std::int64_t skipped = direct_panels * tile_cols;
        pack_columns(kernels, p, k0, depth, b_columns + skipped, cols - skipped, b_follows, scratch + skipped * depth);
      }
      const index_walk k(p.k, k0);
      const float* tile_of_a = packed.rows == nullptr ? nullptr : packed.rows + (k0 - r.k0) * kernels.rows;
      tile_work w;
      w.depth = depth;
      w.add = add || k0 > r.k0;
      w.folds = depth > sum_block;
      w.step = !a_direct ? kernels.rows : p.k.rank == 0 ? 1 : p.k.first();

      index_walk m(p.m, r.m0);
      for (std::int64_t i = r.m0; i < r.m1;) {
        row_tile tiles[tiles_together];
        int count = 0;
        for (; count < tiles_together && i < r.m1; ++count) {
          row_tile& t = tiles[count] = rows_from(kernels, p.a, p.c, m, r.m1 - i);
          i += t.count;
          if (a_direct) {
            for (const float*& row : t.a) row += k.first;
            continue;
          }
          float* const own = own_tiles + count * depth * kernels.rows;
          if (packed.rows == nullptr) pack_tile(kernels, p, k0, depth, t.a, t.count, own);
          for (int q = 0; q < kernels.rows; ++q) t.a[q] = (packed.rows == nullptr ? own : tile_of_a) + q;
          if (packed.rows != nullptr) tile_of_a += (r.k1 - r.k0) * kernels.rows;
        }
        for (std::int64_t q = 0; q < panels; ++q) {
          const std::int64_t left = cols - q * tile_cols;
          const bool direct = q < direct_panels;
          w.cols = static_cast<int>(left < tile_cols ? left : tile_cols);
          w.b = direct ? p.b + k.second + b_columns[q * tile_cols] : panels_of_b + q * tile_cols * depth;
          w.b_step = direct ? p.k.second() : left > kernels.lanes ? tile_cols : kernels.lanes;
          w.column = c_columns[q * tile_cols];
          w.columns = c_follows ? nullptr : c_columns + q * tile_cols;
          // Packed columns may come from memory: the tiles share the fetching of the next panel. One tile alone, with a line for each row, would fetch half of it.
          w.next_step = packed.columns == nullptr || count == 1 ? 0 : (w.b_step + count - 1) / count;
          for (int t = 0; t < count; ++t) {
            w.a = tiles[t].a;
            w.c = tiles[t].c;
            w.rows = tiles[t].count;
            w.next = w.b + depth * (w.b_step + t * w.next_step);
            kernels.run_tile(w);
          }
        }
      }
    }
  }
}

/// Multiplies all rows of the range with all panels.
inline void sweep(isa level, const sweep_work& s) {
  if (s.begin >= s.end) return;  // the space of the rows may be empty
  const tile_kernels kernels = tile_kernels_of(level);
  const std::int64_t tile_cols = 2 * kernels.lanes;
  const std::int64_t panels = (s.columns + tile_cols - 1) / tile_cols, depth = s.outer * s.segments * s.depth;
  std::int64_t columns[2 * most_lanes];
  tile_work w;
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
    const detail::row_tile tile = detail::rows_from(kernels, s.a, s.c, row, s.end - i);
    w.a = tile.a;
    w.c = tile.c;
    w.rows = tile.count;
    for (std::int64_t q = 0; q < panels; ++q) {
      const std::int64_t left = s.columns - q * tile_cols;
      w.cols = static_cast<int>(left < tile_cols ? left : tile_cols);
      w.column = q * tile_cols;
      w.b = s.b + q * tile_cols * (s.b_step == 0 ? depth : 1);
      w.b_step = s.b_step != 0 ? s.b_step : left > kernels.lanes ? tile_cols : kernels.lanes;
      if (w.columns != nullptr)
        for (int j = 0; j < w.cols; ++j) columns[j] = (q * tile_cols + j) * s.column_step;
      kernels.run_tile(w);
    }
  }
}

inline void add_parts(isa level, const float* from, std::int64_t parts, std::int64_t part_step, std::int64_t count, float* to) {
  tile_kernels_of(level).add_parts(from, parts, part_step, count, to);
}

}  // namespace cpu
}  // namespace akin::inline v0
