// SPDX-License-Identifier: Apache-2.0
// What Thrust leaves open where it runs on the host (CPP, OMP): copies, products, and sorts and sums that allocate nothing.
#pragma once

#include <akin/backend/memory.hpp>
#include <akin/backend/thrust/matrix.hpp>

#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>

namespace akin::inline v0 {
namespace device {

/// A tile of c = a b: 64 x 16 numbers, summed over the whole depth by one owner.
struct product_tile {
  static constexpr std::int64_t rows = 64, columns = 16, deepest = 128;

  matrix_product p;

  static std::int64_t count(const matrix_product& p) {
    return p.batches * ((p.rows + rows - 1) / rows) * ((p.columns + columns - 1) / columns);
  }

  AKIN_HOST_DEVICE void operator()(std::int64_t number) const {
    const std::int64_t down = (p.rows + rows - 1) / rows, along = (p.columns + columns - 1) / columns;
    const std::int64_t batch = number / (down * along), i0 = number / along % down * rows, j0 = number % along * columns;
    const std::int64_t height = p.rows - i0 < rows ? p.rows - i0 : rows,
                       width = p.columns - j0 < columns ? p.columns - j0 : columns;
    const float* const a = p.a.data + batch * p.a.batch_step + i0 * p.a.row_step;
    const float* const b = p.b.data + batch * p.b.batch_step + j0 * p.b.column_step;
    float sums[rows][columns] = {}, line[deepest][columns] = {};
    for (std::int64_t k0 = 0; k0 < p.depth; k0 += deepest) {
      const std::int64_t depth = p.depth - k0 < deepest ? p.depth - k0 : deepest;
      for (std::int64_t k = 0; k < depth; ++k)
        for (std::int64_t j = 0; j < width; ++j) line[k][j] = b[(k0 + k) * p.b.row_step + j * p.b.column_step];
      for (std::int64_t i = 0; i < height; ++i) add_row(a + i * p.a.row_step + k0 * p.a.column_step, line, depth, sums[i]);
    }
    float* const c = p.c.data + batch * p.c.batch_step;
    for (std::int64_t i = 0; i < height; ++i)
      for (std::int64_t j = 0; j < width; ++j) {
        float& out = c[(i0 + i) * p.c.row_step + (j0 + j) * p.c.column_step];
        out = p.accumulate ? out + sums[i][j] : sums[i][j];
      }
  }

 private:
  // The sums of one row stay in registers: 16 of them are vectors of any width.
  AKIN_HOST_DEVICE void add_row(const float* a, const float (&line)[deepest][columns], std::int64_t depth,
                                float (&into)[columns]) const {
    float sums[columns];
    for (int j = 0; j < columns; ++j) sums[j] = into[j];
    for (std::int64_t k = 0; k < depth; ++k) {
      const float x = a[k * p.a.column_step];
      for (int j = 0; j < columns; ++j) sums[j] += x * line[k][j];
    }
    for (int j = 0; j < columns; ++j) into[j] = sums[j];
  }
};

/// Who works on a line, as a warp does on a device: one lane, which takes all entries.
struct single_lane {
  static constexpr int lanes = 1;
  int lane() const { return 0; }
  float from_lane(float x, int) const { return x; }
  void sync() const {}
};
template <class Work>
struct work_of_lines {
  Work work;
  void operator()(std::int64_t line) const { work(line, single_lane{}); }
};

/// A stretch of work behind one pointer, so that Thrust's loop is compiled once for each file and not once for each work.
struct work_block {
  void (*run)(const void* work, std::int64_t begin, std::int64_t end) = nullptr;
  const void* work = nullptr;
  std::int64_t size = 1, count = 0;

  void operator()(std::int64_t block) const { run(work, block * size, std::min(count, (block + 1) * size)); }
};

/// The sum of 1,024 terms in their order.
template <class Term>
struct sum_terms {
  static constexpr std::int64_t size = 1024;
  Term term;
  double* sums;
  std::int64_t count;
  void operator()(std::int64_t part) const {
    double total = 0;
    for (std::int64_t k = part * size, end = std::min((part + 1) * size, count); k < end; ++k) total += term(k);
    sums[part] = total;
  }
  static std::int64_t parts(std::int64_t count) { return (count + size - 1) / size; }
};

/// Thrust on the host: its memory is the host's, and calls return when the work is done.
class system {
 public:
  static constexpr std::int64_t own_bytes = 0;  // of a device
  template <class Work>
  void each(std::int64_t count, const Work& work) {
    const auto run = [](const void* all, std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) (*static_cast<const Work*>(all))(k);
    };
    const std::int64_t size = std::clamp<std::int64_t>(count / 64, 1, 1024);
    for_blocks({run, &work, size, count});
  }
  template <class Work>
  void each_line(std::int64_t count, const Work& work) {
    each(count, work_of_lines<Work>{work});
  }
  void copy(const void* from, void* to, std::int64_t bytes) {
    if (bytes > 0) std::memcpy(to, from, static_cast<std::size_t>(bytes));  // of nothing either pointer may be null
  }
  void copy_in(const void* from, void* to, std::int64_t bytes) { copy(from, to, bytes); }
  void begin_inputs() {}
  void copy_input(const void* from, void* to, std::int64_t bytes) { copy(from, to, bytes); }
  void end_inputs() {}
  void copy_out(const void* from, void* to, std::int64_t bytes) { copy(from, to, bytes); }
  void wait() {}
  void finish() noexcept {}
  /// Thrust's sort allocates; this does not, and needs no room.
  static std::int64_t room_to_sort(std::int64_t, int) { return 0; }
  void sort(const std::int64_t* numbers, std::int64_t* sorted, std::int64_t count, int, void*, std::int64_t) {
    std::copy_n(numbers, count, sorted);
    std::sort(sorted, sorted + count);
  }
  /// In parts of 1,024, so that the sum does not depend on the number of threads.
  template <class Term>
  static std::int64_t room_to_sum(std::int64_t count, const Term&) {
    return sum_terms<Term>::parts(count) * std::int64_t{sizeof(double)};
  }
  template <class Term>
  void add_sum(double* total, std::int64_t count, const Term& term, void* room, std::int64_t) {
    const std::int64_t parts = sum_terms<Term>::parts(count);
    double* const sums = static_cast<double*>(room);
    each(parts, sum_terms<Term>{term, sums, count});
    *total += std::accumulate(sums, sums + parts, 0.0);
  }
  void multiply(const matrix_product& p) { each(product_tile::count(p), product_tile{p}); }

 private:
  void for_blocks(const work_block& blocks) const {
    ::thrust::for_each_n(::thrust::device, ::thrust::counting_iterator<std::int64_t>{0}, (blocks.count + blocks.size - 1) / blocks.size,
                         blocks);
  }
};

}  // namespace device
}  // namespace akin::inline v0
