// SPDX-License-Identifier: Apache-2.0
// What products and convolutions need of each instruction set: the register tile, packing, dot products.
#pragma once

#include "akin/backend/cpu/isa/vector.hpp"

#include <array>
#include <cstdint>
#include <limits>

namespace akin::inline v0 {
namespace cpu {

/// Several nested dimensions counted by one number, the last running fastest; each has a stride in two blocks of memory.
struct index_space {
  static constexpr int max_dimensions = 12;
  struct dimension {
    std::int64_t extent = 1, first = 0, second = 0;
  };

  int rank = 0;
  std::array<dimension, max_dimensions> dimensions{};

  index_space() = default;
  index_space(std::int64_t extent, std::int64_t first, std::int64_t second) { append(extent, first, second); }

  /// Adds a dimension inside the present ones, joining it to the last where both strides allow; extent 1 adds nothing.
  void append(std::int64_t extent, std::int64_t first, std::int64_t second) {
    if (extent == 1) return;
    if (rank > 0) {
      dimension& last = dimensions[static_cast<std::size_t>(rank - 1)];
      if (last.first == extent * first && last.second == extent * second) {
        last = {last.extent * extent, first, second};
        return;
      }
    }
    dimensions[static_cast<std::size_t>(rank++)] = {extent, first, second};
  }

  std::int64_t size() const {
    std::int64_t product = 1;
    for (int k = 0; k < rank; ++k) product *= dimensions[static_cast<std::size_t>(k)].extent;
    return product;
  }
  bool is_line() const { return rank <= 1; }
  std::int64_t first() const { return rank == 0 ? 0 : dimensions[static_cast<std::size_t>(rank - 1)].first; }
  std::int64_t second() const { return rank == 0 ? 0 : dimensions[static_cast<std::size_t>(rank - 1)].second; }
};

/// A position in an index_space and its offsets in the two blocks.
class index_walk {
 public:
  index_walk(const index_space& space, std::int64_t start) : space_(space) {
    for (int k = space.rank; k-- > 0;) {
      const auto d = static_cast<std::size_t>(k);
      const index_space::dimension& dimension = space.dimensions[d];
      index_[d] = k == 0 ? start : start % dimension.extent;
      if (k > 0) start /= dimension.extent;
      first += index_[d] * dimension.first;
      second += index_[d] * dimension.second;
    }
    if (space.rank > 0) {
      const auto last = static_cast<std::size_t>(space.rank - 1);
      inner_ = space.dimensions[last];
      left_ = inner_.extent - index_[last];
    }
  }

  void next() {
    if (--left_ > 0) {
      first += inner_.first;
      second += inner_.second;
    } else {
      carry();
    }
  }

  std::int64_t first = 0, second = 0;

 private:
  void carry() {
    left_ = inner_.extent;
    first -= (inner_.extent - 1) * inner_.first;
    second -= (inner_.extent - 1) * inner_.second;
    for (int k = space_.rank - 1; k-- > 0;) {
      const auto d = static_cast<std::size_t>(k);
      const index_space::dimension& dimension = space_.dimensions[d];
      first += dimension.first;
      second += dimension.second;
      if (++index_[d] < dimension.extent) return;
      index_[d] = 0;
      first -= dimension.extent * dimension.first;
      second -= dimension.extent * dimension.second;
    }
  }

