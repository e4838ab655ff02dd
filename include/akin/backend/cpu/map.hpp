// SPDX-License-Identifier: Apache-2.0
// Maps: a chain run over a space of any rank, block by block in cache, with broadcasts, stores and reductions around it.
#pragma once

#include <akin/backend/cpu/isa/chain.hpp>
#include <akin/backend/cpu/workspace.hpp>
#include <akin/backend/fold.hpp>
#include <akin/support/threads.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace akin::inline v0 {
namespace cpu {

inline float merged(reduction kind, float a, float b) {
  switch (kind) {
    case reduction::sum: return a + b;
    case reduction::maximum: return a > b || a != a ? a : b;
    case reduction::minimum: return a < b || a != a ? a : b;
    default: break;  // log_sum_exp: the others do not merge
  }
  if (b != b) return b;  // std::max and std::min would lose it
  const float top = std::max(a, b), low = std::min(a, b);
  constexpr float infinity = std::numeric_limits<float>::infinity();
  return low == -infinity || top == infinity ? top : top + std::log1p(std::exp(low - top));
}

namespace detail {

/// A map with its space folded to as few dimensions as all operands and results allow. The last two are the block's rows and columns.
class folded_map {
 public:
  static constexpr std::int64_t block_floats = 4096;

  struct result {
    bool reduces = false;
    reduction kind = reduction::sum;
    int step = 0;
    float* data = nullptr;
    std::int64_t size = 1;
    std::array<std::int64_t, max_rank> stride{};
    bool shared = false;           // several parts of the work write it: each gets a copy
    std::int64_t partial_at = 0;   // of the first copy in the shared scratch
  };

  folded_map(const map_arguments<float>& a, isa level, chain_function chain) : arguments_{a}, run_{chain}, kernels_{chain_kernels_of(level)} {
    for (int k = 0; k < a.space.rank; ++k) extent_[static_cast<std::size_t>(k)] = a.space.extent[static_cast<std::size_t>(k)];
    rank_ = a.space.rank;
    operand_count_ = static_cast<int>(a.operands.size());
    for (int k = 0; k < operand_count_; ++k) {
      const auto& o = a.operands[static_cast<std::size_t>(k)];
      stride_[static_cast<std::size_t>(k)] = o.kind == operand_kind::seed ? strides{} : strides_in(a.space, o.value);
    }
    for (const auto& s : a.stores) results_[static_cast<std::size_t>(result_count_++)] = {false, reduction::sum, s.step, s.value.data, s.value.size(), strides_in(a.space, s.value)};
    for (const auto& r : a.reductions) results_[static_cast<std::size_t>(result_count_++)] = {true, r.kind, r.step, r.value.data, r.value.size(), strides_in(a.space, r.value)};
    fold();
  }

  void run(thread_pool& pool, workspace& scratch) {
    for (const auto& r : arguments_.reductions)
      if (!r.goes_on) std::fill_n(r.value.data, r.value.size(), start_of(r.kind));
    const std::int64_t elements = arguments_.space.size();
    if (elements == 0) return;
    cut(elements);
    pool.run(parts_, [&](std::int64_t part, int worker) { run_part(part, scratch.worker(worker), scratch.shared()); });
    // Copies are added in the order of the parts.
    for (int r = 0; r < result_count_; ++r)
      if (const auto& x = result_at(r); x.shared)
        for (std::int64_t p = 0; p < parts_; ++p) kernels_.reduce_into(x.kind, x.data, scratch.shared() + x.partial_at + p * x.size, x.size);
  }

 private:
  static constexpr std::size_t z(int k) { return static_cast<std::size_t>(k); }
  result& result_at(int r) { return results_[z(r)]; }

  template <class Visit>
  void for_each_stride(Visit visit) {
    for (int k = 0; k < operand_count_; ++k) visit(stride_[z(k)]);
    for (int r = 0; r < result_count_; ++r) visit(results_[z(r)].stride);
  }

  void fold() {
    fold_space(rank_, extent_, [&](auto visit) { for_each_stride(visit); });
    while (rank_ < 2) {  // always at least rows and columns
      for (int k = rank_; k > 0; --k) {
        extent_[z(k)] = extent_[z(k - 1)];
        for_each_stride([&](auto& s) { s[z(k)] = s[z(k - 1)]; });
      }
      extent_[0] = 1;
      for_each_stride([&](auto& s) { s[0] = 0; });
      ++rank_;
    }
  }

