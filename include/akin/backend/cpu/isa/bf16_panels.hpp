// SPDX-License-Identifier: Apache-2.0
// Operands rounded to bf16 and laid out for the kernels: panels of pairs, two neighbours in k side by side (VNNI).
#pragma once

#include "akin/backend/cpu/isa/gemm.hpp"

#include <cstdint>

namespace akin::inline v0 {
namespace cpu {

/// plain: one bf16 for each number, relative error 2^-8.
/// split: a sum of two, relative error 2^-16. A product is then lo hi + hi lo + hi hi, three products, and differs from the exact
///        one by at most 3 2^-16 |a||b| besides fp32's roundings; sums of 16 and more random terms stay below 2^-16 sum |a||b|.
enum class bf16_precision { plain, split };

/// What is packed: lines are rows of a or columns of b. Of an index_space's two strides the first is read.
struct bf16_operand {
  const float* data = nullptr;
  index_space lines, depth;

  bool depth_follows() const { return depth.is_line() && (depth.rank == 0 || depth.first() == 1); }
  bool lines_follow() const { return !depth_follows() && lines.is_line() && (lines.rank == 0 || lines.first() == 1); }
};

inline bf16_operand bf16_matrix(const float* data, std::int64_t lines, std::int64_t line_step, std::int64_t depth,
                                std::int64_t depth_step) {
  return {data, {lines, line_step, 0}, {depth, depth_step, 0}};
}

/// Panels of rows of a, or of columns of b, over the whole of k.
/// layout: panel after panel; in each the rounded numbers, then (split) the rounded rests; in each of these, groups of 32
///         positions of k: for rows [group][row][16 pairs], for columns [group][16 pairs][column]. So a group of 16 lines is a
///         tile of AMX, and a step of vdpbf16ps reads one vector of columns and, 64 bytes apart, one pair for each row.
struct bf16_panels {
  std::uint32_t* pairs = nullptr;  // size() of them, best on a 64-byte boundary; the lower half of a pair is the even k
  std::int64_t lines = 0, depth = 0;
  int panel_lines = 32;
  int parts = 1;
  bool by_line = false;  // rows of a

  std::int64_t panels() const { return (lines + panel_lines - 1) / panel_lines; }
  std::int64_t groups() const { return (depth + 31) / 32; }
  std::int64_t part_step() const { return groups() * 16 * panel_lines; }
  std::int64_t panel_step() const { return parts * part_step(); }
  std::int64_t size() const { return panels() * panel_step(); }
  std::uint32_t* group(std::int64_t panel, std::int64_t number) const {
    return pairs + panel * panel_step() + number * 16 * panel_lines;
  }

  /// `count` lines from `first` on, which starts a panel.
  bf16_panels some(std::int64_t first, std::int64_t count) const {
    bf16_panels part = *this;
    part.pairs = group(first / panel_lines, 0);
    part.lines = count;
    return part;
  }
};

/// What a kernel computes: one panel of a against one of b, c = or += the sum over the terms (which part of a meets which of b).
struct bf16_block {
  const std::uint32_t *a[3], *b[3];
  int terms = 1;
  std::int64_t pairs = 0;  // positions of k, in twos
  float* c = nullptr;
  std::int64_t c_step = 0;
  int rows = 0, cols = 0;  // c has room for whole vectors of 16 columns, and for whole tiles unless the kernel says any_rows
  bool add = false;
};

}  // namespace cpu
}  // namespace akin::inline v0
