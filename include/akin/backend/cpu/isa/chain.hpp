// SPDX-License-Identifier: Apache-2.0
// Fused elementwise chains for each instruction set, and the table by which shared code calls them.
#pragma once

#include <akin/backend/cpu/isa/math.hpp>
#include <akin/backend/random_bits.hpp>
#include <akin/backend/tape.hpp>

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

}  // namespace cpu
}  // namespace akin::inline v0

#define AKIN_ISA_BODY <akin/backend/cpu/isa/chain.inl>
#include <akin/backend/cpu/isa/each.inl>

namespace akin::inline v0 {
namespace cpu {

/// What the shared code calls, for one instruction set.
struct chain_kernels {
  int lanes = 0;
  float (*reduce_row)(reduction, const float*, std::int64_t) = nullptr;
  void (*reduce_into)(reduction, float*, const float*, std::int64_t) = nullptr;
  void (*log_sum_exp_columns)(float*, const float*, std::int64_t, std::int64_t, std::int64_t) = nullptr;
};

inline chain_kernels chain_kernels_of(isa level) {
#if AKIN_HAS_X86
  if (level == isa::avx512) return {avx512::lanes, avx512::reduce_row, avx512::reduce_into, avx512::log_sum_exp_columns};
  if (level == isa::avx2) return {avx2::lanes, avx2::reduce_row, avx2::reduce_into, avx2::log_sum_exp_columns};
#endif
  (void)level;
  return {portable::lanes, portable::reduce_row, portable::reduce_into, portable::log_sum_exp_columns};
}

/// A chain compiled for every instruction set.
struct compiled_chain {
  std::array<chain_function, 3> functions{};  // by isa
  chain_function at(isa level) const { return functions[static_cast<std::size_t>(level)]; }
};

template <class Chain>
constexpr compiled_chain compile() {
  static_assert(Chain::operands <= max_chain_operands && Chain::results <= max_chain_results);
#if AKIN_HAS_X86
  return {{portable::run_chain<Chain>, avx2::run_chain<Chain>, avx512::run_chain<Chain>}};
#else
  return {{portable::run_chain<Chain>, nullptr, nullptr}};
#endif
}

}  // namespace cpu
}  // namespace akin::inline v0
