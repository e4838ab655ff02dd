// SPDX-License-Identifier: Apache-2.0
// The matrix product of one thread, for each instruction set: cpu::avx512::gemm and its siblings.
#pragma once

#include "akin/backend/cpu/isa/vector.hpp"

#include <array>
#include <cstdint>

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
  float* const* c = nullptr;              // where each row of the result starts
  std::int64_t column = 0;                // elements from there to the panel's first column ...
  const std::int64_t* columns = nullptr;  // ... or where each column is, if they do not follow each other
  int rows = 0, cols = 0;
  bool add = false;  // to what c holds
};

/// Tiles over rows [begin, end) of an index_space (strides in a, c) and over panels of b that are ready to use.
struct sweep_work {
  const float* a = nullptr;
  float* c = nullptr;
  index_space rows;
  std::int64_t begin = 0, end = 0;
  std::int64_t outer = 1, outer_step = 0, segments = 1, segment_step = 0, depth = 0, step = 1;  // of a, as in tile_work
  const float* b = nullptr;
  std::int64_t b_step = 0;  // from one row of b to the next; 0: packed: panel after panel, see panel_width
  std::int64_t columns = 0, column_step = 1;
  bool add = false;
};

/// A product of a packed in strips and b packed in panels, see pack_strips and pack_panels.
struct packed_work {
  const float* a = nullptr;
  const float* b = nullptr;
  float* c = nullptr;
  std::int64_t rows = 0, columns = 0, depth = 0, row_step = 0, column_step = 1;  // steps of c
  bool add = false;
};

}  // namespace cpu
}  // namespace akin::inline v0

#define AKIN_ISA_BODY "akin/backend/cpu/isa/tile.inl"
#include "akin/backend/cpu/isa/each.inl"
#define AKIN_ISA_BODY "akin/backend/cpu/isa/gemm.inl"
#include "akin/backend/cpu/isa/each.inl"
#define AKIN_ISA_BODY "akin/backend/cpu/isa/packed.inl"
#include "akin/backend/cpu/isa/each.inl"

namespace akin::inline v0 {
namespace cpu {

/// gemm of the given instruction set, which the processor must have.
inline void gemm(isa level, const product& p, const part& r, bool add, float* scratch) {
#if AKIN_HAS_X86
  if (level == isa::avx512) return avx512::gemm(p, r, add, scratch);
  if (level == isa::avx2) return avx2::gemm(p, r, add, scratch);
#endif
  (void)level;
  portable::gemm(p, r, add, scratch);
}

inline void sweep(isa level, const sweep_work& w) {
#if AKIN_HAS_X86
  if (level == isa::avx512) return avx512::sweep(w);
  if (level == isa::avx2) return avx2::sweep(w);
#endif
  (void)level;
  portable::sweep(w);
}

inline void add_parts(isa level, const float* from, std::int64_t parts, std::int64_t part_step, std::int64_t count, float* to) {
#if AKIN_HAS_X86
  if (level == isa::avx512) return avx512::add_parts(from, parts, part_step, count, to);
  if (level == isa::avx2) return avx2::add_parts(from, parts, part_step, count, to);
#endif
  (void)level;
  portable::add_parts(from, parts, part_step, count, to);
}

/// Products of packed operands, for one instruction set.
struct packed_kernels {
  void (*pack_strips)(const float* from, std::int64_t row_step, std::int64_t k_step, std::int64_t rows, std::int64_t depth, float* to);
  void (*pack_panels)(const float* from, std::int64_t k_step, std::int64_t column_step, std::int64_t depth, std::int64_t columns, float* to);
  void (*multiply)(const packed_work&);
};

inline packed_kernels packed_kernels_of(isa level) {
#if AKIN_HAS_X86
  if (level == isa::avx512) return {avx512::pack_strips, avx512::pack_panels, avx512::multiply_packed};
  if (level == isa::avx2) return {avx2::pack_strips, avx2::pack_panels, avx2::multiply_packed};
#endif
  (void)level;
  return {portable::pack_strips, portable::pack_panels, portable::multiply_packed};
}

/// Rows and columns of a register tile: blocks of work are cut at multiples of them.
constexpr std::int64_t tile_rows_of(isa level) { return level == isa::avx512 ? 14 : 6; }
constexpr std::int64_t tile_cols_of(isa level) { return level == isa::avx512 ? 32 : level == isa::avx2 ? 16 : 8; }

/// Where panel q of packed columns starts, and its width: tile_cols_of(level), or half of that where the rest fits.
constexpr std::int64_t panel_width(isa level, std::int64_t columns, std::int64_t q) {
  const std::int64_t full = tile_cols_of(level), left = columns - q * full;
  return left > full / 2 ? full : full / 2;
}
constexpr std::int64_t packed_columns(isa level, std::int64_t columns) {
  const std::int64_t full = tile_cols_of(level), panels = (columns + full - 1) / full;
  return panels == 0 ? 0 : (panels - 1) * full + panel_width(level, columns, panels - 1);
}

}  // namespace cpu
}  // namespace akin::inline v0
