// SPDX-License-Identifier: Apache-2.0
// One vector of floats (vf), of ints (vi) and of unsigned ints (vu), and what the language's operators on them leave out.
//
// + - * / and the comparisons (which give a vi: -1 where true, else 0), & | ^ ~ << >> on vi come with the compilers' vector
// extension. Loads and stores need no alignment.

inline constexpr int lanes = AKIN_ISA_BITS / 32;

typedef float vf __attribute__((vector_size(AKIN_ISA_BITS / 8)));
typedef std::int32_t vi __attribute__((vector_size(AKIN_ISA_BITS / 8)));
typedef std::uint32_t vu __attribute__((vector_size(AKIN_ISA_BITS / 8)));

[[gnu::always_inline]] inline vf load(const float* from) {
  vf x;
  std::memcpy(&x, from, sizeof x);
  return x;
}
[[gnu::always_inline]] inline void store(float* to, vf x) { std::memcpy(to, &x, sizeof x); }

/// The first `count` lanes; the others are 0 (load) or left alone (store). Memory behind them is not touched.
[[gnu::always_inline]] inline vf load_first(const float* from, int count) {
#if AKIN_ISA_BITS == 512
  return (vf)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1u), from);
#else
  alignas(sizeof(vf)) float x[lanes] = {};
  for (int i = 0; i < count; ++i) x[i] = from[i];
  return load(x);
#endif
}
[[gnu::always_inline]] inline void store_first(float* to, vf x, int count) {
#if AKIN_ISA_BITS == 512
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1u), (__m512)x);
#else
  alignas(sizeof(vf)) float all[lanes];
  store(all, x);
  for (int i = 0; i < count; ++i) to[i] = all[i];
#endif
}

[[gnu::always_inline]] inline vf splat(float x) { return x - vf{}; }  // x - 0 is x for -0 too, and both compilers see a broadcast
[[gnu::always_inline]] inline vi splat(std::int32_t x) { return x - vi{}; }

