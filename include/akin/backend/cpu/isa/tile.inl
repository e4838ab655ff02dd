// SPDX-License-Identifier: Apache-2.0
// The register micro-kernel that every product and every convolution ends in, and the copying and adding around it.
//
// Rows of a are reached through pointers: at 14 x 32 a step over k is 28 multiply-adds and some 30 loads, at 7 x 32 14 and some 15, of which Zen 4 does two a
// cycle, so the loads hide behind the arithmetic. A convolution's windows are then rows like any other, and nothing is copied per window.

#if AKIN_ISA_BITS == 512
inline constexpr int tile_rows = 14;  // 28 accumulators, 2 for b, 1 for a: of 32 registers
#else
inline constexpr int tile_rows = 6;  // 12 accumulators of 16 registers
#endif
inline constexpr int tile_cols = 2 * lanes;

#if AKIN_ISA_BITS == 512
inline constexpr bool stores_part = true;  // a masked store costs what a whole one does
[[gnu::always_inline]] inline void write(float* c, vf x, int count, bool add) { store_first(c, add ? load_first(c, count) + x : x, count); }
#else
inline constexpr bool stores_part = false;
[[gnu::always_inline]] inline void write(float* c, vf x, int, bool add) { store(c, add ? load(c) + x : x); }
#endif

/// The other ends of a tile: columns that do not follow each other, or, without masks, part of a vector.
[[gnu::noinline]] inline void write_scattered(const tile_work& w, const float* sums, int width) {
  for (int i = 0; i < w.rows; ++i, sums += width)
    for (int j = 0; j < w.cols; ++j) {
      float& c = w.c[i][w.columns == nullptr ? w.column + j : w.columns[j]];
      c = w.add ? c + sums[j] : sums[j];
    }
}

/// How the rows of a lie. Saying that they are contiguous spares a register: that is 8 % of a tile of one vector, and nothing of one of two.
enum class rows_of_a { anywhere, contiguous };

/// The panel of b is fetched a dozen rows ahead: from a Xeon's second-level cache that is 10 %. What comes after the panel is fetched into that cache
/// meanwhile, where the work says so: one image of ViT-B/32 took 41 ms on that Xeon instead of 52, with the order of gemm.
template <int Rows, int Vectors, rows_of_a Lie = rows_of_a::anywhere>
void tile(const tile_work& w) {
  vf sums[Rows][Vectors];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) sums[i][v] = vf{};

  if (w.columns == nullptr)  // c arrives while the product is made, also where it is written only: 1 to 2 % of a large product
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) __builtin_prefetch(w.c[i] + w.column + v * lanes, 1);

  std::int64_t until_fold = w.folds ? sum_block : std::numeric_limits<std::int64_t>::max();
  vf totals[Rows][Vectors];  // of all blocks but the present one, where there are several
  if (w.folds)
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) totals[i][v] = vf{};

  const float* a[Rows];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) a[i] = w.a[i];
  const float *b = w.b, *next = w.next_step == 0 ? b : w.next;
  const std::int64_t b_step = w.b_step;
  const std::int64_t step = Lie == rows_of_a::contiguous ? 1 : w.step;
  for (std::int64_t outer = 0; outer < w.outer; ++outer)
    for (std::int64_t segment = 0; segment < w.segments; ++segment) {
      const std::int64_t begin = outer * w.outer_step + segment * w.segment_step, end = begin + w.depth * step;
      for (std::int64_t k = begin; k < end; k += step, b += b_step) {
        if (until_fold-- == 0) [[unlikely]] {  // inside the loop: around it, g++ keeps the sums in memory
          until_fold = sum_block - 1;  // this step is the first of the new block
#pragma GCC unroll 16
          for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
            for (int v = 0; v < Vectors; ++v) {
              totals[i][v] += sums[i][v];
              sums[i][v] = vf{};
            }
        }
        vf row[Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) {
          row[v] = load(b + v * lanes);
          __builtin_prefetch(b + 12 * b_step + v * lanes);
        }
        __builtin_prefetch(next, 0, 2);
        next += w.next_step;
#pragma GCC unroll 16
        for (int i = 0; i < Rows; ++i) {
          const vf x = splat(a[i][k]);
#pragma GCC unroll 2
          for (int v = 0; v < Vectors; ++v) sums[i][v] = fma(x, row[v], sums[i][v]);
        }
      }
    }
  if (w.folds)
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) sums[i][v] += totals[i][v];

  if (w.columns == nullptr && (w.cols == Vectors * lanes || stores_part)) {
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      if (i >= w.rows) break;
      float* const c = w.c[i] + w.column;
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) write(c + v * lanes, sums[i][v], v + 1 < Vectors ? lanes : w.cols - v * lanes, w.add);
    }
    return;
  }
  alignas(sizeof(vf)) float values[Rows][Vectors * lanes];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) store(&values[i][v * lanes], sums[i][v]);
  write_scattered(w, &values[0][0], Vectors * lanes);
}

