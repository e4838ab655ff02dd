// SPDX-License-Identifier: Apache-2.0
// The matrix product of one thread with bf16 operands and fp32 sums: in one call, or with operands packed once and used often.
#pragma once

#include "akin/backend/cpu/isa/bf16_kernels.hpp"

#include <algorithm>
#include <cstdint>

namespace akin::inline v0 {
namespace cpu {

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

namespace detail {

/// Room for a block that ends inside a vector or a tile, or whose rows or columns are scattered: it is computed beside its place.
template <int Rows>
struct block_beside {
  alignas(64) float sums[Rows][bf16_cols];

  /// The block's place is here from now on.
  void begin(bf16_block& w, const bf16_result& from, std::int64_t row, std::int64_t column) {
    if (w.add)
      for (int i = 0; i < Rows; ++i)
        for (int j = 0; j < bf16_cols; ++j) sums[i][j] = i < w.rows && j < w.cols ? from.at(row + i, column + j) : 0.f;
    w.c = &sums[0][0];
    w.c_step = bf16_cols;
  }
  void put_back(const bf16_block& w, const bf16_result& to, std::int64_t row, std::int64_t column) const {
    for (int i = 0; i < w.rows; ++i)
      for (int j = 0; j < w.cols; ++j) to.at(row + i, column + j) = sums[i][j];
  }
};

/// Panel i of a by panel q of b, over at most `most` groups of k from group g on.
inline bf16_block block_of(const bf16_panels& a, const bf16_panels& b, std::int64_t i, std::int64_t q, std::int64_t g,
                           std::int64_t most) {
  bf16_block w;
  w.a = a.group(i, g);
  w.b = b.group(q, g);
  w.parts = a.parts;
  w.pairs = (std::min(a.depth - g * 32, most * 32) + 1) / 2;
  w.rows = static_cast<int>(std::min<std::int64_t>(a.panel_lines, a.lines - i * a.panel_lines));
  w.cols = static_cast<int>(std::min<std::int64_t>(b.panel_lines, b.lines - q * b.panel_lines));
  return w;
}

/// Fetches share i of `shares` of the next block of packed columns.
inline void fetch_share(const std::uint32_t* block, std::int64_t size, std::int64_t i, std::int64_t shares) {
  for (std::int64_t k = size * i / shares; k < size * (i + 1) / shares; k += 16) __builtin_prefetch(block + k, 0, 2);
}

/// Columns that few rows meet may come from memory: they are taken in the order in which they lie there, and the rows share the fetching of the next.
template <class Kernel>
void multiply_by(const bf16_panels& a, const bf16_panels& b, const bf16_result& to) {
  Kernel kernel;
  block_beside<Kernel::rows> beside;
  const std::int64_t step = Kernel::depth_of(a.parts) / 32, groups = std::max<std::int64_t>(1, a.groups()), panels = b.panels();
  const bool few_rows = a.panels() <= 4;  // 128 on tiles
  const std::int64_t panel_step = few_rows ? 1 : Kernel::cached_pairs / (std::min(step, groups) * 16 * bf16_cols * b.parts);
  kernel.begin();
  for (std::int64_t q0 = 0; q0 < panels; q0 += panel_step)
    for (std::int64_t g = 0; g < groups; g += step) {
      const std::int64_t here = std::min(groups - g, step), next = g + here < groups ? std::min(groups - g - here, step) : std::min(groups, step);
      for (std::int64_t i = 0; i < a.panels(); ++i)
        for (std::int64_t q = q0; q < std::min(panels, q0 + panel_step); ++q) {
          bf16_block w = block_of(a, b, i, q, g, step);
          if (few_rows) fetch_share(w.b + here * b.parts * b.part_step(), next * b.parts * b.part_step(), i, a.panels());
          const std::int64_t row = i * a.panel_lines, column = q * b.panel_lines;
          w.add = to.add || g > 0;
          const bool whole = w.cols % 16 == 0 && (Kernel::any_rows || w.rows % 16 == 0);
          const bool in_place = whole && to.rows == nullptr && to.columns == nullptr;
          if (in_place) w.c = &to.at(row, column), w.c_step = to.row_step;
          else beside.begin(w, to, row, column);
          kernel.run(w);  // one call, since all kernels are inlined into it
          if (!in_place) beside.put_back(w, to, row, column);
        }
    }
  kernel.end();
}

}  // namespace detail

/// The instructions for bf16 of one processor, none where it has none: what the shared code calls.
struct bf16_kernels {
  int rows = 0;  // of a register tile: packed rows are cut at multiples of them
  void (*pack_panels)(const bf16_operand&, std::int64_t, std::int64_t, const bf16_panels&) = nullptr;
  void (*multiply_panels)(const bf16_panels&, const bf16_panels&, const bf16_result&) = nullptr;

