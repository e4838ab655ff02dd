// SPDX-License-Identifier: Apache-2.0
// Fused elementwise chains for each instruction set, and the table by which shared code calls them.
#pragma once

#include <akin/backend/cpu/isa/math.hpp>
#include <akin/backend/random_bits.hpp>
#include <akin/backend/tape.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
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

using pair_function = void (*)(const pair_call&);

/// What a reduction starts from.
constexpr float start_of(reduction kind) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  return kind == reduction::sum ? 0.f : kind == reduction::minimum ? infinity : -infinity;
}

/// Whether entries are merged one by one in registers; the other reductions read a stored tile.
constexpr bool folds(reduction kind) { return kind < reduction::log_sum_exp; }

/// One line of a tape in one word; the code `none` sends line a to result b. Chains are compiled by their words, so that equal tapes
/// of different steps, programs and models are one function: of the 60 chains of the demo's training step 28 differ.
struct tape_line {
  std::uint64_t word = 0;  // from the lowest bit: 6 for the code, 12 for a, 12 for b, then c, or the 32 of a number

  static constexpr tape_line of(const scalar_step& s) {
    const auto place = [](int line, int bit) { return static_cast<std::uint64_t>(line < 0 ? 0 : line) << bit; };
    tape_line l{static_cast<std::uint64_t>(s.code) | place(s.a, 6) | place(s.b, 18) | place(s.c, 30)};
    if (s.code == scalar::constant) l.word |= std::uint64_t{std::bit_cast<std::uint32_t>(static_cast<float>(s.number))} << 30;
    if (s.code == scalar::random) l.word |= std::uint64_t{static_cast<std::uint32_t>(s.number)} << 30;
    return l;
  }

  constexpr scalar code() const { return static_cast<scalar>(word & 63); }
  constexpr int a() const { return word >> 6 & 4095; }
  constexpr int b() const { return word >> 18 & 4095; }
  constexpr int c() const { return word >> 30 & 4095; }
  constexpr std::uint32_t number() const { return static_cast<std::uint32_t>(word >> 30); }
};

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
  float (*reduce_row)(reduction, const float*, std::int64_t) = nullptr;
  void (*reduce_into)(reduction, float*, const float*, std::int64_t) = nullptr;
  decltype(&portable::log_sum_exp_tile) log_sum_exp_tile = nullptr;
  decltype(&portable::kth_largest_tile) kth_largest_tile = nullptr;
  decltype(&portable::arg_max_tile) arg_max_tile = nullptr;
};

inline chain_kernels chain_kernels_of(isa level) {
#if AKIN_HAS_X86
  if (level == isa::avx512) return {avx512::lanes, avx512::reduce_row, avx512::reduce_into, avx512::log_sum_exp_tile, avx512::kth_largest_tile, avx512::arg_max_tile};
  if (level == isa::avx2) return {avx2::lanes, avx2::reduce_row, avx2::reduce_into, avx2::log_sum_exp_tile, avx2::kth_largest_tile, avx2::arg_max_tile};
#endif
  (void)level;
  return {portable::lanes, portable::reduce_row, portable::reduce_into, portable::log_sum_exp_tile, portable::kth_largest_tile, portable::arg_max_tile};
}

/// A chain compiled for every instruction set, for a map or for a pair pass.
struct compiled_chain {
  std::array<chain_function, 3> functions{};  // by isa
  std::array<pair_function, 3> pair_functions{};
  chain_function at(isa level) const { return functions[static_cast<std::size_t>(level)]; }
  pair_function pairs_at(isa level) const { return pair_functions[static_cast<std::size_t>(level)]; }
};

template <std::uint64_t... Words>
inline constexpr compiled_chain chain_of_words =
#if AKIN_HAS_X86
    {{portable::run_chain<Words...>, avx2::run_chain<Words...>, avx512::run_chain<Words...>}, {}};
#else
    {{portable::run_chain<Words...>, nullptr, nullptr}, {}};
#endif

template <class Chain>
inline constexpr bool step_is_small_enough = Chain::operands <= max_chain_operands && Chain::results <= max_chain_results && Chain::tape.size() <= 4096;

/// The function of a chain, which has `operands`, `results`, a `tape`, and in `taken` the line that each result takes.
template <class Chain>
constexpr compiled_chain compile() {
  static_assert(step_is_small_enough<Chain>, "akin: plan: a fused step takes at most 40 operands, 12 results and 4,096 functions");
  return []<std::size_t... Line, std::size_t... Result>(std::index_sequence<Line...>, std::index_sequence<Result...>) {
    return chain_of_words<tape_line::of(Chain::tape[Line]).word..., tape_line::of({scalar::none, Chain::taken[Result], std::int16_t{Result}}).word...>;
  }(std::make_index_sequence<Chain::tape.size()>{}, std::make_index_sequence<Chain::taken.size()>{});
}

/// The function of a pair pass.
template <class Chain>
constexpr compiled_chain compile_pairs() {
  static_assert(step_is_small_enough<Chain>, "akin: plan: a fused step takes at most 40 operands, 12 results and 4,096 functions");
#if AKIN_HAS_X86
  return {{}, {portable::run_pairs<Chain>, avx2::run_pairs<Chain>, avx512::run_pairs<Chain>}};
#else
  return {{}, {portable::run_pairs<Chain>, nullptr, nullptr}};
#endif
}

}  // namespace cpu
}  // namespace akin::inline v0