/// Runs the smallest of the kernels, which are given in ascending order, that has room for the rows.
template <int Vectors, rows_of_a Lie, int... Rows>
void run_smallest(const tile_work& w) {
  (void)((w.rows <= Rows && (tile<Rows, Vectors, Lie>(w), true)) || ...);
}

/// w.a must hold tile_rows pointers, those behind w.rows to anything that row 0 could read. Each kernel costs each of a user's files
/// some 15 ms: these are those without which a product of common extents was slower. On x86 the portable set serves only processors
/// without AVX2.
inline void run_tile(const tile_work& w) {
#if AKIN_ISA_BITS == 512
  if (w.cols > lanes && w.folds && w.rows > overlapping_rows) {
    tile_work half = w;
    half.rows = overlapping_rows;
    tile<overlapping_rows, 2>(half);
    half.rows = w.rows - overlapping_rows;
    half.a += overlapping_rows;
    half.c += overlapping_rows;
    return run_smallest<2, rows_of_a::anywhere, 2, 4, overlapping_rows>(half);
  }
  if (w.cols > lanes) return run_smallest<2, rows_of_a::anywhere, 2, 4, 7, 10, 14>(w);
  w.step == 1 ? run_smallest<1, rows_of_a::contiguous, 4, 7, 14>(w) : tile<14, 1>(w);
#elif AKIN_ISA_BITS == 256 || !AKIN_HAS_X86
  w.cols > lanes ? run_smallest<2, rows_of_a::anywhere, 2, 4, 6>(w) : run_smallest<1, rows_of_a::anywhere, 2, 6>(w);
#else
  w.cols > lanes ? tile<6, 2>(w) : tile<6, 1>(w);
#endif
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

/// Lines that are contiguous along k, turned: to[k * width + line], zeros behind the last of `present` lines.
inline void turn_lines(const float* const* lines, int present, int width, std::int64_t depth, float* to) {
  std::int64_t k = 0;
  for (; k + lanes <= depth; k += lanes)
    for (int line = 0; line < width; line += lanes) {
      vf square[lanes];
#pragma GCC unroll 16
      for (int q = 0; q < lanes; ++q) square[q] = line + q < present ? load(lines[line + q] + k) : vf{};
      transpose(square);
      float* const at = to + k * width + line;
#if AKIN_ISA_BITS == 512
      const int count = width - line < lanes ? width - line : lanes;  // a masked store costs what a whole one does
#pragma GCC unroll 16
      for (int q = 0; q < lanes; ++q) store_first(at + q * width, square[q], count);
#else
#pragma GCC unroll 16
      for (int q = 0; q < lanes; ++q)
        if (line + lanes <= width || (line == 0 && k + q + 1 < depth)) store(at + q * width, square[q]);  // what it writes too much, the next one overwrites
        else store_first(at + q * width, square[q], width - line);
#endif
    }
  for (; k < depth; ++k)
    for (int line = 0; line < width; ++line) to[k * width + line] = line < present ? lines[line][k] : 0.f;
}

/// Writes rows [k0, k0 + depth) of `cols` columns of b, which follow each other from `column` on, as panels of 2 * lanes columns, the
/// last half as wide where the rest fits, with zeros behind the last column. Memory is read row by row: panel by panel cost half the
/// speed of a product whose b comes from memory (32 x 144 x 200000).
inline void pack_lines(const product& p, std::int64_t k0, std::int64_t depth, std::int64_t column, std::int64_t cols, float* to) {
  index_walk k(p.k, k0);
  for (std::int64_t i = 0; i < depth; ++i, k.next()) {
    const float* const from = p.b + k.second + column;
    for (std::int64_t j = 0; j < cols; j += tile_cols) {
      const std::int64_t left = cols - j, width = left > lanes ? tile_cols : lanes;
      float* const row = to + j * depth + i * width;
      for (std::int64_t v = 0; v < width; v += lanes)
        store(row + v, left >= v + lanes ? load(from + j + v) : load_first(from + j + v, static_cast<int>(left - v)));
    }
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