  // Parts of the work are ranges of the first dimension that is longer than 1, cut by extents only.
  void cut(std::int64_t elements) {
    cut_ = rank_ - 1;
    for (int d = 0; d < rank_; ++d)
      if (extent_[z(d)] > 1) {
        cut_ = d;
        break;
      }
    parts_ = std::clamp<std::int64_t>(elements / 8192, 1, std::min<std::int64_t>(32, extent_[z(cut_)]));
    std::int64_t copied = 0;
    for (int r = 0; r < result_count_; ++r) {
      auto& x = result_at(r);
      x.shared = x.reduces && x.stride[z(cut_)] == 0 && parts_ > 1;
      copied += x.shared ? x.size : 0;
    }
    if (copied > 0) parts_ = std::clamp<std::int64_t>(workspace::shared_floats / copied, 1, parts_);
    std::int64_t at = 0;
    for (int r = 0; r < result_count_; ++r) {
      auto& x = result_at(r);
      x.shared = x.shared && parts_ > 1;
      if (!x.shared) continue;
      x.partial_at = at;
      at += parts_ * x.size;
    }
  }

  struct operand_state {
    const float* filled_from = nullptr;  // what the buffer holds, where it repeats
    std::int64_t filled_rows = 0;
    float* buffer = nullptr;
  };

  struct part_state {
    std::array<operand_state, max_chain_operands> operands;
    std::array<float*, max_chain_results> buffers{};
    std::array<float*, max_chain_results> into{};
  };

  void run_part(std::int64_t part, float* own, float* shared) {
    part_state s;
    for (int k = 0; k < operand_count_; ++k) s.operands[z(k)].buffer = own, own += block_floats;
    for (int r = 0; r < result_count_; ++r) {
      const auto& x = result_at(r);
      s.buffers[z(r)] = own, own += block_floats;
      s.into[z(r)] = x.data;
      if (!x.shared) continue;
      s.into[z(r)] = shared + x.partial_at + part * x.size;
      std::fill_n(s.into[z(r)], x.size, start_of(x.kind));
    }
    std::array<std::int64_t, max_rank> begin{}, end = extent_;
    begin[z(cut_)] = extent_[z(cut_)] * part / parts_;
    end[z(cut_)] = extent_[z(cut_)] * (part + 1) / parts_;
    std::array<std::int64_t, max_rank> index = begin;
    const int row = rank_ - 2, column = rank_ - 1;
    const std::int64_t columns = std::min(end[z(column)] - begin[z(column)], block_floats);
    const std::int64_t rows = std::max<std::int64_t>(1, std::min(block_floats / std::max<std::int64_t>(columns, 1), end[z(row)] - begin[z(row)]));
    for (;;) {
      for (index[z(row)] = begin[z(row)]; index[z(row)] < end[z(row)]; index[z(row)] += rows)
        for (index[z(column)] = begin[z(column)]; index[z(column)] < end[z(column)]; index[z(column)] += columns)
          run_block(s, index, std::min(rows, end[z(row)] - index[z(row)]), std::min(columns, end[z(column)] - index[z(column)]));
      int d = row - 1;
      for (; d >= 0; --d) {
        if (++index[z(d)] < end[z(d)]) break;
        index[z(d)] = begin[z(d)];
      }
      if (d < 0) return;
    }
  }

  std::int64_t offset(const std::array<std::int64_t, max_rank>& stride, const std::array<std::int64_t, max_rank>& index) const {
    std::int64_t at = 0;
    for (int d = 0; d < rank_; ++d) at += stride[z(d)] * index[z(d)];
    return at;
  }

  void run_block(part_state& s, const std::array<std::int64_t, max_rank>& index, std::int64_t rows, std::int64_t columns) {
    chain_call call;
    call.count = rows * columns;
    const int row = rank_ - 2, column = rank_ - 1;
    for (int k = 0; k < operand_count_; ++k) bring(s.operands[z(k)], k, offset(stride_[z(k)], index), rows, columns, call);
    for (int r = 0; r < result_count_; ++r) {
      const auto& x = result_at(r);
      const bool direct = !x.reduces && x.stride[z(column)] == 1 && (rows == 1 || x.stride[z(row)] == columns);
      call.out[z(x.step)] = direct ? x.data + offset(x.stride, index) : s.buffers[z(r)];
    }
    run_(call);
    for (int r = 0; r < result_count_; ++r) {
      const auto& x = result_at(r);
      const float* from = call.out[z(x.step)];
      float* to = s.into[z(r)] + offset(x.stride, index);
      if (x.reduces) reduce(x, to, from, rows, columns);
      else if (from == s.buffers[z(r)])
        for (std::int64_t i = 0; i < rows; ++i)
          for (std::int64_t j = 0; j < columns; ++j) to[i * x.stride[z(row)] + j * x.stride[z(column)]] = from[i * columns + j];
    }
  }