  /// Panels for rows of a, or for columns of b; their size() says how much memory to give them.
  bf16_panels panels_of_a(bf16_precision precision, std::int64_t lines, std::int64_t depth, std::uint32_t* memory = nullptr) const {
    return {memory, lines, depth, rows, parts_of(precision), true};
  }
  static bf16_panels panels_of_b(bf16_precision precision, std::int64_t lines, std::int64_t depth, std::uint32_t* memory = nullptr) {
    return {memory, lines, depth, bf16_cols, parts_of(precision), false};
  }

  /// Rounds lines from line0 on and positions of k from k0 on into the panels, as many as these have.
  /// values: to nearest, ties to even, from 3.39e38 on to infinity (exact: the sum of a number's parts is the number); NaN stays NaN; zeros
  ///         behind the last line and position
  /// cost:   one visit of each number, in vectors where k or the lines are contiguous
  void pack(const bf16_operand& x, std::int64_t line0, std::int64_t k0, const bf16_panels& to) const { pack_panels(x, line0, k0, to); }

  /// c[i * row_step + j] = or += sum_k a[i, k] b[k, j] over packed operands.
  /// values:  fp32 sums over k in blocks of 1024 (vdpbf16ps plain), 256 (split), 128 (exact) or 512 (tiles) from the first on, within a block in the level's order: how rows
  ///          and columns are cut does not change a bit. Split: an infinite operand gives infinity or NaN. Exact: as in fp32, but two infinite ones give NaN, and AMX takes parts below 2^-126 for 0
  /// cost:    2 |rows| |columns| |depth| operations, split three times that, exact six times; no allocation. On Zen 4 (vdpbf16ps) 94 to 99 % of the
  ///          register peak for 112 to 2048 rows, 64 to 1024 columns, depths of 300 to 1024
  /// errors:  run time "multiply: ..." where the operands differ in depth or precision, or a was packed for other kernels
  /// example: a batch of embeddings x [n, d], packed once, against all others in pieces of 256 columns
  ///            bf16_panels a = kernels.panels_of_a(precision, n, d), b = kernels.panels_of_b(precision, n, d);
  ///            a.pairs = memory_of_a;  // a.size() of them
  ///            b.pairs = memory_of_b;
  ///            kernels.pack(bf16_matrix(x, n, d, d, 1), 0, 0, a);
  ///            kernels.pack(bf16_matrix(x, n, d, d, 1), 0, 0, b);
  ///            for (std::int64_t j = 0; j < n; j += 256) kernels.multiply(a, b.some(j, std::min(256, n - j)), tile, 256, false);
  void multiply(const bf16_panels& a, const bf16_panels& b, float* c, std::int64_t row_step, bool add) const {
    if (a.depth != b.depth || a.parts != b.parts)
      fail("multiply: rows of ", a.depth, " numbers in ", a.parts, " parts, columns of ", b.depth, " in ", b.parts);
    if (!a.by_line || b.by_line || a.panel_lines != rows)
      fail("multiply: expected panels of ", rows, " rows and of columns, got ", a.panel_lines, a.by_line ? " rows" : " columns",
           b.by_line ? " and rows" : " and columns");
    multiply_panels(a, b, {c, row_step, nullptr, nullptr, add});
  }
};

inline bf16_kernels bf16_kernels_of(bf16_isa level) {
#if AKIN_HAS_AMX
  if (level == bf16_isa::amx_bf16) return {32, avx512::pack, detail::multiply_by<tiles_kernel<amx_tiles>>};
#endif
#if AKIN_HAS_X86
  if (level == bf16_isa::avx512_bf16) return {avx512_bf16::dots_rows, avx512::pack, detail::multiply_by<avx512_bf16::dots_kernel>};
#endif
  (void)level;
  return {};
}

namespace detail {

inline constexpr std::int64_t bf16_cache_pairs = std::int64_t{1} << 17;  // 512 KiB of b

/// Blocks of one thread's part: columns of b packed to stay in the second cache, then rows of a in half of that.
class bf16_gemm {
 public:
  static constexpr std::int64_t most_columns = 1024, most_rows = 448;  // 448: whole panels, of 14 rows and of 32

