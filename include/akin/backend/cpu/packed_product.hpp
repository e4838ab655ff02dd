// SPDX-License-Identifier: Apache-2.0
// Large products: columns, and rows that are not lines, are packed once, by all threads, and serve every block of the result.
#pragma once

#include "akin/backend/cpu/isa/bf16.hpp"
#include "akin/backend/cpu/isa/gemm.hpp"
#include "akin/backend/cpu/workspace.hpp"
#include "akin/support/threads.hpp"

#include <algorithm>
#include <cstdint>

namespace akin::inline v0 {
namespace cpu {
namespace detail {

constexpr std::int64_t blocks_of(std::int64_t extent, std::int64_t step) { return (extent + step - 1) / step; }

/// The step that cuts an extent in equal blocks of at most `step`, a multiple of `unit`.
constexpr std::int64_t even_step(std::int64_t extent, std::int64_t step, std::int64_t unit) {
  const std::int64_t blocks = std::max<std::int64_t>(1, blocks_of(extent, step));
  return std::max(unit, blocks_of(blocks_of(extent, blocks), unit) * unit);
}

/// Whether all neighbours in c are `step` apart.
inline bool even_in_c(const index_space& space, std::int64_t step) {
  for (int d = 0; d + 1 < space.rank; ++d) {
    const auto &outer = space.dimensions[static_cast<std::size_t>(d)], &inner = space.dimensions[static_cast<std::size_t>(d + 1)];
    if (outer.second != inner.second * inner.extent) return false;
  }
  return space.rank == 0 || space.second() == step;
}

}  // namespace detail

/// The extents of a product in matrix form.
struct matrix_extents {
  std::int64_t rows = 0, columns = 0, depth = 0;
};

/// In fp32.
/// values: as gemm's
/// cost:   a weight of [3072, 768] and 1,600 rows: packed anew by every block of 112 rows and 384 columns, packing took a quarter of the product's
///         time
class packed_product {
 public:
  packed_product(isa level, const product& p, const matrix_extents& e) : level_{level}, p_{p}, e_{e}, column_step_{column_step_of(level, e)} {}

  /// Whether it pays: several blocks of rows read each panel, and a block's panels fit into what the threads share.
  static bool serves(const matrix_extents& e) {
    return e.rows >= 2 * row_step && e.columns >= 64 && e.depth >= 64 && e.depth * column_step <= room;
  }

  void run(thread_pool& pool, workspace& scratch) const {
    const std::int64_t together = room / (e_.depth * column_step_), all = column_blocks();
    for (std::int64_t first = 0; first < all; first += together) {
      const std::int64_t count = std::min(together, all - first);
      pack(pool, first, count, scratch.shared());
      multiply(pool, scratch, first, count, scratch.shared());
    }
  }

  std::int64_t column_blocks() const { return detail::blocks_of(e_.columns, column_step_); }
  /// How many numbers pack() writes for all blocks.
  static std::int64_t packed_floats(isa level, const matrix_extents& e) {
    const std::int64_t step = column_step_of(level, e);
    return detail::blocks_of(e.columns, step) * step * e.depth;
  }

  void pack(thread_pool& pool, std::int64_t first, std::int64_t count, float* to) const {
    const std::int64_t depth_blocks = detail::blocks_of(e_.depth, detail::depth_step_of(e_.depth));
    pool.run(count * depth_blocks, [&](std::int64_t k, int) { pack_block(first + k / depth_blocks, k % depth_blocks, to + k / depth_blocks * e_.depth * column_step_); });
  }

  void multiply(thread_pool& pool, workspace& scratch, std::int64_t first, std::int64_t count, const float* columns) const {
    float* const rows = scratch.shared() + room;
    const std::int64_t tiles = most_tiles_of(level_, row_step), of_block = tiles * tile_rows_of(level_) * e_.depth, all = detail::blocks_of(e_.rows, row_step);
    const bool packs = count > 1 && of_block <= room && !rows_are_lines(p_);  // for one block of columns, packing rows beforehand costs more than it saves
    const std::int64_t together = packs ? room / of_block : all;
    for (std::int64_t begin = 0; begin < all; begin += together) {
      const std::int64_t blocks = std::min(together, all - begin);
      if (packs) pool.run(blocks * tiles, [&](std::int64_t k, int) { pack_rows_for_gemm(level_, p_, part_of(begin + k / tiles, 0), k % tiles, rows + k / tiles * of_block); });
      pool.run(count * blocks, [&](std::int64_t k, int worker) {
        gemm(level_, p_, part_of(begin + k % blocks, first + k / blocks), false, scratch.worker(worker),
             {packs ? rows + k % blocks * of_block : nullptr, columns + k / blocks * e_.depth * column_step_});
      });
    }
  }

