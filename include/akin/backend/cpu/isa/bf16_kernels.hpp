// SPDX-License-Identifier: Apache-2.0
// The inner loops of products with bf16 operands: packing, the tiles of AMX, vdpbf16ps.
#pragma once

#include "akin/backend/cpu/isa/bf16_panels.hpp"
#include "akin/backend/cpu/isa/vector.hpp"

#if AKIN_HAS_X86
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,avx2,fma"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,avx2,fma,prefer-vector-width=512")
#endif
#define AKIN_ISA_BITS 512
namespace akin::inline v0 {
namespace cpu::avx512 {
#include "akin/backend/cpu/isa/bf16_pack.inl"
}
namespace cpu::avx512_bf16 {
#include "akin/backend/cpu/isa/bf16_dots.inl"
}
}  // namespace akin::inline v0
#undef AKIN_ISA_BITS
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif  // AKIN_HAS_X86

namespace akin::inline v0 {
namespace cpu {

#if AKIN_HAS_AMX
/// The tiles of the processor. The instructions are spelled out because the compilers' intrinsics want literal tile numbers,
/// and g++ 12 takes ldtilecfg for a load of 8 bytes and drops the stores of the rest; "memory" keeps them.
class amx_tiles {
 public:
  /// Eight tiles of 16 rows of 64 bytes, on this thread until release().
  void configure() {
    struct alignas(64) {
      std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
      std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } const layout;
    static_assert(sizeof layout == 64);
    __asm__ volatile("ldtilecfg\t%0" : : "m"(layout) : "memory");
  }
  void release() { __asm__ volatile("tilerelease"); }

  template <int T>
  void zero() {
    __asm__ volatile("tilezero\t%%tmm%c0" : : "i"(T));
  }
  template <int T>
  void load_pairs_of(const std::uint32_t* from, std::int64_t step) {
    load<T>(from, step);
  }
  template <int T>
  void store_sums(float* to, std::int64_t step) {
    __asm__ volatile("{tilestored\t%%tmm%c2, (%0,%1,1)|tilestored\t[%0+%1*1], tmm%c2}"
                     :
                     : "r"(to), "r"(step * 4), "i"(T)
                     : "memory");
  }
  /// to += from, both by rows.
  static void add(const float* from, std::int64_t from_step, int rows, int columns, float* to, std::int64_t to_step) {
    avx512::add_rows(from, from_step, rows, columns, to, to_step);
  }
  /// Tile C += A B.
  template <int C, int A, int B>
  void dot() {
    __asm__ volatile("{tdpbf16ps\t%%tmm%c2, %%tmm%c1, %%tmm%c0|tdpbf16ps\ttmm%c0, tmm%c1, tmm%c2}" : : "i"(C), "i"(A), "i"(B));
  }

 private:
  template <int T>
  void load(const void* from, std::int64_t step) {
    __asm__ volatile("{tileloadd\t(%0,%1,1), %%tmm%c2|tileloadd\ttmm%c2, [%0+%1*1]}"
                     :
                     : "r"(from), "r"(step * 4), "i"(T)
                     : "memory");
  }
};
#endif

/// One block on tiles: up to 32 x 32 sums in four of them, two for rows of a, two for columns of b.
template <class Tiles>
class tiles_kernel {
 public:
  static constexpr int rows = 32;
  static constexpr bool any_rows = false;
  static constexpr std::int64_t cached_pairs = std::int64_t{1} << 18;  // 1 MiB of b: half of a second-level cache
  static constexpr std::int64_t depth_of(int) { return 512; }  // of k in one run

  void begin() { tiles_.configure(); }
  void end() { tiles_.release(); }
  void run(const bf16_block& w) {
    if (w.parts == 1) run<1>(w);
    else if (w.parts == 2) run<2>(w);
    else run<3>(w);
  }

 private:
  template <int Parts>
  void run(const bf16_block& w) {
    if (w.rows > 16) w.cols > 16 ? run<Parts, true, true>(w) : run<Parts, true, false>(w);
    else w.cols > 16 ? run<Parts, false, true>(w) : run<Parts, false, false>(w);
  }

  template <int Parts, bool TwoHigh, bool TwoWide>
  void run(const bf16_block& w) {
    tiles_.template zero<0>();
    if constexpr (TwoWide) tiles_.template zero<1>();
    if constexpr (TwoHigh) tiles_.template zero<2>();
    if constexpr (TwoHigh && TwoWide) tiles_.template zero<3>();
    constexpr std::int64_t part = 16 * 32;
    const std::uint32_t *a = w.a, *b = w.b;
    for (std::int64_t left = w.pairs; left > 0; left -= 16, a += Parts * part, b += Parts * part) {
      // From the smallest part of a and the largest of b on, each term shares a part with the one before it.
      load_a<TwoHigh>(a + (Parts - 1) * part);
      load_b<TwoWide>(b);
      dots<TwoHigh, TwoWide>();
      if constexpr (Parts == 3) {
        load_a<TwoHigh>(a + part);
        dots<TwoHigh, TwoWide>();
        load_b<TwoWide>(b + part);
        dots<TwoHigh, TwoWide>();
      }
      if constexpr (Parts > 1) {
        load_a<TwoHigh>(a);
        dots<TwoHigh, TwoWide>();
        load_b<TwoWide>(b + (Parts - 1) * part);
        dots<TwoHigh, TwoWide>();
      }
      if constexpr (Parts == 3) {
        load_b<TwoWide>(b);
        dots<TwoHigh, TwoWide>();
      }
    }
    if (!w.add) return store<TwoHigh, TwoWide>(w.c, w.c_step);
    // A tile rounds whenever it adds 32 products, so a block starts at 0: long sums lose no more than they do by blocks in fp32.
    alignas(64) float sums[rows * bf16_cols];
    store<TwoHigh, TwoWide>(sums, bf16_cols);
    Tiles::add(sums, bf16_cols, TwoHigh ? 32 : 16, TwoWide ? 32 : 16, w.c, w.c_step);
  }

  template <bool TwoHigh, bool TwoWide>
  void store(float* to, std::int64_t step) {
    tiles_.template store_sums<0>(to, step);
    if constexpr (TwoWide) tiles_.template store_sums<1>(to + 16, step);
    if constexpr (TwoHigh) tiles_.template store_sums<2>(to + 16 * step, step);
    if constexpr (TwoHigh && TwoWide) tiles_.template store_sums<3>(to + 16 * step + 16, step);
  }

  template <bool TwoHigh>
  void load_a(const std::uint32_t* from) {
    tiles_.template load_pairs_of<4>(from, 16);
    if constexpr (TwoHigh) tiles_.template load_pairs_of<5>(from + 16 * 16, 16);
  }
  template <bool TwoWide>
  void load_b(const std::uint32_t* from) {
    tiles_.template load_pairs_of<6>(from, 32);
    if constexpr (TwoWide) tiles_.template load_pairs_of<7>(from + 16, 32);
  }
  template <bool TwoHigh, bool TwoWide>
  void dots() {
    tiles_.template dot<0, 4, 6>();
    if constexpr (TwoWide) tiles_.template dot<1, 4, 7>();
    if constexpr (TwoHigh) tiles_.template dot<2, 5, 6>();
    if constexpr (TwoHigh && TwoWide) tiles_.template dot<3, 5, 7>();
  }

  Tiles tiles_;
};

}  // namespace cpu
}  // namespace akin::inline v0
