// SPDX-License-Identifier: Apache-2.0
// Pair passes: everything with two batch axes, computed tile by tile in cache.
#pragma once

#include <akin/backend/cpu/isa/chain.hpp>
#include <akin/backend/cpu/map.hpp>
#include <akin/backend/cpu/pair_products.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

namespace akin::inline v0 {
namespace cpu {

/// The tiles of a pair space, from the extents alone: large enough to reuse what a core's cache holds, and many enough for every core.
struct pair_tiles {
  std::int64_t rows = 0, columns = 0;  // of the space
  std::int64_t tile_rows = 0, tile_columns = 0;

  static constexpr std::int64_t most_rows = 224, most_columns = 256, fewest_rows = 28;

  constexpr pair_tiles(std::int64_t rows_, std::int64_t columns_)
      : rows{rows_}, columns{columns_}, tile_rows{rows_of_tile(rows_)}, tile_columns{columns_of_tile(columns_)} {}

  static constexpr std::int64_t rows_of_tile(std::int64_t rows) { return rows >= 2048 ? most_rows : rows >= 512 ? 112 : fewest_rows; }
  static constexpr std::int64_t columns_of_tile(std::int64_t columns) { return columns >= 2048 ? most_columns : columns >= 512 ? 128 : 64; }

  constexpr std::int64_t down() const { return (rows + tile_rows - 1) / tile_rows; }
  constexpr std::int64_t along() const { return (columns + tile_columns - 1) / tile_columns; }
  constexpr std::int64_t floats() const { return tile_rows * tile_columns; }
  /// Numbers of one product that is kept from pass to pass, whole tiles.
  constexpr std::int64_t kept_floats() const { return down() * along() * floats(); }

  /// Blocks of rows or of columns whose embeddings are packed at once: 10 MB of them, in three parts 15.
  static constexpr std::int64_t blocks_at_once(std::int64_t side, std::int64_t tile, std::int64_t width) {
    return std::clamp<std::int64_t>(packed_at_once / block_floats(tile, width), 1, std::max<std::int64_t>((side + tile - 1) / tile, 1));
  }
  /// At most, whatever the form: a panel or strip that is not full, depths that are no multiple of 32, three bf16 for each number.
  static constexpr std::int64_t block_floats(std::int64_t tile, std::int64_t width) { return (tile + 32) * (width + 32) * 3 / 2; }
  /// Room for one operand's packed blocks on either side of the space, of every smaller space, and of narrower embeddings: smaller tiles
  /// have other margins.
  constexpr std::int64_t packed_floats(std::int64_t width) const {
    std::int64_t most = 0;
    for (const std::int64_t side : {std::int64_t{511}, std::int64_t{2047}, std::max(rows, columns)}) {
      const std::int64_t r = std::min(rows, side), c = std::min(columns, side);
      most = std::max({most, floats_at_once(r, rows_of_tile(r), width), floats_at_once(c, columns_of_tile(c), width)});
    }
    return most;
  }

 private:
  static constexpr std::int64_t packed_at_once = std::int64_t{15} << 18;
  static constexpr std::int64_t floats_at_once(std::int64_t side, std::int64_t tile, std::int64_t width) {
    return std::min((side + tile - 1) / tile * block_floats(tile, width), std::max(packed_at_once, block_floats(tile, width)));
  }
};

/// What a reduction that cannot be merged remembers of each row or column.
constexpr std::int64_t state_floats(reduction kind, int k, std::int64_t lines) {
  return kind == reduction::kth_largest ? k * lines : kind == reduction::arg_max ? lines : 0;
}

/// The memory that the pair passes of a program share: as much as the largest of them needs.
class pair_memory {
 public:
  template <class Blueprint, class Extents>
  [[gnu::cold]] void reserve(const Blueprint& b, const Extents& extents, int workers) {
    if (b.pair_passes == 0) return;
    std::int64_t tile_count = 0, factors = 0, blocks = 0, all_states = 0;
    for (const auto& s : b.steps) {
      if (!s.is_pair_pass()) continue;
      const pair_tiles space{extents[s.space[0]], extents[s.space[1]]};
      const auto operands = b.operands_of(s);
      const auto lists = std::count_if(operands.begin(), operands.end(), [](const auto& o) { return o.kind == operand_kind::listed; });
      tile_count = std::max<std::int64_t>(tile_count, s.product_count + lists + s.sink_count);
      factors = std::max<std::int64_t>(factors, 2 * s.product_count + s.sink_count);
      floats_per_factor = std::max(floats_per_factor, whole_vectors(space.packed_floats(b.widest_factor(s, extents))));
      blocks = std::max(blocks, space.rows / pair_tiles::fewest_rows + 1);
      std::int64_t of_this = 0;
      for (const auto& sink : b.sinks_of(s)) {
        const auto& n = b.at(sink.node);
        of_this += state_floats(n.op->reduces, n.argument[0], n.axes.has(s.space[0]) ? space.rows : space.columns);
      }
      all_states = std::max(all_states, of_this);
    }
    constexpr std::int64_t rows = pair_tiles::most_rows, columns = pair_tiles::most_columns;
    floats_per_worker = tile_count * (rows + 16) * columns + pair_tiles::block_floats(rows, columns) + vectors_floats;  // one is packed
    floats_ = aligned_floats{workers * floats_per_worker + factors * floats_per_factor + blocks * max_chain_results + all_states};
    tiles = floats_.data();
    packed = tiles + workers * floats_per_worker;
    sums = packed + factors * floats_per_factor;
    states = sums + blocks * max_chain_results;
  }

