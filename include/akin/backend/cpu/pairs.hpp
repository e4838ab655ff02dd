// SPDX-License-Identifier: Apache-2.0
// Pair passes: everything with two batch axes, computed tile by tile in cache and never stored.
#pragma once

#include <akin/backend/cpu/isa/chain.hpp>
#include <akin/backend/cpu/isa/gemm.hpp>
#include <akin/backend/cpu/map.hpp>

#include <algorithm>

namespace akin::inline v0 {
namespace cpu {

/// Rows and columns of a tile, from the extents alone: large tiles reuse packed panels, small problems need tiles enough for every core.
struct tile_shape {
  std::int64_t rows, columns;
};
constexpr tile_shape tile_of_pairs(std::int64_t rows, std::int64_t columns) { return {rows >= 2048 ? 112 : rows >= 512 ? 56 : 28, columns >= 2048 ? 256 : columns >= 512 ? 128 : 64}; }
inline constexpr tile_shape largest_tile{112, 256};

namespace detail {

/// One pass. Tiles run in waves: in wave w, block i of the longer side meets block (i + w) of the other, so that every block of rows and
/// of columns has one owner at a time and its sums are made in one order, whatever the number of threads.
class pair_pass {
 public:
  pair_pass(const pair_arguments<float>& a, isa level, chain_function chain, workspace& scratch, float* tiles, std::int64_t tiles_per_worker, float* sums)
      : a_{a}, level_{level}, run_{chain}, kernels_{chain_kernels_of(level)}, scratch_{scratch}, tiles_{tiles}, tiles_per_worker_{tiles_per_worker}, sums_{sums}, tile_{tile_of_pairs(a.rows, a.columns)} {}

  void run(thread_pool& pool) {
    for (const auto& r : a_.reductions) std::fill_n(r.out, r.keeps_rows ? a_.rows : r.keeps_columns ? a_.columns : 1, start_of(r.kind));
    for (const auto& c : a_.contractions) std::fill_n(c.out.data, c.out.size(), 0.f);
    if (a_.rows == 0 || a_.columns == 0) return;
    const std::int64_t down = (a_.rows + tile_.rows - 1) / tile_.rows, along = (a_.columns + tile_.columns - 1) / tile_.columns;
    const std::int64_t shorter = std::min(down, along), longer = std::max(down, along);
    std::int64_t scalars = 0;
    for (const auto& r : a_.reductions) scalars += r.keeps_rows || r.keeps_columns ? 0 : 1;
    for (std::int64_t k = 0; k < shorter; ++k) start_scalars(k, scalars);
    for (std::int64_t wave = 0; wave < longer; ++wave)
      pool.run(shorter, [&](std::int64_t k, int worker) {
        const std::int64_t other = (k + wave) % longer;
        run_tile(down <= along ? k : other, down <= along ? other : k, worker, sums_ + k * max_chain_results);
      });
    for (std::size_t r = 0; r < a_.reductions.size(); ++r)
      if (const auto& x = a_.reductions[r]; !x.keeps_rows && !x.keeps_columns)
        for (std::int64_t k = 0; k < shorter; ++k) *x.out = merged(x.kind, *x.out, sums_[k * max_chain_results + static_cast<std::int64_t>(r)]);
  }

 private:
  void start_scalars(std::int64_t k, std::int64_t scalars) {
    if (scalars == 0) return;
    for (std::size_t r = 0; r < a_.reductions.size(); ++r) sums_[k * max_chain_results + static_cast<std::int64_t>(r)] = start_of(a_.reductions[r].kind);
  }

  void run_tile(std::int64_t row_block, std::int64_t column_block, int worker, float* scalars) {
    const std::int64_t i0 = row_block * tile_.rows, j0 = column_block * tile_.columns;
    const std::int64_t rows = std::min(tile_.rows, a_.rows - i0), columns = std::min(tile_.columns, a_.columns - j0), stride = tile_.columns;
    const std::int64_t tile_floats = tile_.rows * tile_.columns;
    float* const products = tiles_ + worker * tiles_per_worker_;
    float* const results = products + static_cast<std::int64_t>(a_.products.size()) * tile_floats;
    float* const uniform = results + static_cast<std::int64_t>(a_.reductions.size() + a_.contractions.size()) * tile_floats;
    float* const scratch = scratch_.worker(worker);

    for (std::size_t k = 0; k < a_.products.size(); ++k) {
      const auto& p = a_.products[k];
      multiply({p.left.data + i0 * p.left.stride_of(p.row), p.right.data + j0 * p.right.stride_of(p.column), products + static_cast<std::int64_t>(k) * tile_floats,
                {rows, p.left.stride_of(p.row), stride}, {columns, p.right.stride_of(p.column), 1},
                {p.left.extent[static_cast<std::size_t>(p.left.find(p.inner))], p.left.stride_of(p.inner), p.right.stride_of(p.inner)}},
               false, scratch);
    }
    evaluate(i0, j0, rows, columns, products, results, uniform);
    for (std::size_t r = 0; r < a_.reductions.size(); ++r)
      reduce(a_.reductions[r], results + a_.reductions[r].step * tile_floats, i0, j0, rows, columns, scalars + r);
    for (const auto& c : a_.contractions) {
      const float* g = results + c.step * tile_floats;
      const int inner = c.tall.axis[0] == (c.keeps_rows ? a_.column : a_.row) ? c.tall.axis[1] : c.tall.axis[0];
      const std::int64_t depth = c.tall.extent[static_cast<std::size_t>(c.tall.find(inner))];
      const std::int64_t tall_step = c.tall.stride_of(c.keeps_rows ? a_.column : a_.row), out_step = c.out.stride_of(c.keeps_rows ? a_.row : a_.column);
      if (c.keeps_rows)
        multiply({g, c.tall.data + j0 * tall_step, c.out.data + i0 * out_step, {rows, stride, out_step}, {depth, c.tall.stride_of(inner), c.out.stride_of(inner)}, {columns, 1, tall_step}}, true, scratch);
      else
        multiply({g, c.tall.data + i0 * tall_step, c.out.data + j0 * out_step, {columns, 1, out_step}, {depth, c.tall.stride_of(inner), c.out.stride_of(inner)}, {rows, stride, tall_step}}, true, scratch);
    }
  }

