// SPDX-License-Identifier: Apache-2.0
// The product of two labelled blocks of numbers, summed over what the result does not keep.
#pragma once

#include "akin/backend/cpu/kept_weights.hpp"
#include "akin/support/error.hpp"
#include "akin/tensor/view.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace akin::inline v0 {
namespace cpu {

namespace detail {

static_assert(workspace::worker_floats >= gemm_scratch && workspace::worker_floats >= bf16_scratch);

/// A contraction in matrix form: one product for each position of the axes that both operands and the result have.
struct contraction {
  struct batch_dimension {
    std::int64_t extent, a, b, out;
  };
  product matrix;
  int batch_rank = 0;
  std::array<batch_dimension, max_rank> batch{};
  std::int64_t batches = 1, rows = 1, columns = 1, depth = 1;

  product at(std::int64_t number) const {
    product p = matrix;
    for (int k = batch_rank; k-- > 0;) {
      const batch_dimension& d = batch[static_cast<std::size_t>(k)];
      const std::int64_t index = number % d.extent;
      number /= d.extent;
      p.a += index * d.a;
      p.b += index * d.b;
      p.c += index * d.out;
    }
    return p;
  }
};

/// Whether the axes that only `a` shares with the result should become the columns: columns are what vectors run along,
/// so they should be neighbours in the result, and not too few.
inline bool columns_from_first(const view<const float>& a, const view<const float>& b, const view<float>& out) {
  std::int64_t from_a = 1, from_b = 1;
  bool last_is_from_a = false;
  for (int k = 0; k < out.rank; ++k) {
    const auto d = static_cast<std::size_t>(k);
    const bool in_a = a.find(out.axis[d]) >= 0, in_b = b.find(out.axis[d]) >= 0;
    if (in_a == in_b || out.extent[d] == 1) continue;
    (in_a ? from_a : from_b) *= out.extent[d];
    last_is_from_a = in_a;
  }
  const std::int64_t columns = last_is_from_a ? from_a : from_b, rows = last_is_from_a ? from_b : from_a;
  const bool too_few = columns < 8 && rows >= 4 * columns && rows > 8;
  return last_is_from_a != too_few;
}

inline contraction matrix_form(view<const float> a, view<const float> b, const view<float>& out) {
  if (columns_from_first(a, b, out)) std::swap(a, b);
  contraction c;
  c.matrix.a = a.data;
  c.matrix.b = b.data;
  c.matrix.c = out.data;
  for (int k = 0; k < out.rank; ++k) {
    const int axis = out.axis[static_cast<std::size_t>(k)];
    const std::int64_t extent = out.extent[static_cast<std::size_t>(k)], step = out.stride(k);
    const bool in_a = a.find(axis) >= 0, in_b = b.find(axis) >= 0;
    if (!in_a && !in_b) fail("contract: axis ", axis, " of the result is in neither operand");
    if (in_a && in_b) {
      c.batches *= extent;
      if (extent > 1) c.batch[static_cast<std::size_t>(c.batch_rank++)] = {extent, a.stride_of(axis), b.stride_of(axis), step};
    } else {
      (in_a ? c.rows : c.columns) *= extent;
      (in_a ? c.matrix.m : c.matrix.n).append(extent, in_a ? a.stride_of(axis) : b.stride_of(axis), step);
    }
  }
  for (int k = 0; k < a.rank; ++k)
    if (const auto d = static_cast<std::size_t>(k); out.find(a.axis[d]) < 0) {
      c.depth *= a.extent[d];
      c.matrix.k.append(a.extent[d], a.stride(k), b.stride_of(a.axis[d]));
    }
  for (int k = 0; k < b.rank; ++k)
    if (const auto d = static_cast<std::size_t>(k); out.find(b.axis[d]) < 0 && a.find(b.axis[d]) < 0) {
      c.depth *= b.extent[d];
      c.matrix.k.append(b.extent[d], 0, b.stride(k));
    }
  return c;
}

inline void check_extents(const view<const float>& a, const view<const float>& b) {
  for (int k = 0; k < a.rank; ++k) {
    const auto d = static_cast<std::size_t>(k);
    const int other = b.find(a.axis[d]);
    if (other >= 0 && b.extent[static_cast<std::size_t>(other)] != a.extent[d])
      fail("contract: axis ", a.axis[d], " has extent ", a.extent[d], " in one operand and ",
           b.extent[static_cast<std::size_t>(other)], " in the other");
  }
}

/// Products of single numbers: nothing is summed and nothing is reused.
inline void contract_elements(thread_pool& pool, const contraction& c) {
  constexpr std::int64_t step = 4096;
  pool.run(blocks_of(c.batches, step), [&](std::int64_t block, int) {
    for (std::int64_t i = block * step; i < std::min(c.batches, (block + 1) * step); ++i) {
      const product p = c.at(i);
      *p.c = *p.a * *p.b;
    }
  });
}

/// Few results, long sums (the gradient of a weight over all rows of a batch): k is cut, and the parts are added in order.
inline void contract_long_sums(thread_pool& pool, const dense_products& products, workspace& scratch, const contraction& c) {
  constexpr std::int64_t element_step = 2048;
  const std::int64_t elements = c.rows * c.columns;
  const std::int64_t most = std::min<std::int64_t>(32, workspace::shared_floats / elements);
  const std::int64_t step = blocks_of(c.depth, std::min(most, blocks_of(c.depth, 1024))), parts = blocks_of(c.depth, step);
  float* const partial = scratch.shared();
  for (std::int64_t batch = 0; batch < c.batches; ++batch) {
    const product whole = c.at(batch);
    pool.run(parts, [&](std::int64_t k, int worker) {
      product p = whole;
      p.c = partial + k * elements;
      std::int64_t inner = 1;  // the partial result is dense: [m, n]
      for (index_space* space : {&p.n, &p.m})
        for (int d = space->rank; d-- > 0;) {
          space->dimensions[static_cast<std::size_t>(d)].second = inner;
          inner *= space->dimensions[static_cast<std::size_t>(d)].extent;
        }
      products.multiply(p, {0, c.rows, 0, c.columns, k * step, std::min(c.depth, (k + 1) * step)}, scratch.worker(worker));
    });
    pool.run(blocks_of(elements, element_step), [&](std::int64_t block, int) {
      const std::int64_t begin = block * element_step, end = std::min(elements, begin + element_step);
      std::array<float, static_cast<std::size_t>(element_step)> sums;
      add_parts(products.level, partial + begin, parts, elements, end - begin, sums.data());
      for (std::int64_t i = begin; i < end;) {
        const index_walk row(whole.m, i / c.columns);
        index_walk column(whole.n, i % c.columns);
        const std::int64_t stop = std::min(end, (i / c.columns + 1) * c.columns);
        for (; i < stop; ++i, column.next()) whole.c[row.second + column.second] = sums[static_cast<std::size_t>(i - begin)];
      }
    });
  }
}

/// Large products, one for each position of the batch. Whether they were.
inline bool contract_packed(thread_pool& pool, const dense_products& products, workspace& scratch, const contraction& c) {
  if (c.batches > 4) return false;
  for (std::int64_t batch = 0; batch < c.batches; ++batch)
    if (!products.multiply_packed(pool, scratch, c.at(batch), {c.rows, c.columns, c.depth})) return false;
  return true;
}

/// Blocks of batches, rows and columns; at least a quarter of a million multiply-adds each, some 5 microseconds.
inline void contract_blocks(thread_pool& pool, const dense_products& products, workspace& scratch, const contraction& c) {
  constexpr std::int64_t enough = std::int64_t{1} << 18;
  const std::int64_t depth = std::max<std::int64_t>(1, c.depth), row_unit = tile_rows_of(products.level);
  const std::int64_t column_step = even_step(c.columns, column_block, tile_cols_of(products.level));
  const std::int64_t rows_wanted = std::max(8 * row_unit, enough / (depth * std::min(c.columns, column_step)));
  const std::int64_t row_step = even_step(c.rows, rows_wanted, row_unit);
  const std::int64_t row_blocks = blocks_of(c.rows, row_step), column_blocks = blocks_of(c.columns, column_step);
  const std::int64_t blocks = row_blocks * column_blocks;
  const std::int64_t together = blocks > 1 ? 1 : std::max<std::int64_t>(1, enough / (c.rows * c.columns * depth));
  pool.run(blocks_of(c.batches, together) * blocks, [&](std::int64_t block, int worker) {
    const std::int64_t m0 = block / column_blocks % row_blocks * row_step, n0 = block % column_blocks * column_step;
    const part r{m0, std::min(c.rows, m0 + row_step), n0, std::min(c.columns, n0 + column_step), 0, c.depth};
    const std::int64_t first = block / blocks * together;
    for (std::int64_t batch = first; batch < std::min(c.batches, first + together); ++batch)
      products.multiply(c.at(batch), r, scratch.worker(worker));
  });
}

}  // namespace detail

/// out = a b, summed over every axis that out does not have; the axes of the three may stand in any order.
/// shapes: [..A, ..both, ..k] x [..B, ..both, ..k] -> [..A, ..B, ..both]; an axis of one operand alone that out lacks is summed too
/// values: as `products` say; each result is summed by one owner in an order that depends on the extents and the instruction set, never on
///         the number of threads; a sum over nothing is 0
/// cost:   2 |A| |B| |both| |k| operations; no allocation
/// errors: run time "contract: ..." where extents differ or an axis of out is in neither operand
inline void contract(thread_pool& pool, const dense_products& products, workspace& scratch, view<const float> a, view<const float> b,
                     view<float> out, kept_weights* kept = nullptr) {
  detail::check_extents(a, b);
  const detail::contraction c = detail::matrix_form(a, b, out);
  if (c.batches * c.rows * c.columns == 0) return;
  if (kept && c.batches == 1 && kept->multiply(pool, scratch, c.matrix, {c.rows, c.columns, c.depth})) return;
  const std::int64_t elements = c.rows * c.columns;
  if (elements == 1 && c.matrix.k.rank == 0 && c.depth == 1) detail::contract_elements(pool, c);
  else if (c.depth >= 2048 && c.depth >= 4 * std::max(c.rows, c.columns) && elements <= 65536 && c.batches < 16)
    detail::contract_long_sums(pool, products, scratch, c);
  else if (!detail::contract_packed(pool, products, scratch, c)) detail::contract_blocks(pool, products, scratch, c);
}

}  // namespace cpu
}  // namespace akin::inline v0