[[gnu::always_inline]] inline vi lane_numbers() {
#if AKIN_ISA_BITS == 512
  return vi{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif AKIN_ISA_BITS == 256
  return vi{0, 1, 2, 3, 4, 5, 6, 7};
#else
  return vi{0, 1, 2, 3};
#endif
}
[[gnu::always_inline]] inline float first(vf x) { return x[0]; }

[[gnu::always_inline]] inline vi as_int(vf x) { return (vi)x; }
[[gnu::always_inline]] inline vf as_float(vi x) { return (vf)x; }
[[gnu::always_inline]] inline vi to_int(vf x) { return __builtin_convertvector(x, vi); }  // towards zero
[[gnu::always_inline]] inline vf to_float(vi x) { return __builtin_convertvector(x, vf); }

/// yes where the mask is -1, no where it is 0.
[[gnu::always_inline]] inline vf select(vi mask, vf yes, vf no) { return mask ? yes : no; }
[[gnu::always_inline]] inline vi select(vi mask, vi yes, vi no) { return mask ? yes : no; }

/// x * y + z; one rounding where the instruction set has it.
[[gnu::always_inline]] inline vf fma(vf x, vf y, vf z) {
#if AKIN_ISA_BITS == 512
  return (vf)_mm512_fmadd_ps((__m512)x, (__m512)y, (__m512)z);
#elif AKIN_ISA_BITS == 256
  return (vf)_mm256_fmadd_ps((__m256)x, (__m256)y, (__m256)z);
#else
  return x * y + z;
#endif
}

/// NaN where either operand is NaN (the processors' own min and max return their second operand).
[[gnu::always_inline]] inline vf min(vf x, vf y) { return select((x < y) | (x != x), x, y); }
[[gnu::always_inline]] inline vf max(vf x, vf y) { return select((x > y) | (x != x), x, y); }

[[gnu::always_inline]] inline bool any(vi mask) {
#if AKIN_ISA_BITS == 512
  return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0;
#elif AKIN_ISA_BITS == 256
  return _mm256_movemask_ps((__m256)mask) != 0;
#else
  return (mask[0] | mask[1] | mask[2] | mask[3]) != 0;
#endif
}

/// x held at least or at most at a number; NaN stays.
[[gnu::always_inline]] inline vf at_least(vf x, float bound) {
#if AKIN_ISA_BITS == 512
  return (vf)_mm512_maskz_max_ps(static_cast<__mmask16>(0xffff), (__m512)splat(bound), (__m512)x);
#elif AKIN_ISA_BITS == 256
  return (vf)_mm256_max_ps((__m256)splat(bound), (__m256)x);
#else
  return select(x < bound, splat(bound), x);
#endif
}
[[gnu::always_inline]] inline vf at_most(vf x, float bound) {
#if AKIN_ISA_BITS == 512
  return (vf)_mm512_maskz_min_ps(static_cast<__mmask16>(0xffff), (__m512)splat(bound), (__m512)x);
#elif AKIN_ISA_BITS == 256
  return (vf)_mm256_min_ps((__m256)splat(bound), (__m256)x);
#else
  return select(x > bound, splat(bound), x);
#endif
}

[[gnu::always_inline]] inline vf abs(vf x) { return as_float(as_int(x) & 0x7fffffff); }
[[gnu::always_inline]] inline vf copy_sign(vf magnitude, vf sign) {
  return as_float((as_int(magnitude) & 0x7fffffff) | (as_int(sign) & splat(INT32_MIN)));
}

[[gnu::always_inline]] inline vf sqrt(vf x) {
#if AKIN_ISA_BITS == 512
  return (vf)_mm512_maskz_sqrt_ps(static_cast<__mmask16>(0xffff), (__m512)x);
#elif AKIN_ISA_BITS == 256
  return (vf)_mm256_sqrt_ps((__m256)x);
#else
  vf y;
  for (int i = 0; i < lanes; ++i) y[i] = __builtin_sqrtf(x[i]);
  return y;
#endif
}

/// To the nearest integer, halves to even.
[[gnu::always_inline]] inline vf round(vf x) {
#if AKIN_ISA_BITS == 512
  return (vf)_mm512_maskz_roundscale_ps(static_cast<__mmask16>(0xffff), (__m512)x, 8);
#elif AKIN_ISA_BITS == 256
  return (vf)_mm256_round_ps((__m256)x, 8);
#else
  const vf shift = copy_sign(splat(8388608.f), x);  // 2^23: floats from there on are integers
  return select(abs(x) < 8388608.f, copy_sign((x + shift) - shift, x), x);
#endif
}

[[gnu::always_inline]] inline vf floor(vf x) {
  const vf nearest = round(x);
  return select(nearest > x, nearest - 1.f, nearest);
}

/// a0 b0 a1 b1 ... of the lower and of the upper halves.
[[gnu::always_inline]] inline vf zip_low(vf a, vf b) {
#if AKIN_ISA_BITS == 512
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
#elif AKIN_ISA_BITS == 256
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
#else
  return __builtin_shufflevector(a, b, 0, 4, 1, 5);
#endif
}
[[gnu::always_inline]] inline vf zip_high(vf a, vf b) {
#if AKIN_ISA_BITS == 512
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#elif AKIN_ISA_BITS == 256
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#else
  return __builtin_shufflevector(a, b, 2, 6, 3, 7);
#endif
}

/// Rows become columns: log2(lanes) rounds of the perfect shuffle.
[[gnu::always_inline]] inline void transpose(vf (&x)[lanes]) {
#pragma GCC unroll 4
  for (int round = 1; round < lanes; round *= 2) {
    vf y[lanes];
#pragma GCC unroll 8
    for (int i = 0; i < lanes / 2; ++i) {
      y[2 * i] = zip_low(x[i], x[i + lanes / 2]);
      y[2 * i + 1] = zip_high(x[i], x[i + lanes / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) x[i] = y[i];
  }
}

/// Lane i holds what lane i + Shift held, round the end.
template <int Shift>
[[gnu::always_inline]] inline vf turned(vf x) {
#if AKIN_ISA_BITS == 512
  return __builtin_shufflevector(x, x, Shift, Shift + 1, Shift + 2, Shift + 3, Shift + 4, Shift + 5, Shift + 6, Shift + 7, Shift + 8, Shift + 9, Shift + 10, Shift + 11, Shift + 12,
                                 Shift + 13, Shift + 14, Shift + 15);
#elif AKIN_ISA_BITS == 256
  return __builtin_shufflevector(x, x, Shift, Shift + 1, Shift + 2, Shift + 3, Shift + 4, Shift + 5, Shift + 6, Shift + 7);
#else
  return __builtin_shufflevector(x, x, Shift, Shift + 1, Shift + 2, Shift + 3);
#endif
}

/// Lane i meets lane i + half, then half of that: one order for each width, the same on every call.
[[gnu::always_inline]] inline float sum(vf x) {
  if constexpr (lanes > 8) x += turned<8 % lanes>(x);
  if constexpr (lanes > 4) x += turned<4 % lanes>(x);
  x += turned<2>(x);
  return first(x + turned<1>(x));
}
/// NaN if a lane is NaN.
[[gnu::always_inline]] inline float max(vf x) {
  if constexpr (lanes > 8) x = max(x, turned<8 % lanes>(x));
  if constexpr (lanes > 4) x = max(x, turned<4 % lanes>(x));
  x = max(x, turned<2>(x));
  return first(max(x, turned<1>(x)));
}
