// SPDX-License-Identifier: Apache-2.0
// The matrix product of one thread with bf16 operands and fp32 sums: in one call, or with operands packed once and used often.
#pragma once

#include "akin/backend/cpu/isa/bf16_kernels.hpp"

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace akin::inline v0 {
namespace cpu {

/// Rows and columns of a register tile: packed operands are cut at multiples of them.
constexpr int bf16_rows_of(bf16_isa level) { return level == bf16_isa::avx512_bf16 ? 14 : 32; }
constexpr int bf16_cols = 32;

/// Panels for rows of a, or for columns of b; their size() says how much memory to give them.
inline bf16_panels panels_of_a(bf16_isa level, bf16_precision precision, std::int64_t rows, std::int64_t depth,
                               std::uint32_t* memory = nullptr) {
  return {memory, rows, depth, bf16_rows_of(level), precision == bf16_precision::split ? 2 : 1, true};
}
inline bf16_panels panels_of_b(bf16_precision precision, std::int64_t columns, std::int64_t depth, std::uint32_t* memory = nullptr) {
  return {memory, columns, depth, bf16_cols, precision == bf16_precision::split ? 2 : 1, false};
}

/// Rounds lines from line0 on and positions of k from k0 on into the panels, as many as these have.
/// values: to nearest, ties to even, from 3.39e38 on to infinity; NaN stays NaN; zeros behind the last line and position
/// cost:   one visit of each number, in vectors where k or the lines are contiguous
inline void pack(bf16_isa level, const bf16_operand& x, std::int64_t line0, std::int64_t k0, const bf16_panels& to) {
#if AKIN_HAS_X86
  if (level >= bf16_isa::avx512) return avx512::pack(x, line0, k0, to);
  if (level == bf16_isa::avx2) return avx2::pack(x, line0, k0, to);
#endif
  (void)level;
  portable::pack(x, line0, k0, to);
}

namespace detail {

/// Where the blocks of a product go: c[row * row_step + column], or by lists of offsets.
struct bf16_result {
  float* c = nullptr;
  std::int64_t row_step = 0;
  const std::int64_t *rows = nullptr, *columns = nullptr;
  bool add = false;

  float& at(std::int64_t row, std::int64_t column) const {
    return c[(rows == nullptr ? row * row_step : rows[row]) + (columns == nullptr ? column : columns[column])];
  }
};

/// A block that ends inside a vector or a tile, or whose rows or columns are scattered, is computed beside its place.
template <class Kernel>
void run_beside(Kernel& kernel, bf16_block w, const bf16_result& to, std::int64_t row, std::int64_t column) {
  alignas(64) float sums[Kernel::rows][bf16_cols];
  if (w.add)
    for (int i = 0; i < Kernel::rows; ++i)
      for (int j = 0; j < bf16_cols; ++j) sums[i][j] = i < w.rows && j < w.cols ? to.at(row + i, column + j) : 0.f;
  w.c = &sums[0][0];
  w.c_step = bf16_cols;
  kernel.run(w);
  for (int i = 0; i < w.rows; ++i)
    for (int j = 0; j < w.cols; ++j) to.at(row + i, column + j) = sums[i][j];
}

inline constexpr std::int64_t bf16_depth_block = 512;  // with 32 rows 32 KiB: the first cache; half of it where operands are split
inline constexpr std::int64_t bf16_cache_pairs = std::int64_t{1} << 17;  // 512 KiB of b: half of a second-level cache

template <class Kernel>
void multiply_with(Kernel&& kernel, const bf16_panels& a, const bf16_panels& b, const bf16_result& to) {
  constexpr bool any_rows = std::remove_reference_t<Kernel>::any_rows;
  const std::int64_t step = bf16_depth_block / 32 / a.parts, groups = a.groups(), row_panels = a.panels(), panels = b.panels();
  const std::int64_t panel_pairs = std::min(step, groups) * 16 * bf16_cols * b.parts;
  const std::int64_t panel_step = std::max<std::int64_t>(1, bf16_cache_pairs / std::max<std::int64_t>(1, panel_pairs));
  kernel.begin();
  for (std::int64_t q0 = 0; q0 < panels; q0 += panel_step)
    for (std::int64_t g0 = 0; g0 < std::max<std::int64_t>(1, groups); g0 += step)
      for (std::int64_t i = 0; i < row_panels; ++i)
        for (std::int64_t q = q0; q < std::min(panels, q0 + panel_step); ++q) {
          const std::uint32_t *const a_high = a.group(i, g0), *const b_high = b.group(q, g0);
          bf16_block w;
          w.terms = a.parts == 1 ? 1 : 3;  // small terms first: they are added while the sum is still small
          w.a[w.terms - 1] = a_high;
          w.b[w.terms - 1] = b_high;
          if (w.terms == 3) {
            w.a[0] = a_high + a.part_step();
            w.b[0] = b_high;
            w.a[1] = a_high;
            w.b[1] = b_high + b.part_step();
          }
          w.pairs = (std::min(a.depth - g0 * 32, step * 32) + 1) / 2;
          const std::int64_t row = i * a.panel_lines, column = q * bf16_cols;
          w.rows = static_cast<int>(std::min<std::int64_t>(a.panel_lines, a.lines - row));
          w.cols = static_cast<int>(std::min<std::int64_t>(bf16_cols, b.lines - column));
          w.add = to.add || g0 > 0;
          const bool whole = w.cols % 16 == 0 && (any_rows || w.rows % 16 == 0);
          if (whole && to.rows == nullptr && to.columns == nullptr) {
            w.c = &to.at(row, column);
            w.c_step = to.row_step;
            kernel.run(w);
          } else {
            run_beside(kernel, w, to, row, column);
          }
        }
  kernel.end();
}

inline void multiply(bf16_isa level, const bf16_panels& a, const bf16_panels& b, const bf16_result& to) {
#if AKIN_HAS_AMX
  if (level == bf16_isa::amx_bf16) return multiply_with(tiles_kernel<amx_tiles>{}, a, b, to);
#endif
#if AKIN_HAS_X86
  if (level == bf16_isa::avx512_bf16) return multiply_with(avx512_bf16::dots_kernel{}, a, b, to);
  if (level == bf16_isa::avx512) return multiply_with(tiles_kernel<avx512::widened_tiles>{}, a, b, to);
  if (level == bf16_isa::avx2) return multiply_with(tiles_kernel<avx2::widened_tiles>{}, a, b, to);
#endif
  multiply_with(tiles_kernel<portable::widened_tiles>{}, a, b, to);
}

}  // namespace detail

/// c[i * row_step + j] = or += sum_k a[i, k] b[k, j] over packed operands of one level, depth and precision.
/// values: fp32 sums over k in blocks of 512 (split: 256) from the first on, within a block in the level's order: how rows and
///         columns are cut does not change a bit. Split: an operand that is infinite gives infinity or NaN
/// cost:   2 |rows| |columns| |depth| operations, split three times that; no allocation
/// example: bench/backend/cpu/bf16.bench.cpp
inline void multiply(bf16_isa level, const bf16_panels& a, const bf16_panels& b, float* c, std::int64_t row_step, bool add) {
  detail::multiply(level, a, b, {c, row_step, nullptr, nullptr, add});
}

/// gemm of gemm.hpp with operands rounded to bf16 as they are packed. scratch: bf16_scratch floats, 64-byte aligned.
/// values: the bits of pack and multiply; a sum over nothing is 0
inline constexpr std::int64_t bf16_scratch = std::int64_t{1} << 18;
inline void gemm_bf16(bf16_isa level, bf16_precision precision, const product& p, const part& r, bool add, float* scratch) {
  if (r.m1 <= r.m0 || r.n1 <= r.n0 || (r.k1 <= r.k0 && add)) return;
  constexpr std::int64_t most_columns = 1024, most_rows = 448, a_pairs = std::int64_t{1} << 15;  // 448: whole panels of 14 and of 32
  std::int64_t rows[most_rows], columns[most_columns];
  auto* const memory = reinterpret_cast<std::uint32_t*>(scratch);
  bf16_operand a{p.a, p.m, p.k}, b{p.b, p.n, p.k};
  for (auto& dimension : b.depth.dimensions) dimension.first = dimension.second;
  const std::int64_t line = (std::min(detail::bf16_depth_block, r.k1 - r.k0) + 31) / 32 * 16 * (precision == bf16_precision::split ? 2 : 1);
  const std::int64_t column_step = std::clamp(detail::bf16_cache_pairs / std::max<std::int64_t>(1, line) / 32 * 32, std::int64_t{32}, most_columns);
  const std::int64_t height = bf16_rows_of(level), row_step = std::clamp(a_pairs / std::max<std::int64_t>(1, line) / height * height, height, most_rows);
  const bool rows_regular = p.m.is_line(), columns_follow = p.n.is_line() && (p.n.rank == 0 || p.n.second() == 1);

  for (std::int64_t n0 = r.n0; n0 < r.n1; n0 += column_step) {
    const std::int64_t width = std::min(column_step, r.n1 - n0);
    index_walk n(p.n, n0);
    const std::int64_t first_column = n.second;
    for (std::int64_t j = 0; j < width && !columns_follow; ++j, n.next()) columns[j] = n.second - first_column;
    for (std::int64_t k0 = r.k0; k0 == r.k0 || k0 < r.k1; k0 += detail::bf16_depth_block) {
      const std::int64_t depth = std::clamp<std::int64_t>(r.k1 - k0, 0, detail::bf16_depth_block);
      const bf16_panels b_panels = panels_of_b(precision, width, depth, memory);
      pack(level, b, n0, k0, b_panels);
      for (std::int64_t m0 = r.m0; m0 < r.m1; m0 += row_step) {
        const bf16_panels a_panels = panels_of_a(level, precision, std::min(row_step, r.m1 - m0), depth, memory + b_panels.size());
        pack(level, a, m0, k0, a_panels);
        index_walk m(p.m, m0);
        detail::bf16_result to{p.c + m.second + first_column, p.m.second(), nullptr, nullptr, add || k0 > r.k0};
        for (std::int64_t i = 0, start = m.second; i < a_panels.lines && !rows_regular; ++i, m.next()) rows[i] = m.second - start;
        if (!rows_regular) to.rows = rows;
        if (!columns_follow) to.columns = columns;
        detail::multiply(level, a_panels, b_panels, to);
      }
    }
  }
}

}  // namespace cpu
}  // namespace akin::inline v0