  // Makes operand k of this block a line of numbers, or one number.
  void bring(operand_state& s, int k, std::int64_t at, std::int64_t rows, std::int64_t columns, chain_call& call) const {
    const auto& o = arguments_.operands[z(k)];
    const std::int64_t down = stride_[z(k)][z(rank_ - 2)], along = stride_[z(k)][z(rank_ - 1)];
    call.in[z(k)] = s.buffer;
    call.step[z(k)] = 1;
    const bool computed = o.kind == operand_kind::position;
    const float* from = o.kind == operand_kind::integer ? reinterpret_cast<const float*>(o.integers) + at : o.kind == operand_kind::real ? o.value.data + at : nullptr;
    const bool one_number = (along == 0 || columns == 1) && (down == 0 || rows == 1);
    const std::int64_t first = o.first + at;
    if (o.kind == operand_kind::seed || one_number) {
      call.step[z(k)] = 0;
      s.filled_from = nullptr;
      float value;
      const std::int32_t number = o.kind == operand_kind::seed ? o.seed : static_cast<std::int32_t>(first);
      std::memcpy(&value, computed || o.kind == operand_kind::seed ? static_cast<const void*>(&number) : static_cast<const void*>(from), sizeof value);
      std::fill_n(s.buffer, kernels_.lanes, value);
      return;
    }
    if (computed) {
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < columns; ++j) {
          const auto number = static_cast<std::int32_t>(first + i * down + j * along);
          std::memcpy(s.buffer + i * columns + j, &number, sizeof number);
        }
      return;
    }
    if (along == 1 && (rows == 1 || down == columns)) {
      call.in[z(k)] = from;
      return;
    }
    if (down == 0 && s.filled_from == from && s.filled_rows >= rows) return;  // the same columns again, for other rows
    s.filled_from = from;
    s.filled_rows = rows;
    for (std::int64_t i = 0; i < rows; ++i) {
      float* to = s.buffer + i * columns;
      const float* line = from + i * down;
      if (along == 1) std::memcpy(to, line, sizeof(float) * static_cast<std::size_t>(columns));
      else if (along == 0) kernels_.fill(to, line, columns);
      else
        for (std::int64_t j = 0; j < columns; ++j) to[j] = line[j * along];
    }
  }

  void reduce(const result& x, float* to, const float* from, std::int64_t rows, std::int64_t columns) const {
    const std::int64_t down = x.stride[z(rank_ - 2)], along = x.stride[z(rank_ - 1)];
    if (along == 0 && down == 0) {
      *to = merged(x.kind, *to, kernels_.reduce_row(x.kind, from, rows * columns));
      return;
    }
    if (along == 1 && down == 0) return kernels_.reduce_lines_into(x.kind, to, from, rows, columns);
    for (std::int64_t i = 0; i < rows; ++i) {
      if (along == 0) to[i * down] = merged(x.kind, to[i * down], kernels_.reduce_row(x.kind, from + i * columns, columns));
      else if (along == 1) kernels_.reduce_into(x.kind, to + i * down, from + i * columns, columns);
      else
        for (std::int64_t j = 0; j < columns; ++j) to[i * down + j * along] = merged(x.kind, to[i * down + j * along], from[i * columns + j]);
    }
  }

  const map_arguments<float>& arguments_;
  chain_function run_;
  chain_kernels kernels_;
  int rank_ = 0, operand_count_ = 0, result_count_ = 0, cut_ = 0;
  std::int64_t parts_ = 1;
  std::array<std::int64_t, max_rank> extent_{};
  std::array<std::array<std::int64_t, max_rank>, max_chain_operands> stride_{};
  std::array<result, max_chain_results> results_{};
};

static_assert(folded_map::block_floats * (max_chain_operands + max_chain_results) <= workspace::worker_floats);

}  // namespace detail

/// Runs a chain over a space.
/// values: work and sums are cut by extents only: the same bits for every number of threads
inline void map(thread_pool& pool, isa level, workspace& scratch, chain_function run, const map_arguments<float>& a) {
  detail::folded_map{a, level, run}.run(pool, scratch);
}

}  // namespace cpu
}  // namespace akin::inline v0
