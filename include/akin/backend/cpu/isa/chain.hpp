// SPDX-License-Identifier: Apache-2.0
// Fused elementwise chains for each instruction set, and the table by which shared code calls them.
#pragma once

#include <akin/backend/cpu/isa/math.hpp>
#include <akin/backend/random_bits.hpp>
#include <akin/backend/tape.hpp>

#include <cstdint>
#include <cstring>
#include <utility>

namespace akin::inline v0 {
namespace cpu {

inline constexpr int max_chain_operands = max_operands_of_step, max_chain_results = max_results_of_step;

/// One block of a chain. Operand k of element i is in[k][i * step[k]], step 0 or 1; where it is 0, in[k] holds one vector of equal values.
struct chain_call {
  std::array<const float*, max_chain_operands> in{};
  std::array<std::int64_t, max_chain_operands> step{};
  std::array<float*, max_chain_results> out{};  // null: not wanted
  std::int64_t count = 0;
};

using chain_function = void (*)(const chain_call&);

/// One tile of a pair pass. Rows of products and of what is stored lie `stride` apart; column operands and results have room for a whole vector at the end.
struct pair_call {
  std::array<const float*, max_chain_operands> in{};  // the tile of a product, the tile's rows or columns of a vector, or one number
  std::int64_t rows = 0, columns = 0, stride = 0;
  std::array<float*, max_chain_results> rows_out{}, columns_out{}, tile{};  // by result, as its use asks; a null tile is another result's
};

/// What a pair pass calls for each of its tiles: its expression, and of the reductions that read a stored tile those that it has.
struct pair_functions {
  void (*run)(const pair_call&) = nullptr;
  void (*log_sum_exp)(const float* tile, std::int64_t rows, std::int64_t columns, std::int64_t stride, float* rows_out, float* columns_out) = nullptr;
  void (*kth_largest)(const float* tile, std::int64_t rows, std::int64_t columns, std::int64_t stride, bool by_rows, int k, float* best, float* out) = nullptr;
  void (*arg_max)(const float* tile, std::int64_t rows, std::int64_t columns, std::int64_t stride, bool by_rows, std::int32_t first_row, std::int32_t first_column, float* best,
                  std::int32_t* places) = nullptr;
};

/// Whether entries are merged one by one in registers; the other reductions read a stored tile.
constexpr bool folds(reduction kind) { return kind < reduction::log_sum_exp; }

/// Whether a pass has a reduction of this kind.
template <class Chain>
constexpr bool reduces_by(reduction kind) {
  for (const pair_result& r : Chain::uses)
    if (r.use != pair_use::to_factor && r.kind == kind) return true;
  return false;
}

}  // namespace cpu
}  // namespace akin::inline v0

#define AKIN_ISA_BODY <akin/backend/cpu/isa/chain.inl>
#include <akin/backend/cpu/isa/each.inl>
#define AKIN_ISA_BODY <akin/backend/cpu/isa/pair_chain.inl>
#include <akin/backend/cpu/isa/each.inl>

namespace akin::inline v0 {
namespace cpu {

/// What the shared code calls, for one instruction set.
struct chain_kernels {
  int lanes = 0;
  void (*fill)(float*, const float*, std::int64_t) = nullptr;
  float (*reduce_row)(reduction, const float*, std::int64_t) = nullptr;
  void (*reduce_into)(reduction, float*, const float*, std::int64_t) = nullptr;
  void (*reduce_lines_into)(reduction, float*, const float*, std::int64_t, std::int64_t) = nullptr;
};

inline chain_kernels chain_kernels_of(isa level) {
#if AKIN_HAS_X86
  if (level == isa::avx512) return {avx512::lanes, avx512::fill, avx512::reduce_row, avx512::reduce_into, avx512::reduce_lines_into};
  if (level == isa::avx2) return {avx2::lanes, avx2::fill, avx2::reduce_row, avx2::reduce_into, avx2::reduce_lines_into};
#endif
  (void)level;
  return {portable::lanes, portable::fill, portable::reduce_row, portable::reduce_into, portable::reduce_lines_into};
}

/// A chain compiled for every instruction set, for a map or for a pair pass.
struct compiled_chain {
  std::array<chain_function, 3> functions{};  // by isa
  std::array<pair_functions, 3> pairs{};
  chain_function at(isa level) const { return functions[static_cast<std::size_t>(level)]; }
  const pair_functions& pairs_at(isa level) const { return pairs[static_cast<std::size_t>(level)]; }
};

template <std::uint64_t... Words>
inline constexpr compiled_chain chain_of_words =
#if AKIN_HAS_X86
    {{portable::run_chain<Words...>, avx2::run_chain<Words...>, avx512::run_chain<Words...>}, {}};
#else
    {{portable::run_chain<Words...>, nullptr, nullptr}, {}};
#endif

/// The function of a chain, which has `operands`, `results`, a `tape`, and in `taken` the line that each result takes.
template <class Chain>
constexpr compiled_chain compile() {
  return []<std::size_t... Line, std::size_t... Result>(std::index_sequence<Line...>, std::index_sequence<Result...>) {
    return chain_of_words<tape_line::of(Chain::tape[Line]).word..., tape_line::of({scalar::none, Chain::taken[Result], std::int16_t{Result}}).word...>;
  }(std::make_index_sequence<Chain::tape.size()>{}, std::make_index_sequence<Chain::taken.size()>{});
}

/// The functions of a pair pass.
template <class Chain>
constexpr compiled_chain compile_pairs() {
#if AKIN_HAS_X86
  return {{}, {portable::functions_of<Chain>(), avx2::functions_of<Chain>(), avx512::functions_of<Chain>()}};
#else
  return {{}, {portable::functions_of<Chain>()}};
#endif
}

}  // namespace cpu
}  // namespace akin::inline v0