  float* tiles = nullptr;              // of each worker: its tiles and vectors
  std::int64_t floats_per_worker = 0;
  float* packed = nullptr;             // packed_floats for each product's two factors and for each contraction's one
  std::int64_t floats_per_factor = 0;
  float* sums = nullptr;               // max_chain_results for each block of rows
  float* states = nullptr;             // state_floats of the pass

 private:
  // What a worker needs beside its tiles: vectors along a tile, one for each operand and two for each result.
  static constexpr std::int64_t vectors_floats = (max_chain_operands + 2 * max_chain_results) * std::max(pair_tiles::most_rows, pair_tiles::most_columns);
  static constexpr std::int64_t whole_vectors(std::int64_t floats) { return (floats + 15) / 16 * 16; }

  aligned_floats floats_;
};

/// One pass over the pairs. The space is cut into super-tiles, whose embeddings are packed once, and those into tiles. The tiles of a
/// super-tile run in waves: in wave w, block i of the shorter side meets block (i + w) of the longer one, round its end, so that every block
/// of rows and of columns has one owner at a time and its sums are made in one order, whatever the number of threads.
class pair_pass {
 public:
  pair_pass(const pair_arguments<float>& a, isa level, const pair_forms& forms, const bf16_kernels& bf16, const pair_functions& functions, const pair_memory& m)
      : a_{a}, functions_{functions}, kernels_{chain_kernels_of(level)}, similarity_{forms.similarity, level, bf16},
        gradient_{rows_follow(a) ? forms.gradient : product_form::fp32, level, bf16}, vectors_{product_form::fp32, level, bf16}, memory_{m}, t_{a.rows, a.columns} {}

  void run(thread_pool& pool) {
    start_reductions();
    for (const auto& c : a_.contractions)
      if (!a_.goes_on(c)) std::fill_n(c.out.data, c.out.size(), 0.f);
    if (a_.rows == 0 || a_.columns == 0) return;
    list_factors();
    const std::int64_t down = pair_tiles::blocks_at_once(a_.rows, t_.tile_rows, widest_);
    const std::int64_t along = pair_tiles::blocks_at_once(a_.columns, t_.tile_columns, widest_);
    for (std::int64_t k = 0; k < t_.down(); ++k)
      for (const auto& r : a_.reductions) sum_of(k, r) = start_of(r.kind);
    for (std::int64_t i = 0; i < t_.down(); i += down) {
      pack(pool, true, i, std::min(down, t_.down() - i));
      for (std::int64_t j = 0; j < t_.along(); j += along) {
        pack(pool, false, j, std::min(along, t_.along() - j));
        run_super_tile(pool, i, std::min(down, t_.down() - i), j, std::min(along, t_.along() - j));
      }
    }
    for (const auto& r : a_.reductions)
      if (!r.keeps_rows && !r.keeps_columns)
        for (std::int64_t k = 0; k < t_.down(); ++k) *r.out = merged(r.kind, *r.out, sum_of(k, r));
  }

 private:
  // One operand of a product, packed for its blocks of rows or of columns.
  struct factor {
    const pair_products* by = nullptr;
    const float* from = nullptr;
    std::int64_t batch_step = 0, width_step = 0, width = 0;
    bool of_rows = false, left = false, contracts_batch = false;
    float* packed = nullptr;
    std::int64_t block_floats = 0;
    /// Block `number`, whose extent along the batch is `count`.
    packed_block block(std::int64_t number, std::int64_t count) const {
      return contracts_batch ? packed_block{packed + number * block_floats, width, count} : packed_block{packed + number * block_floats, count, width};
    }
  };

