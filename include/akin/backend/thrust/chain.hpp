// SPDX-License-Identifier: Apache-2.0
// A tape unrolled into registers by whatever compiler the file is compiled with: plain functions for host and device.
#pragma once

#include <akin/backend/memory.hpp>
#include <akin/backend/random_bits.hpp>
#include <akin/backend/tape.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>

namespace akin::inline v0 {
namespace device {

/// The 32 bits of an integer in the place of a real's: lines of a tape hold either.
AKIN_HOST_DEVICE inline float as_float(std::int32_t x) {
  float bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
AKIN_HOST_DEVICE inline std::int32_t as_integer(float x) {
  std::int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/// A product that is not joined with the sum that takes it: a value that another pass computes again must have the same bits there.
AKIN_HOST_DEVICE inline float product(float a, float b) {
#if defined(__CUDA_ARCH__)
  return __fmul_rn(a, b);
#elif defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
  return __builtin_assoc_barrier(a * b);
#else
  return a * b;
#endif
}

/// A sum that is not joined with a product before it, not even with one that a function such as exp ends in on a device.
AKIN_HOST_DEVICE inline float plus(float a, float b) {
#if defined(__CUDA_ARCH__)
  return __fadd_rn(a, b);
#else
  return a + b;
#endif
}

AKIN_HOST_DEVICE inline float larger(float a, float b) { return a > b || a != a ? a : b; }
AKIN_HOST_DEVICE inline float smaller(float a, float b) { return a < b || a != a ? a : b; }

/// What one line of a tape computes from the lines it names, which are in x; read(k) gives operand k.
template <std::uint64_t Word, class Read>
AKIN_HOST_DEVICE float line(const float* x, const Read& read) {
  constexpr tape_line s{Word};
  constexpr scalar code = s.code();
  constexpr int a = s.a(), b = s.b(), c = s.c();
  if constexpr (code == scalar::operand) return read(a);
  else if constexpr (code == scalar::constant) return as_float(static_cast<std::int32_t>(s.number()));
  else if constexpr (code == scalar::identity) return x[a];
  else if constexpr (code == scalar::negate) return -x[a];
  else if constexpr (code == scalar::exp) return std::exp(x[a]);
  else if constexpr (code == scalar::log) return std::log(x[a]);
  else if constexpr (code == scalar::sqrt) return std::sqrt(x[a]);
  else if constexpr (code == scalar::tanh) return std::tanh(x[a]);
  else if constexpr (code == scalar::sigmoid) return 1 / plus(1, std::exp(-x[a]));
  else if constexpr (code == scalar::softplus) return plus(larger(x[a], 0.f), std::log1p(std::exp(-std::abs(x[a]))));
  else if constexpr (code == scalar::erf) return std::erf(x[a]);
  else if constexpr (code == scalar::absolute) return std::abs(x[a]);
  else if constexpr (code == scalar::sine) return std::sin(x[a]);
  else if constexpr (code == scalar::cosine) return std::cos(x[a]);
  else if constexpr (code == scalar::arc_cosine) return std::acos(x[a]);
  else if constexpr (code == scalar::logical_not) return x[a] == 0 ? 1.f : 0.f;
  else if constexpr (code == scalar::add) return plus(x[a], x[b]);
  else if constexpr (code == scalar::subtract) return plus(x[a], -x[b]);
  else if constexpr (code == scalar::multiply) return product(x[a], x[b]);
  else if constexpr (code == scalar::divide) return x[a] / x[b];
  else if constexpr (code == scalar::maximum) return larger(x[a], x[b]);
  else if constexpr (code == scalar::minimum) return smaller(x[a], x[b]);
  else if constexpr (code == scalar::less) return x[a] < x[b] ? 1.f : 0.f;
  else if constexpr (code == scalar::less_equal) return x[a] <= x[b] ? 1.f : 0.f;
  else if constexpr (code == scalar::equal) return x[a] == x[b] ? 1.f : 0.f;
  else if constexpr (code == scalar::equal_index) return as_integer(x[a]) == as_integer(x[b]) ? 1.f : 0.f;
  else if constexpr (code == scalar::less_equal_index) return as_integer(x[a]) <= as_integer(x[b]) ? 1.f : 0.f;
  else if constexpr (code == scalar::index_to_real) return static_cast<float>(as_integer(x[a]));
  else if constexpr (code == scalar::where) return x[a] != 0 ? x[b] : x[c];
  else
    return uniform_bits(static_cast<std::uint32_t>(as_integer(x[a])), static_cast<std::uint32_t>(as_integer(x[b])), s.number());
}

/// Line `Line`: a value for x, or, where the code is `none`, a value's way to a result.
template <int Line, std::uint64_t Word, class Read>
AKIN_HOST_DEVICE void run_line(float* x, const Read& read, float* results) {
  constexpr tape_line s{Word};
  if constexpr (s.code() != scalar::none) x[Line] = line<Word>(x, read);
  else results[s.b()] = x[s.a()];
}

/// The words of a tape, and how many operands it reads and results it has: all that a compiled chain depends on.
template <int Operands, int Results, std::uint64_t... Words>
struct chain_words {
  static constexpr int operands = Operands, results = Results;

  /// out[r]: result r of one element
  template <class Read>
  AKIN_HOST_DEVICE static void evaluate(const Read& read, float* out) {
    evaluate(read, out, std::make_integer_sequence<int, static_cast<int>(sizeof...(Words))>{});
  }

 private:
  template <class Read, int... Line>
  AKIN_HOST_DEVICE static void evaluate(const Read& read, float* out, std::integer_sequence<int, Line...>) {
    float x[sizeof...(Line)];
    (run_line<Line, Words>(x, read, out), ...);
  }
};

}  // namespace device
}  // namespace akin::inline v0