 private:
  static constexpr std::int64_t row_step = 112, column_step = 128;  // 8 tiles of rows and 4 panels of 768 numbers stay in a second-level cache meanwhile
  static constexpr std::int64_t room = workspace::shared_floats / 2;  // for either operand

  static std::int64_t column_step_of(isa level, const matrix_extents& e) { return detail::even_step(e.columns, column_step, tile_cols_of(level)); }
  part part_of(std::int64_t rows, std::int64_t columns) const {
    return {rows * row_step, std::min(e_.rows, (rows + 1) * row_step), columns * column_step_, std::min(e_.columns, (columns + 1) * column_step_), 0, e_.depth};
  }

  void pack_block(std::int64_t block, std::int64_t depth_block_number, float* to) const {
    part r = part_of(0, block);
    const std::int64_t step = detail::depth_step_of(e_.depth);
    r.k0 = depth_block_number * step;
    r.k1 = std::min(e_.depth, r.k0 + step);
    pack_for_gemm(level_, p_, r, to + r.k0 * packed_columns(level_, r.n1 - r.n0));
  }

  const isa level_;
  const product& p_;
  const matrix_extents e_;
  const std::int64_t column_step_;
};

/// With operands of bf16 both are packed: there a product costs little more than its packing.
/// values: as gemm_bf16's
class packed_bf16_product {
 public:
  packed_bf16_product(const bf16_kernels& kernels, bf16_precision precision, const product& p, const matrix_extents& e)
      : kernels_{kernels}, precision_{precision}, p_{p}, e_{e}, a_{p.a, p.m, p.k}, b_{p.b, p.n, p.k} {
    for (auto& k : b_.depth.dimensions) k.first = k.second;
  }

  /// Whether the result's rows are lines, evenly apart.
  static bool serves_rows(const product& p) { return detail::even_in_c(p.n, 1) && detail::even_in_c(p.m, p.m.second()); }
  static bool serves(const product& p, const matrix_extents& e) {
    return e.rows >= 32 && e.columns >= 64 && e.depth >= 32 && e.rows * e.columns >= 32768 && serves_rows(p);
  }

  void run(thread_pool& pool, workspace& scratch) const {
    auto* const memory = reinterpret_cast<std::uint32_t*>(scratch.shared());
    const std::int64_t deepest = detail::even_step(e_.depth, most_depth(), bf16_depth_block(parts_of(precision_)));
    for (std::int64_t k0 = 0; k0 < e_.depth; k0 += deepest) {
      const std::int64_t depth = std::min(deepest, e_.depth - k0), column_chunk = even_chunk(e_.columns, column_step, depth);
      for (std::int64_t n0 = 0; n0 < e_.columns; n0 += column_chunk) {
        const bf16_panels b = kernels_.panels_of_b(precision_, std::min(column_chunk, e_.columns - n0), depth, memory);
        pack_all(pool, b_, n0, k0, b);
        multiply(pool, scratch, n0, k0, b);
      }
    }
  }

  /// Whether rows of this depth can be packed whole, beside columns that are kept.
  bool keeps() const { return lines_that_fit(e_.depth) >= row_step; }
  /// All columns, for `memory` of their size().
  bf16_panels columns(std::uint32_t* memory) const { return kernels_.panels_of_b(precision_, e_.columns, e_.depth, memory); }
  void pack(thread_pool& pool, const bf16_panels& to) const { pack_all(pool, b_, 0, 0, to); }
  void multiply(thread_pool& pool, workspace& scratch, const bf16_panels& columns) const { multiply(pool, scratch, 0, 0, columns); }

 private:
  // Panels of 14 and of 32 lines end here. In one block of k such rows and columns take 1.8 MiB, in three parts 2.6 MiB.
  static constexpr std::int64_t row_step = 448, column_step = 448, room = workspace::shared_floats / 2;
  static constexpr std::int64_t column_step_of_one_block = 384;  // of rows: towers' widths are multiples of it, so that threads end together

