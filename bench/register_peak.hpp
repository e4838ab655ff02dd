// SPDX-License-Identifier: Apache-2.0
// What the registers of this processor can do at most: fused multiply-adds that wait for no memory, for fp32 and for bf16
// operands.
#pragma once

#include <akin/backend/cpu/isa/bf16.hpp>
#include <akin/support/threads.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace akin_bench {

template <class Work>
double seconds(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// 12 sums hide the latency, are as many as every compiler keeps in registers, and are not equal, or they would be computed once.
#define AKIN_BENCH_SUMS(vector, start, add, first)                                                              \
  vector sums[12];                                                                                              \
  _Pragma("GCC unroll 12") for (int i = 0; i < 12; ++i) {                                                       \
    const auto number = static_cast<float>(i);                                                                  \
    sums[i] = start;                                                                                            \
  }                                                                                                             \
  for (std::int64_t i = 0; i < times; ++i) _Pragma("GCC unroll 12") for (int j = 0; j < 12; ++j) sums[j] = add; \
  float total = 0;                                                                                              \
  _Pragma("GCC unroll 12") for (int i = 0; i < 12; ++i) total += first;                                         \
  return total

inline float sums_of_fp32(std::int64_t times, float factor) {  // portable: 128 bits, a product and a sum apart
  using four = float __attribute__((vector_size(16)));
  const four x = four{} + factor;
  AKIN_BENCH_SUMS(four, four{} + number, sums[j] * x + x, sums[i][0]);
}

#if AKIN_HAS_X86
__attribute__((target("avx2,fma"))) inline float sums_of_fp32_avx2(std::int64_t times, float factor) {
  const __m256 x = _mm256_set1_ps(factor);
  AKIN_BENCH_SUMS(__m256, _mm256_set1_ps(number), _mm256_fmadd_ps(x, x, sums[j]), _mm256_cvtss_f32(sums[i]));
}
__attribute__((target("avx512f"))) inline float sums_of_fp32_avx512(std::int64_t times, float factor) {
  const __m512 x = _mm512_set1_ps(factor);
  AKIN_BENCH_SUMS(__m512, _mm512_set1_ps(number), _mm512_fmadd_ps(x, x, sums[j]), _mm512_cvtss_f32(sums[i]));
}
__attribute__((target("avx512f,avx512bf16"))) inline float sums_of_bf16(std::int64_t times, float) {
  const auto ones = (__m512bh)_mm512_set1_epi32(0x3f803f80);
  AKIN_BENCH_SUMS(__m512, _mm512_set1_ps(number), _mm512_dpbf16_ps(sums[j], ones, ones), _mm512_cvtss_f32(sums[i]));
}
#endif
#undef AKIN_BENCH_SUMS

#if AKIN_HAS_AMX
inline void products_of_tiles(std::int64_t times) {
  alignas(64) std::uint32_t zeros[256] = {};
  akin::cpu::amx_tiles tiles;
  tiles.configure();
  tiles.load_pairs_of<4>(zeros, 16);
  tiles.load_pairs_of<6>(zeros, 16);
  for (std::int64_t i = 0; i < times; ++i) {
    tiles.dot<0, 4, 6>();
    tiles.dot<1, 4, 6>();
    tiles.dot<2, 4, 6>();
    tiles.dot<3, 4, 6>();
  }
  tiles.release();
}
#endif

namespace detail {

/// `operations` of `work`, done on each of the pool's threads at once, in a second: the best of three, since others may hold a
/// core.
template <class Work>
double rate(akin::thread_pool& pool, double operations, Work work) {
  double least = 1e9;
  for (int k = 0; k < 3; ++k)
    least = std::min(least, seconds([&] { pool.run(pool.size(), [&](std::int64_t, int) { work(); }); }));
  return operations * pool.size() / least;
}

inline constexpr std::int64_t times = 100000;  // some milliseconds, against which waking a thread is nothing

inline double rate_of_sums(akin::thread_pool& pool, int lanes, float (*sums)(std::int64_t, float)) {
  return rate(pool, 12. * 2 * lanes * times, [=] {
    volatile float factor = 0.5f, sink = 0;
    sink = sums(times, factor);
    (void)sink;
  });
}

}  // namespace detail

/// Operations a second of all threads of the pool.
inline double fp32_peak(akin::thread_pool& pool, akin::cpu::isa level) {
#if AKIN_HAS_X86
  if (level == akin::cpu::isa::avx512) return detail::rate_of_sums(pool, 16, sums_of_fp32_avx512);
  if (level == akin::cpu::isa::avx2) return detail::rate_of_sums(pool, 8, sums_of_fp32_avx2);
#endif
  (void)level;
  return detail::rate_of_sums(pool, 4, sums_of_fp32);
}

/// The same for products with bf16 operands; 0 for a level without instructions for them.
inline double bf16_peak(akin::thread_pool& pool, akin::cpu::bf16_isa level) {
#if AKIN_HAS_AMX
  if (level == akin::cpu::bf16_isa::amx_bf16)
    return detail::rate(pool, 4. * 2 * 16 * 16 * 32 * detail::times, [] { products_of_tiles(detail::times); });
#endif
#if AKIN_HAS_X86
  if (level == akin::cpu::bf16_isa::avx512_bf16) return detail::rate_of_sums(pool, 32, sums_of_bf16);
#endif
  (void)pool, (void)level;
  return 0;
}

}  // namespace akin_bench