  static constexpr std::int64_t narrowest = 128;  // that tiles multiply in fp32 sooner than vectors do: packing costs the same for every width

  // Gradients whose width is not contiguous, because an embedding's axes were given in the other order, are computed in fp32.
  static bool rows_follow(const pair_arguments<float>& a) {
    bool all = true;
    for (const auto& c : a.contractions) all = all && c.out.axis[0] == (c.keeps_rows ? a.row : a.column);
    return all;
  }

  void list_factors() {
    const auto add = [&](const pair_products& wanted, const view<const float>& v, int batch, bool of_rows, bool left, bool contracts_batch) {
      const int inner = v.axis[0] == batch ? v.axis[1] : v.axis[0];
      const std::int64_t width = v.extent[static_cast<std::size_t>(v.find(inner))], tile = of_rows ? t_.tile_rows : t_.tile_columns;
      const pair_products& products = wanted.form() == product_form::exact && width < narrowest ? vectors_ : wanted;
      factors_[static_cast<std::size_t>(factor_count_)] = {
          &products, v.data, v.stride_of(batch), v.stride_of(inner), width, of_rows, left, contracts_batch,
          memory_.packed + factor_count_ * memory_.floats_per_factor,
          contracts_batch ? products.floats(left, width, tile) : products.floats(left, tile, width)};
      ++factor_count_;
      widest_ = std::max(widest_, width);
    };
    for (const auto& p : a_.products) {
      add(similarity_, p.left, a_.row, true, true, false);
      add(similarity_, p.right, a_.column, false, false, false);
    }
    for (const auto& c : a_.contractions) add(gradient_, c.tall, c.keeps_rows ? a_.column : a_.row, !c.keeps_rows, false, true);
  }

  void pack(thread_pool& pool, bool of_rows, std::int64_t first, std::int64_t blocks) {
    pool.run(blocks * factor_count_, [&](std::int64_t k, int) {
      const auto number = static_cast<std::size_t>(k / blocks);
      const factor& f = factors_[number];
      if (f.of_rows != of_rows || (!f.contracts_batch && a_.products[number / 2].memory == product_memory::read)) return;
      const std::int64_t tile = of_rows ? t_.tile_rows : t_.tile_columns, at = (first + k % blocks) * tile;
      const std::int64_t count = std::min(tile, (of_rows ? a_.rows : a_.columns) - at);
      const float* const from = f.from + at * f.batch_step;
      f.by->pack(f.left, from, f.contracts_batch ? f.width_step : f.batch_step, f.contracts_batch ? f.batch_step : f.width_step, f.block(k % blocks, count));
    });
  }

  void run_super_tile(thread_pool& pool, std::int64_t i, std::int64_t down, std::int64_t j, std::int64_t along) {
    const std::int64_t shorter = std::min(down, along), longer = std::max(down, along);
    for (std::int64_t wave = 0; wave < longer; ++wave)
      pool.run(shorter, [&](std::int64_t k, int worker) {
        const std::int64_t other = (k + wave) % longer;
        tile_of_worker{*this, i, down <= along ? k : other, j, down <= along ? other : k, worker}.run();
      });
  }

  void start_reductions() {
    float* state = memory_.states;
    for (const auto& r : a_.reductions) {
      const std::int64_t lines = r.keeps_rows ? a_.rows : r.keeps_columns ? a_.columns : 1;
      const std::int64_t floats = state_floats(r.kind, r.k, lines);
      states_[static_cast<std::size_t>(r.step)] = std::exchange(state, std::fill_n(state, floats, start_of(r.kind)));
      if (a_.goes_on(r)) continue;
      if (r.indices) std::fill_n(r.indices, lines, 0);
      else std::fill_n(r.out, lines, start_of(r.kind));
    }
  }

  float& sum_of(std::int64_t row_block, const pair_reduction<float>& r) const { return memory_.sums[row_block * max_chain_results + r.step]; }