  /// How deep an operand is packed at once: of three parts less, so that of long sums 2,688 lines fit at a time.
  std::int64_t most_depth() const { return std::int64_t{16384} >> 2 * (parts_of(precision_) - 1); }
  /// How many lines of this depth fit into half of what the threads share.
  std::int64_t lines_that_fit(std::int64_t depth) const { return room / (detail::blocks_of(depth, 32) * 16 * parts_of(precision_)) - 32; }
  std::int64_t even_chunk(std::int64_t extent, std::int64_t unit, std::int64_t depth) const {
    return detail::even_step(extent, lines_that_fit(depth) / unit * unit, unit);
  }

  /// The columns from n0 on, which are packed from k0 on, by all rows.
  void multiply(thread_pool& pool, workspace& scratch, std::int64_t n0, std::int64_t k0, const bf16_panels& b) const {
    auto* const memory = reinterpret_cast<std::uint32_t*>(scratch.shared()) + room;
    const std::int64_t row_chunk = even_chunk(e_.rows, row_step, b.depth);
    for (std::int64_t m0 = 0; m0 < e_.rows; m0 += row_chunk) {
      const bf16_panels a = kernels_.panels_of_a(precision_, std::min(row_chunk, e_.rows - m0), b.depth, memory);
      pack_all(pool, a_, m0, k0, a);
      multiply_all(pool, a, b, p_.c + m0 * p_.m.second() + n0, k0 > 0);
    }
  }

  void pack_all(thread_pool& pool, const bf16_operand& x, std::int64_t first, std::int64_t k0, const bf16_panels& to) const {
    constexpr std::int64_t lines = 224;
    pool.run(detail::blocks_of(to.lines, lines), [&](std::int64_t k, int) {
      kernels_.pack(x, first + k * lines, k0, to.some(k * lines, std::min(lines, to.lines - k * lines)));
    });
  }

  void multiply_all(thread_pool& pool, const bf16_panels& a, const bf16_panels& b, float* c, bool add) const {
    const std::int64_t row_blocks = detail::blocks_of(a.lines, row_step), step = row_blocks == 1 ? column_step_of_one_block : column_step;
    pool.run(row_blocks * detail::blocks_of(b.lines, step), [&](std::int64_t k, int) {
      const std::int64_t m0 = k % row_blocks * row_step, n0 = k / row_blocks * step;
      kernels_.multiply(a.some(m0, std::min(row_step, a.lines - m0)), b.some(n0, std::min(step, b.lines - n0)), c + m0 * p_.m.second() + n0, p_.m.second(), add);
    });
  }

  const bf16_kernels kernels_;
  const bf16_precision precision_;
  const product& p_;
  const matrix_extents e_;
  bf16_operand a_, b_;
};

/// How products are computed, where that is not a pair pass's matter. Sums are fp32.
/// values: fp32, or operands rounded to bf16 as they are packed. With form exact a product that is large enough is the sum of six of bf16,
///         others are computed in fp32
struct dense_products {
  isa level;
  product_form form = product_form::fp32;
  bf16_kernels bf16 = {};

  /// The form of one product. Vectors are as fast as tiles where rows are few, since the weights come from memory, and where the weights
  /// are few, since packing takes as long.
  product_form form_of(const product& p, const matrix_extents& e) const {
    constexpr std::int64_t fewest_rows = 128, fewest_weights = 256 * 256;
    if (form != product_form::exact) return form;
    return e.rows >= fewest_rows && e.columns * e.depth >= fewest_weights && packed_bf16_product::serves(p, e) ? form : product_form::fp32;
  }

  /// One part, by one thread.
  void multiply(const product& p, const part& r, float* scratch) const {
    if (form == product_form::plain) gemm_bf16(bf16, bf16_precision::plain, p, r, false, scratch);
    else gemm(level, p, r, false, scratch);
  }

  /// The whole of a large product; whether it is one.
  bool multiply_packed(thread_pool& pool, workspace& scratch, const product& p, const matrix_extents& e) const {
    const product_form as = form_of(p, e);
    if (as == product_form::fp32) {
      if (!packed_product::serves(e)) return false;
      packed_product{level, p, e}.run(pool, scratch);
    } else {
      if (!packed_bf16_product::serves(p, e)) return false;
      packed_bf16_product{bf16, bf16_of(as), p, e}.run(pool, scratch);
    }
    return true;
  }
};

}  // namespace cpu
}  // namespace akin::inline v0
