// SPDX-License-Identifier: Apache-2.0
// The products of a pair pass, in fp32 or with operands of bf16: packed once, multiplied tile by tile.
#pragma once

#include <akin/backend/cpu/isa/bf16.hpp>
#include <akin/backend/cpu/isa/packed.hpp>

#include <algorithm>
#include <cstdint>

namespace akin::inline v0 {

/// How exactly products are computed. All sums are fp32, and so is everything that is no product.
/// fp32:       operands as they are. Tiles (AMX) multiply them as sums of three bf16 each, which is as exact.
/// bf16_split: similarities of pairs as if each operand were the sum of two bf16 (relative error 2^-16), or better; gradients of pairs with
///             operands rounded to bf16; other products in fp32.
/// bf16:       operands rounded to bf16 (relative error 2^-8 each).
/// The last two are permissions: a processor that is not faster at bf16 computes in fp32.
enum class precision { fp32, bf16_split, bf16 };

namespace cpu {

/// The forms of similarities and of gradients, by what the processor is good at: with tiles six bf16 products cost less than one in fp32,
/// with vdpbf16ps three cost half as much again.
struct pair_forms {
  product_form similarity = product_form::fp32, gradient = product_form::fp32;
};
constexpr pair_forms pair_forms_of(precision wanted, bf16_isa level) {
  const bool tiles = level == bf16_isa::amx_bf16;
  if (wanted == precision::fp32 || !bf16_is_faster(level)) return tiles ? pair_forms{product_form::exact, product_form::exact} : pair_forms{};
  if (wanted == precision::bf16) return {product_form::plain, product_form::plain};
  return {tiles ? product_form::split : product_form::fp32, product_form::plain};
}

/// A block of a packed operand: `lines` rows of a or columns of b, of `depth` numbers each.
struct packed_block {
  float* data = nullptr;
  std::int64_t lines = 0, depth = 0;
};

/// Products in one form, of which those of bf16 are for processors with instructions for bf16. `left` operands have their lines down the
/// result, the others along it.
class pair_products {
 public:
  pair_products(product_form form, isa level, const bf16_kernels& bf16) : form_{form}, kernels_{tile_kernels_of(level)}, level_{level}, bf16_{bf16} {}

  product_form form() const { return form_; }

  /// Floats of memory, whole lines of cache, that a packed block takes.
  std::int64_t floats(bool left, std::int64_t lines, std::int64_t depth) const {
    const std::int64_t count = form_ != product_form::fp32 ? panels(left, lines, depth, nullptr).size() : width_of(left, lines) * depth;
    return (count + 15) / 16 * 16;
  }

  void pack(bool left, const float* from, std::int64_t line_step, std::int64_t depth_step, const packed_block& to) const {
    if (form_ != product_form::fp32)
      return bf16_.pack(bf16_matrix(from, to.lines, line_step, to.depth, depth_step), 0, 0, panels(left, to.lines, to.depth, to.data));
    float* part = to.data;
    for (std::int64_t k = 0; k < to.depth; k += deepest) {
      const std::int64_t depth = std::min(deepest, to.depth - k);
      if (left) pack_strips(kernels_, from + k * depth_step, line_step, depth_step, to.lines, depth, part);
      else pack_panels(kernels_, from + k * depth_step, depth_step, line_step, depth, to.lines, part);
      part += width_of(left, to.lines) * depth;
    }
  }

  /// c = or += a b, rows of c `row_step` apart and columns `column_step`, which only fp32 leaves free.
  void multiply(const packed_block& a, const packed_block& b, float* c, std::int64_t row_step, std::int64_t column_step, bool add) const {
    if (form_ != product_form::fp32)
      return bf16_.multiply(panels(true, a.lines, a.depth, a.data), panels(false, b.lines, b.depth, b.data), c, row_step, add);
    if (a.depth == 0 && !add)
      for (std::int64_t i = 0; i < a.lines; ++i)
        for (std::int64_t j = 0; j < b.lines; ++j) c[i * row_step + j * column_step] = 0.f;
    for (std::int64_t k = 0; k < a.depth; k += deepest)
      multiply_packed(kernels_, {a.data + k * width_of(true, a.lines), b.data + k * width_of(false, b.lines), c, a.lines, b.lines,
                                 std::min(deepest, a.depth - k), row_step, column_step, add || k > 0});
  }

 private:
  static constexpr std::int64_t deepest = 512;  // of an fp32 product at once: a strip of it stays in the first cache

  std::int64_t width_of(bool left, std::int64_t lines) const {
    return left ? (lines + kernels_.rows - 1) / kernels_.rows * kernels_.rows : packed_columns(level_, lines);
  }
  bf16_panels panels(bool left, std::int64_t lines, std::int64_t depth, float* memory) const {
    const bf16_precision parts = bf16_of(form_);
    auto* const pairs = reinterpret_cast<std::uint32_t*>(memory);
    return left ? bf16_.panels_of_a(parts, lines, depth, pairs) : bf16_.panels_of_b(parts, lines, depth, pairs);
  }

  product_form form_;
  tile_kernels kernels_;
  isa level_;
  bf16_kernels bf16_;
};

}  // namespace cpu
}  // namespace akin::inline v0