  void multiply(const product& p, bool add, float* scratch) const { gemm(level_, p, {0, p.m.size(), 0, p.n.size(), 0, p.k.size()}, add, scratch); }

  // The pair expression over the tile, a row at a time: row values are one number, column values a line of memory.
  void evaluate(std::int64_t i0, std::int64_t j0, std::int64_t rows, std::int64_t columns, const float* products, float* results, float* uniform) const {
    const std::int64_t stride = tile_.columns, tile_floats = tile_.rows * tile_.columns;
    chain_call call;
    call.count = columns;
    const auto splat_into = [&](std::size_t k, const void* number) {
      float value;
      std::memcpy(&value, number, sizeof value);
      std::fill_n(uniform + static_cast<std::int64_t>(k) * largest_tile.columns, kernels_.lanes, value);
    };
    for (std::size_t k = 0; k < a_.operands.size(); ++k) {
      const auto& o = a_.operands[k];
      call.in[k] = uniform + static_cast<std::int64_t>(k) * largest_tile.columns;
      call.step[k] = o.kind == operand_kind::product || o.per_column ? 1 : 0;
      if (o.kind == operand_kind::product) continue;
      if (o.per_column && o.kind == operand_kind::position) {
        for (std::int64_t j = 0; j < columns; ++j) {
          const auto number = static_cast<std::int32_t>(j0 + j);
          std::memcpy(uniform + static_cast<std::int64_t>(k) * largest_tile.columns + j, &number, sizeof number);
        }
      } else if (o.per_column) {
        call.in[k] = static_cast<const float*>(o.data) + j0;
      } else if (!o.per_row) {
        splat_into(k, o.data);
      }
    }
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::size_t k = 0; k < a_.operands.size(); ++k) {
        const auto& o = a_.operands[k];
        if (o.kind == operand_kind::product) call.in[k] = products + o.product * tile_floats + i * stride;
        else if (o.per_row && o.kind == operand_kind::position) {
          const auto number = static_cast<std::int32_t>(i0 + i);
          splat_into(k, &number);
        } else if (o.per_row) splat_into(k, static_cast<const float*>(o.data) + i0 + i);
      }
      const auto aim = [&](int step) { call.out[static_cast<std::size_t>(step)] = results + step * tile_floats + i * stride; };
      for (const auto& r : a_.reductions) aim(r.step);
      for (const auto& c : a_.contractions) aim(c.step);
      run_(call);
    }
  }

  void reduce(const pair_reduction<float>& r, const float* tile, std::int64_t i0, std::int64_t j0, std::int64_t rows, std::int64_t columns, float* scalar) const {
    const std::int64_t stride = tile_.columns;
    if (r.keeps_columns && r.kind == reduction::log_sum_exp) return kernels_.log_sum_exp_columns(r.out + j0, tile, rows, columns, stride);
    for (std::int64_t i = 0; i < rows; ++i) {
      if (r.keeps_columns) kernels_.reduce_into(r.kind, r.out + j0, tile + i * stride, columns);
      else {
        float& into = r.keeps_rows ? r.out[i0 + i] : *scalar;
        into = merged(r.kind, into, kernels_.reduce_row(r.kind, tile + i * stride, columns));
      }
    }
  }

  const pair_arguments<float>& a_;
  isa level_;
  chain_function run_;
  chain_kernels kernels_;
  workspace& scratch_;
  float* tiles_;
  std::int64_t tiles_per_worker_;
  float* sums_;
  tile_shape tile_;
};

}  // namespace detail
}  // namespace cpu
}  // namespace akin::inline v0