  /// The work on one tile, with the memory that it uses.
  class tile_of_worker {
   public:
    tile_of_worker(const pair_pass& pass, std::int64_t first_row_block, std::int64_t row, std::int64_t first_column_block, std::int64_t column, int worker)
        : p_{pass}, a_{pass.a_}, t_{pass.t_}, row_number_{row}, column_number_{column}, owner_{first_row_block + row},
          number_{owner_ * t_.along() + first_column_block + column}, i0_{owner_ * t_.tile_rows},
          j0_{(first_column_block + column) * t_.tile_columns}, rows_{std::min(t_.tile_rows, a_.rows - i0_)},
          columns_{std::min(t_.tile_columns, a_.columns - j0_)}, free_{pass.memory_.tiles + worker * pass.memory_.floats_per_worker} {}

    void run() {
      call_.rows = rows_;
      call_.columns = columns_;
      call_.stride = t_.tile_columns;
      bring_products();
      bring_operands();
      aim_results();
      p_.functions_.run(call_);
      for (const auto& r : a_.reductions) finish(r);
      for (std::size_t k = 0; k < a_.contractions.size(); ++k) contract(a_.contractions[k], p_.factors_[2 * a_.products.size() + k]);
    }

   private:
    float* take(std::int64_t floats) { return std::exchange(free_, free_ + (floats + 15) / 16 * 16); }  // whole vectors

    void bring_products() {
      for (std::size_t k = 0; k < a_.products.size(); ++k) {
        const auto& p = a_.products[k];
        float* const tile = products_[k] = p.memory == product_memory::none ? take(t_.floats()) : p.kept + number_ * t_.floats();
        if (p.memory == product_memory::read) continue;
        const factor &left = p_.factors_[2 * k], &right = p_.factors_[2 * k + 1];
        left.by->multiply(left.block(row_number_, rows_), right.block(column_number_, columns_), tile, t_.tile_columns, 1, false);
      }
    }

    // Vectors along columns are copied, so that reading a whole vector at their end stays inside.
    void bring_operands() {
      for (std::size_t k = 0; k < a_.operands.size(); ++k) {
        const auto& o = a_.operands[k];
        const auto* const data = static_cast<const float*>(o.data);
        if (o.kind == operand_kind::product) call_.in[k] = products_[static_cast<std::size_t>(o.product)];
        else if (o.kind == operand_kind::listed) call_.in[k] = marked(o);
        else if (o.kind == operand_kind::position) call_.in[k] = numbered(o.per_row ? a_.first_row + i0_ : a_.first_column + j0_, o.per_row ? t_.tile_rows : t_.tile_columns);
        else if (o.per_column) {
          float* const copy = take(t_.tile_columns);
          std::copy_n(data + j0_, columns_, copy);
          std::fill_n(copy + columns_, t_.tile_columns - columns_, 0.f);
          call_.in[k] = copy;
        } else call_.in[k] = o.per_row ? data + i0_ : data;
      }
    }
    const float* marked(const pair_operand<float>& o) {
      float* const tile = take(t_.floats());
      std::fill_n(tile, t_.floats(), 0.f);
      const auto& ascending = o.by_rows ? o.listed_rows : o.listed_columns;
      const std::int64_t i0 = a_.first_row + i0_, j0 = a_.first_column + j0_;
      const auto first = std::lower_bound(ascending.begin(), ascending.end(), o.by_rows ? i0 : j0);
      const auto last = std::lower_bound(first, ascending.end(), o.by_rows ? i0 + rows_ : j0 + columns_);
      for (auto k = static_cast<std::size_t>(first - ascending.begin()); k < static_cast<std::size_t>(last - ascending.begin()); ++k)
        if (const std::int64_t i = o.listed_rows[k] - i0, j = o.listed_columns[k] - j0; i >= 0 && i < rows_ && j >= 0 && j < columns_)
          tile[i * t_.tile_columns + j] = 1.f;
      return tile;
    }
    const float* numbered(std::int64_t from, std::int64_t count) {
      float* const numbers = take(count);
      for (std::int64_t k = 0; k < count; ++k) {
        const auto number = static_cast<std::int32_t>(from + k);
        std::memcpy(numbers + k, &number, sizeof number);
      }
      return numbers;
    }

    void aim_results() {
      for (const auto& r : a_.reductions) {
        const auto k = static_cast<std::size_t>(r.step);
        if (!folds(r.kind)) store(k);
        if (!merges(r.kind)) continue;
        if (!r.keeps_columns || !folds(r.kind)) call_.rows_out[k] = take(t_.tile_rows);
        if (!r.keeps_columns) continue;
        call_.columns_out[k] = take(t_.tile_columns);
        std::fill_n(call_.columns_out[k], t_.tile_columns, start_of(r.kind));
      }
      for (const auto& c : a_.contractions) store(static_cast<std::size_t>(c.step));
    }