  const index_space& space_;
  index_space::dimension inner_{};
  std::int64_t left_ = 1;  // positions before the last dimension starts again, this one included
  std::array<std::int64_t, index_space::max_dimensions> index_;  // the others' indices, set as far as the rank
};

/// c[m, n] = sum_k a[m, k] b[k, n], where each of m, n, k may be several dimensions with any strides.
struct product {
  const float* a = nullptr;
  const float* b = nullptr;
  float* c = nullptr;
  index_space m;  // strides in a, c
  index_space n;  // strides in b, c
  index_space k;  // strides in a, b
};

/// The part of a product that one call computes, as half-open ranges.
struct part {
  std::int64_t m0, m1, n0, n1, k0, k1;
};

/// What the micro-kernel reads and writes: `rows` rows of a against one packed panel of b.
/// Row i of a is a[i][o * outer_step + s * segment_step + k * step] for o < outer, s < segments, k < depth; the panel's rows
/// follow each other over all three.
struct tile_work {
  const float* const* a = nullptr;
  std::int64_t outer = 1, outer_step = 0, segments = 1, segment_step = 0, depth = 0, step = 1;
  const float* b = nullptr;
  std::int64_t b_step = 0;
  const float* next = nullptr;  // what will be read soon: with each row of the panel one line of cache of it is fetched, `next_step` numbers after the last
  std::int64_t next_step = 0;   // 0: nothing is
  float* const* c = nullptr;              // where each row of the result starts
  std::int64_t column = 0;                // elements from there to the panel's first column ...
  const std::int64_t* columns = nullptr;  // ... or where each column is, if they do not follow each other
  int rows = 0, cols = 0;
  bool add = false;  // to what c holds
  bool folds = false;  // sums sum_block products at a time, and then such sums; else all in one chain
};

/// How many rows a tile of two vectors that folds its sums has best: two such tiles overlap, one stores while the next one starts. A large product makes 95 % of a
/// Zen 4's peak, with 14 rows 93; and of 14 that are lines 4 KiB apart, which do not fit into the 8 ways of one set of a first cache, 68.
inline constexpr int overlapping_rows = 7;

/// A product sums this many terms at a time, and then such sums: one chain of 768 has twice the rounding error.
inline constexpr std::int64_t sum_block = 256;
/// A product runs the micro-kernel over this much of k at a time: each run costs some 200 cycles beside its sums, and as many again where it adds to what c
/// holds. A panel of b (768 x 32 floats, 96 KiB) comes from a second-level cache as fast as it is needed.
inline constexpr std::int64_t depth_block = 3 * sum_block;

}  // namespace cpu
}  // namespace akin::inline v0

#define AKIN_ISA_BODY "akin/backend/cpu/isa/tile.inl"
#include "akin/backend/cpu/isa/each.inl"

namespace akin::inline v0 {
namespace cpu {

/// What the shared code calls, for one instruction set. Only what has vectors in it is compiled three times.
struct tile_kernels {
  int rows = 0, lanes = 0;  // of the largest tile, which has 2 * lanes columns
  void (*run_tile)(const tile_work&) = nullptr;
  void (*pack_rows)(const product&, std::int64_t, std::int64_t, const float* const*, bool, float*) = nullptr;
  void (*turn_lines)(const float* const*, int, int, std::int64_t, float*) = nullptr;
  void (*pack_lines)(const product&, std::int64_t, std::int64_t, std::int64_t, std::int64_t, float*) = nullptr;
  float (*dot)(const float*, const float*, std::int64_t) = nullptr;
  void (*add_parts)(const float*, std::int64_t, std::int64_t, std::int64_t, float*) = nullptr;
};

inline constexpr int most_tile_rows = 14, most_lanes = 16;

inline tile_kernels tile_kernels_of(isa level) {
#if AKIN_HAS_X86
  if (level == isa::avx512) return {avx512::tile_rows, avx512::lanes, avx512::run_tile, avx512::pack_rows, avx512::turn_lines, avx512::pack_lines, avx512::dot, avx512::add_parts};
  if (level == isa::avx2) return {avx2::tile_rows, avx2::lanes, avx2::run_tile, avx2::pack_rows, avx2::turn_lines, avx2::pack_lines, avx2::dot, avx2::add_parts};
#endif
  (void)level;
  return {portable::tile_rows, portable::lanes, portable::run_tile, portable::pack_rows, portable::turn_lines, portable::pack_lines, portable::dot, portable::add_parts};
}

}  // namespace cpu
}  // namespace akin::inline v0