  bf16_gemm(const bf16_kernels& kernels, bf16_precision precision, const product& p, const part& r, float* scratch)
      : kernels_(kernels),
        precision_(precision),
        depth_step_(bf16_depth_block(parts_of(precision))),
        p_(p),
        r_(r),
        a_{p.a, p.m, p.k},
        b_{p.b, p.n, p.k},
        memory_(reinterpret_cast<std::uint32_t*>(scratch)),
        columns_follow_(p.n.is_line() && (p.n.rank == 0 || p.n.second() == 1)) {
    for (index_space::dimension& k : b_.depth.dimensions) k.first = k.second;
    const std::int64_t depth = std::clamp<std::int64_t>(r.k1 - r.k0, 1, depth_step_), height = kernels.rows;
    const std::int64_t line = (depth + 31) / 32 * 16 * parts_of(precision);  // pairs
    column_step_ = std::min(most_columns, bf16_cache_pairs / line / bf16_cols * bf16_cols);
    row_step_ = std::min(most_rows, bf16_cache_pairs / 2 / line / height * height);
  }

  void run(bool add) {
    for (std::int64_t n0 = r_.n0; n0 < r_.n1; n0 += column_step_) {
      const std::int64_t width = std::min(column_step_, r_.n1 - n0);
      list(p_.n, n0, columns_follow_ ? 0 : width, columns_);
      for (std::int64_t k0 = r_.k0; k0 == r_.k0 || k0 < r_.k1; k0 += depth_step_) {
        const std::int64_t depth = std::clamp<std::int64_t>(r_.k1 - k0, 0, depth_step_);
        const bf16_panels b = kernels_.panels_of_b(precision_, width, depth, memory_);
        kernels_.pack(b_, n0, k0, b);
        multiply_rows(b, n0, k0, add || k0 > r_.k0);
      }
    }
  }

 private:
  void multiply_rows(const bf16_panels& b, std::int64_t n0, std::int64_t k0, bool add) {
    for (std::int64_t m0 = r_.m0; m0 < r_.m1; m0 += row_step_) {
      const bf16_panels a = kernels_.panels_of_a(precision_, std::min(row_step_, r_.m1 - m0), b.depth, memory_ + b.size());
      kernels_.pack(a_, m0, k0, a);
      float* const c = p_.c + index_walk(p_.m, m0).second + index_walk(p_.n, n0).second;
      bf16_result to{c, p_.m.second(), nullptr, columns_follow_ ? nullptr : columns_, add};
      if (!p_.m.is_line()) {
        list(p_.m, m0, a.lines, rows_);
        to.rows = rows_;
      }
      kernels_.multiply_panels(a, b, to);
    }
  }

  /// Offsets in c from position `first` on.
  static void list(const index_space& space, std::int64_t first, std::int64_t count, std::int64_t* to) {
    index_walk at(space, first);
    const std::int64_t start = at.second;
    for (std::int64_t i = 0; i < count; ++i, at.next()) to[i] = at.second - start;
  }

  const bf16_kernels kernels_;
  const bf16_precision precision_;
  const std::int64_t depth_step_;
  const product& p_;
  const part& r_;
  bf16_operand a_, b_;
  std::uint32_t* const memory_;
  const bool columns_follow_;
  std::int64_t column_step_ = 0, row_step_ = 0;
  std::int64_t rows_[most_rows], columns_[most_columns];
};

}  // namespace detail

/// gemm of gemm.hpp with operands rounded to bf16 as they are packed. scratch: bf16_scratch floats, 64-byte aligned.
/// values: the bits of pack and multiply; a sum over nothing is 0
inline constexpr std::int64_t bf16_scratch = std::int64_t{1} << 18;
inline void gemm_bf16(const bf16_kernels& kernels, bf16_precision precision, const product& p, const part& r, bool add, float* scratch) {
  if (r.m1 <= r.m0 || r.n1 <= r.n0 || (r.k1 <= r.k0 && add)) return;
  detail::bf16_gemm(kernels, precision, p, r, scratch).run(add);
}

}  // namespace cpu
}  // namespace akin::inline v0
