// SPDX-License-Identifier: Apache-2.0
// Each function over 16 floats, which are a whole number of vectors in every instruction set.

#define AKIN_OVER_16(name)                                               \
  inline void all_##name(const float* x, float* y) {                     \
    for (int i = 0; i < 16; i += lanes) store(y + i, name(load(x + i))); \
  }
AKIN_OVER_16(exp)
AKIN_OVER_16(log)
AKIN_OVER_16(tanh)
AKIN_OVER_16(sigmoid)
AKIN_OVER_16(softplus)
AKIN_OVER_16(erf)
AKIN_OVER_16(sin)
AKIN_OVER_16(cos)
AKIN_OVER_16(acos)
AKIN_OVER_16(floor)
AKIN_OVER_16(round)
AKIN_OVER_16(sqrt)
AKIN_OVER_16(abs)
#undef AKIN_OVER_16

inline void all_min(const float* x, const float* y, float* z) {
  for (int i = 0; i < 16; i += lanes) store(z + i, min(load(x + i), load(y + i)));
}
inline void all_max(const float* x, const float* y, float* z) {
  for (int i = 0; i < 16; i += lanes) store(z + i, max(load(x + i), load(y + i)));
}
inline float first_sum(const float* x) { return sum(load(x)); }
inline float first_max(const float* x) { return max(load(x)); }
inline void copy_first(const float* x, float* y, int count) { store_first(y, load_first(x, count), count); }
