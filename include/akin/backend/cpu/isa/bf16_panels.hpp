// SPDX-License-Identifier: Apache-2.0
// Operands rounded to bf16 and laid out for the kernels: panels of pairs, two neighbours in k side by side (VNNI).
#pragma once

#include "akin/backend/cpu/isa/gemm.hpp"

#include <cstdint>
#include <string_view>

namespace akin::inline v0 {
namespace cpu {

/// plain: one bf16 for each number, relative error 2^-8.
/// split: a sum of two, relative error 2^-16. A product is then lo hi + hi lo + hi hi, three products, and differs from the exact
///        one by at most 3 2^-16 |a||b| besides fp32's roundings; sums of 16 and more random terms stay below 2^-16 sum |a||b|.
/// exact: a sum of three, which is the number itself (from 2^-102 on; what stands for a smaller one is at most 2^-126 off). A product is
///        then low hi + mid mid + hi low + mid hi + hi mid + hi hi, six products, and what it lacks, at most 2^-24 |a||b|, is less than
///        fp32's roundings.
enum class bf16_precision { plain, split, exact };
constexpr int parts_of(bf16_precision precision) { return static_cast<int>(precision) + 1; }

/// How the operands of a product are packed: as they are, or as bf16.
enum class product_form { fp32, plain, split, exact };
constexpr std::string_view name_of(product_form form) {
  constexpr std::string_view names[] = {"fp32", "bf16", "two bf16 each", "three bf16 each"};
  return names[static_cast<int>(form)];
}
constexpr bf16_precision bf16_of(product_form form) {
  return form == product_form::split ? bf16_precision::split : form == product_form::exact ? bf16_precision::exact : bf16_precision::plain;
}

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
/// layout: panel after panel; in each, groups of 32 positions of k; in each of these the rounded numbers, then (split, exact) the rounded
///         rests: for rows [group][part][row][16 pairs], for columns [group][part][16 pairs][column]. So 16 lines of a group's part are a
///         tile of AMX, and a step of vdpbf16ps reads one vector of columns and, 64 bytes apart, one pair for each row.
struct bf16_panels {
  std::uint32_t* pairs = nullptr;  // size() of them, best on a 64-byte boundary; the lower half of a pair is the even k
  std::int64_t lines = 0, depth = 0;
  int panel_lines = 32;
  int parts = 1;
  bool by_line = false;  // rows of a

  std::int64_t panels() const { return (lines + panel_lines - 1) / panel_lines; }
  std::int64_t groups() const { return (depth + 31) / 32; }
  std::int64_t part_step() const { return 16 * panel_lines; }
  std::int64_t panel_step() const { return groups() * parts * part_step(); }
  std::int64_t size() const { return panels() * panel_step(); }
  std::uint32_t* group(std::int64_t panel, std::int64_t number) const {
    return pairs + panel * panel_step() + number * parts * part_step();
  }

  /// `count` lines from `first` on, which starts a panel.
  bf16_panels some(std::int64_t first, std::int64_t count) const {
    bf16_panels part = *this;
    part.pairs = group(first / panel_lines, 0);
    part.lines = count;
    return part;
  }
};

inline constexpr int bf16_cols = 32;  // of a register tile: packed columns are cut at multiples of them
/// What is packed at once is this much of k, or a multiple. What each kernel sums in one run divides it, so that sums are cut at the same places however operands were packed.
constexpr std::int64_t bf16_depth_block(int parts) { return parts == 1 ? 1024 : 512; }

/// What a kernel computes: one panel of a against one of b, c = or += the sum over the terms: part i of a by part j of b, i + j < parts.
struct bf16_block {
  const std::uint32_t *a = nullptr, *b = nullptr;
  int parts = 1;
  std::int64_t pairs = 0;  // positions of k, in twos
  float* c = nullptr;
  std::int64_t c_step = 0;
  int rows = 0, cols = 0;  // c has room for whole vectors of 16 columns, and for whole tiles unless the kernel says any_rows
  bool add = false;
};

}  // namespace cpu
}  // namespace akin::inline v0
