// SPDX-License-Identifier: Apache-2.0
// The tiles of AMX in plain loops, which check the code that drives the tiles on processors that have none.
#pragma once

#include "akin/backend/cpu/isa/bf16.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#define AKIN_ISA_BITS 128
namespace akin::inline v0 {
namespace cpu::portable {
#include "akin/backend/cpu/isa/bf16_pack.inl"
}
}  // namespace akin::inline v0
#undef AKIN_ISA_BITS

namespace akin_test {

/// Eight tiles.
/// values: as TDPBF16PS adds: the 16 products at even k in order, those at odd k likewise, then the two sums to each other, then
///         to the tile; unlike there, subnormal numbers are not flushed to 0
class emulated_tiles {
 public:
  void configure() {}
  void release() {}

  template <int T>
  void zero() {
    for (float& sum : sums_[T]) sum = 0;
  }
  template <int T>
  void store_sums(float* to, std::int64_t step) const {
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 16; ++j) to[i * step + j] = sums_[T][i * 16 + j];
  }
  template <int T>
  void load_pairs_of(const std::uint32_t* from, std::int64_t step) {
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 16; ++j) {
        even_[T][i * 16 + j] = number(from[i * step + j] << 16);
        odd_[T][i * 16 + j] = number(from[i * step + j] & 0xffff0000u);
      }
  }
  static void add(const float* from, std::int64_t from_step, int rows, int columns, float* to, std::int64_t to_step) {
    akin::cpu::portable::add_rows(from, from_step, rows, columns, to, to_step);
  }
  /// Tile C += A B.
  template <int C, int A, int B>
  void dot() {
    for (int i = 0; i < 16; ++i) {
      float even[16] = {}, odd[16] = {};
      for (int k = 0; k < 16; ++k)
        for (int j = 0; j < 16; ++j) {
          even[j] += even_[A][i * 16 + k] * even_[B][k * 16 + j];
          odd[j] += odd_[A][i * 16 + k] * odd_[B][k * 16 + j];
        }
      for (int j = 0; j < 16; ++j) sums_[C][i * 16 + j] += even[j] + odd[j];
    }
  }

 private:
  static float number(std::uint32_t bits) {
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
  }

  float sums_[4][256], even_[8][256], odd_[8][256];
};

/// Kernels for bf16, and what to call them.
struct named_bf16_kernels {
  std::string name;
  akin::cpu::bf16_kernels kernels;
};
inline akin::cpu::bf16_kernels emulated_bf16_kernels() {
  return {32, akin::cpu::portable::pack, akin::cpu::detail::multiply_by<akin::cpu::tiles_kernel<emulated_tiles>>};
}
/// The emulation, and those that the processor has.
inline std::vector<named_bf16_kernels> all_bf16_kernels() {
  using akin::cpu::bf16_isa;
  std::vector<named_bf16_kernels> all{{"emulated", emulated_bf16_kernels()}};
  for (const bf16_isa level : {bf16_isa::avx512_bf16, bf16_isa::amx_bf16})
    if (level <= akin::cpu::processor_bf16_isa()) all.push_back({std::string{name_of(level)}, akin::cpu::bf16_kernels_of(level)});
  return all;
}

}  // namespace akin_test