    // Results that take the same line of the tape share a tile; the first of them stores it.
    void store(std::size_t result) {
      for (std::size_t k = 0; k < result; ++k)
        if (call_.tile[k] != nullptr && a_.lines[k] == a_.lines[result]) {
          stored_[result] = call_.tile[k];
          return;
        }
      stored_[result] = call_.tile[result] = take(t_.floats());
    }

    void finish(const pair_reduction<float>& r) {
      const auto k = static_cast<std::size_t>(r.step);
      const std::int64_t first = r.keeps_rows ? i0_ : j0_;
      if (r.kind == reduction::kth_largest)
        return p_.functions_.kth_largest(stored_[k], rows_, columns_, t_.tile_columns, r.keeps_rows, r.k, p_.states_[k] + first * r.k, r.out + first);
      if (r.kind == reduction::arg_max)
        return p_.functions_.arg_max(stored_[k], rows_, columns_, t_.tile_columns, r.keeps_rows, static_cast<std::int32_t>(i0_), static_cast<std::int32_t>(j0_),
                                     p_.states_[k] + first, r.indices + first);
      if (r.kind == reduction::log_sum_exp && !summed_[k]) {
        // The same entries along the other axis, if they are asked for, cost no exponentials of their own.
        const pair_reduction<float>* columns = r.keeps_columns ? &r : nullptr;
        for (const auto& other : a_.reductions)
          if (const auto o = static_cast<std::size_t>(other.step); other.kind == r.kind && other.keeps_columns != r.keeps_columns && a_.lines[o] == a_.lines[k]) {
            if (other.keeps_columns) columns = &other;
            else call_.rows_out[o] = call_.rows_out[k];
            summed_[o] = true;
          }
        float* const columns_out = columns ? call_.columns_out[static_cast<std::size_t>(columns->step)] : nullptr;
        p_.functions_.log_sum_exp(stored_[k], rows_, columns_, t_.tile_columns, call_.rows_out[k], columns_out);
      }
      if (r.keeps_columns) return p_.kernels_.reduce_into(r.kind, r.out + j0_, call_.columns_out[k], columns_);
      if (r.keeps_rows) return p_.kernels_.reduce_into(r.kind, r.out + i0_, call_.rows_out[k], rows_);
      float& sum = p_.sum_of(owner_, r);
      sum = merged(r.kind, sum, p_.kernels_.reduce_row(r.kind, call_.rows_out[k], rows_));
    }

    void contract(const pair_contraction<float>& c, const factor& tall) {
      const float* const g = stored_[static_cast<std::size_t>(c.step)];
      const std::int64_t stride = t_.tile_columns, out_step = c.out.stride_of(c.keeps_rows ? a_.row : a_.column);
      const packed_block left = c.keeps_rows ? packed_block{free_, rows_, columns_} : packed_block{free_, columns_, rows_};
      const int inner = c.out.axis[0] == (c.keeps_rows ? a_.row : a_.column) ? c.out.axis[1] : c.out.axis[0];
      tall.by->pack(true, g, c.keeps_rows ? stride : 1, c.keeps_rows ? 1 : stride, left);
      const packed_block right = tall.block(c.keeps_rows ? column_number_ : row_number_, c.keeps_rows ? columns_ : rows_);
      tall.by->multiply(left, right, c.out.data + (c.keeps_rows ? i0_ : j0_) * out_step, out_step, c.out.stride_of(inner), true);
    }

    const pair_pass& p_;
    const pair_arguments<float>& a_;
    const pair_tiles& t_;
    std::int64_t row_number_, column_number_, owner_, number_, i0_, j0_, rows_, columns_;
    float* free_;
    pair_call call_{};
    std::array<float*, max_chain_operands> products_{};
    std::array<float*, max_chain_results> stored_{};
    std::array<bool, max_chain_results> summed_{};
  };

  const pair_arguments<float>& a_;
  const pair_functions& functions_;
  chain_kernels kernels_;
  pair_products similarity_, gradient_, vectors_;
  const pair_memory& memory_;
  pair_tiles t_;
  std::array<factor, 2 * max_chain_operands + max_chain_results> factors_{};
  std::int64_t factor_count_ = 0, widest_ = 0;
  std::array<float*, max_chain_results> states_{};
};

}  // namespace cpu
}  // namespace akin::inline v0
