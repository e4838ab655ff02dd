// SPDX-License-Identifier: Apache-2.0
// Products with bf16 operands against loops in double over operands rounded beforehand: any strides, any part, packed or not.
// The code that drives the tiles of AMX is tested with emulated ones too, so that it is where there are none.
#include "akin/backend/cpu/isa/bf16.hpp"
#include "akin/backend/cpu/workspace.hpp"
#include "support/emulated_bf16.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace akin;
using akin_test::all_bf16_kernels;
using cpu::bf16_kernels, cpu::bf16_panels, cpu::bf16_precision, cpu::part, cpu::product;

static_assert(cpu::workspace::worker_floats >= cpu::bf16_scratch);

constexpr bf16_precision precisions[] = {bf16_precision::plain, bf16_precision::split, bf16_precision::exact};
constexpr float infinity = std::numeric_limits<float>::infinity();

std::vector<float> numbers(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> draw(-1.f, 1.f);
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& value : x) value = draw(random);
  return x;
}

float to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if (std::isnan(x)) return x;
  const std::uint32_t below = bits & 0xffffu, kept = bits & 0xffff0000u;
  const bool up = below > 0x8000u || (below == 0x8000u && (bits & 0x10000u) != 0);
  return std::bit_cast<float>(up ? kept + 0x10000u : kept);
}

/// 64-byte aligned memory for packed operands.
struct memory {
  explicit memory(std::int64_t pairs) : all(static_cast<std::size_t>(pairs) + 16, 0xffffffffu) {}  // NaN where nothing was packed
  std::uint32_t* data() {
    return all.data() + (64 - reinterpret_cast<std::uintptr_t>(all.data()) % 64) % 64 / sizeof(std::uint32_t);
  }
  std::vector<std::uint32_t> all;
};

struct extents {
  std::int64_t m, n, k;
};

/// How each of the three matrices is stored: rows contiguous, columns contiguous, or every third float of rows.
enum class layout { rows, columns, spread };
constexpr layout layouts[] = {layout::rows, layout::columns, layout::spread};

struct strides {
  std::int64_t row, column;
  strides(layout l, std::int64_t rows, std::int64_t columns)
      : row(l == layout::rows      ? columns
            : l == layout::columns ? 1
                                   : 3 * columns + 5),
        column(l == layout::rows      ? 1
               : l == layout::columns ? rows
                                      : 3) {}
};

/// The largest error in units of the tolerance: for plain operands what k + 2 roundings in fp32 may do, 2^-24 sum |a||b| each;
/// for exact ones one more; for split ones 2^-16 sum |a||b|, three times that where a sum is short.
double worst_error(const bf16_kernels& kernels, bf16_precision precision, const extents& e, layout la, layout lb, layout lc, bool add) {
  const strides sa(la, e.m, e.k), sb(lb, e.k, e.n), sc(lc, e.m, e.n);
  const auto floats = [](const strides& s, std::int64_t rows, std::int64_t columns) {
    return 1 + rows * s.row + columns * s.column;
  };
  const auto a = numbers(floats(sa, e.m, e.k), 1), b = numbers(floats(sb, e.k, e.n), 2),
             before = numbers(floats(sc, e.m, e.n), 3);
  auto c = before;
  const cpu::workspace scratch(1);
  product p;
  p.a = a.data();
  p.b = b.data();
  p.c = c.data();
  p.m = {e.m, sa.row, sc.row};
  p.n = {e.n, sb.column, sc.column};
  p.k = {e.k, sa.column, sb.row};
  cpu::gemm_bf16(kernels, precision, p, {0, e.m, 0, e.n, 0, e.k}, add, scratch.worker(0));
  const bool plain = precision == bf16_precision::plain;
  const double unit = precision == bf16_precision::split ? std::ldexp(e.k < 15 ? 3. : 1., -16) : std::ldexp(static_cast<double>(e.k) + (plain ? 2 : 3), -24);
  double worst = 0;
  std::vector<bool> written(c.size());
  for (std::int64_t i = 0; i < e.m; ++i)
    for (std::int64_t j = 0; j < e.n; ++j) {
      const auto at = static_cast<std::size_t>(i * sc.row + j * sc.column);
      double expected = add ? static_cast<double>(before[at]) : 0, size = std::fabs(expected);
      for (std::int64_t k = 0; k < e.k; ++k) {
        const float x = a[static_cast<std::size_t>(i * sa.row + k * sa.column)],
                    y = b[static_cast<std::size_t>(k * sb.row + j * sb.column)];
        const double term = static_cast<double>(plain ? to_bf16(x) : x) * static_cast<double>(plain ? to_bf16(y) : y);
        expected += term;
        size += std::fabs(term);
      }
      written[at] = true;
      worst = std::max(worst, std::fabs(static_cast<double>(c[at]) - expected) / std::max(unit * size, 1e-30));
    }
  for (std::size_t i = 0; i < c.size(); ++i)
    if (!written[i] && c[i] != before[i]) return 1e9;  // wrote beside the result
  return worst;
}

/// a [m, k] by b [k, n], dense, from packed operands.
std::vector<float> multiplied(const bf16_kernels& kernels, bf16_precision precision, const extents& e, const std::vector<float>& a,
                              const std::vector<float>& b) {
  bf16_panels left = kernels.panels_of_a(precision, e.m, e.k), right = kernels.panels_of_b(precision, e.n, e.k);
  memory left_memory(left.size()), right_memory(right.size());
  left.pairs = left_memory.data();
  right.pairs = right_memory.data();
  kernels.pack(cpu::bf16_matrix(a.data(), e.m, e.k, e.k, 1), 0, 0, left);
  kernels.pack(cpu::bf16_matrix(b.data(), e.n, 1, e.k, e.n), 0, 0, right);
  std::vector<float> c(static_cast<std::size_t>(e.m * e.n));
  kernels.multiply(left, right, c.data(), e.n, false);
  return c;
}

product dense(const extents& e, const std::vector<float>& a, const std::vector<float>& b, std::vector<float>& c) {
  product p;
  p.a = a.data();
  p.b = b.data();
  p.c = c.data();
  p.m = {e.m, e.k, e.n};
  p.n = {e.n, 1, 1};
  p.k = {e.k, 1, e.n};
  return p;
}

bool same_bits(const std::vector<float>& x, const std::vector<float>& y) {
  for (std::size_t i = 0; i < x.size(); ++i)
    if (std::bit_cast<std::uint32_t>(x[i]) != std::bit_cast<std::uint32_t>(y[i])) return false;
  return x.size() == y.size();
}

}  // namespace

TEST_CASE("gemm_bf16 agrees with loops in double for every layout") {
  for (const auto& [name, kernels] : all_bf16_kernels())
    for (const bf16_precision precision : precisions)
      for (const extents& e : {extents{1, 1, 1},
                               {5, 3, 0},
                               {0, 3, 4},
                               {3, 0, 4},
                               {1, 77, 13},
                               {77, 1, 13},
                               {13, 9, 1},
                               {29, 47, 31},
                               {15, 33, 127},
                               {32, 64, 64}})
        for (const layout a : layouts)
          for (const layout b : layouts)
            for (const layout c : layouts)
              for (const bool add : {false, true}) CHECK(worst_error(kernels, precision, e, a, b, c, add) <= 1);
}

TEST_CASE("gemm_bf16 agrees with loops in double for every size around a tile and a block") {
  for (const auto& [name, kernels] : all_bf16_kernels())
    for (const bf16_precision precision : precisions) {
      for (const std::int64_t m : {2, 3, 7, 14, 15, 16, 17, 28, 31, 32, 33, 48, 64, 127})
        for (const std::int64_t n : {1, 2, 15, 16, 17, 31, 33, 48, 127})
          CHECK(worst_error(kernels, precision, {m, n, 35}, layout::rows, layout::rows, layout::rows, true) <= 1);
      for (const std::int64_t k : {2, 3, 15, 17, 32, 33, 63, 127, 255, 256, 257, 511, 512, 513, 1023, 1025, 1030})
        CHECK(worst_error(kernels, precision, {17, 33, k}, layout::columns, layout::columns, layout::rows, true) <= 1);
    }
  const bf16_kernels best = all_bf16_kernels().back().kernels;
  CHECK(worst_error(best, bf16_precision::plain, {470, 1050, 70}, layout::rows, layout::rows, layout::rows, false) <= 1);
  CHECK(worst_error(best, bf16_precision::plain, {33, 601, 1030}, layout::rows, layout::columns, layout::rows, true) <= 1);
  for (const bf16_precision precision : {bf16_precision::split, bf16_precision::exact})
    CHECK(worst_error(best, precision, {150, 300, 640}, layout::columns, layout::rows, layout::columns, true) <= 1);
}

TEST_CASE("axes of several dimensions are packed like one") {
  // a [2, 3 | 4, 5] with its dimensions in memory as 4 2 5 3, b [4, 5 | 7]
  const auto a = numbers(120, 1), b = numbers(140, 2);
  std::vector<float> flat(120), c(42), expected(42);
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t k = 0; k < 20; ++k) flat[i * 20 + k] = a[k / 5 * 30 + i / 3 * 15 + k % 5 * 3 + i % 3];
  const cpu::workspace scratch(1);
  for (const auto& [name, kernels] : all_bf16_kernels())
    for (const bf16_precision precision : precisions) {
      product p = dense({6, 7, 20}, a, b, c);
      p.m = {};
      p.m.append(2, 15, 21);
      p.m.append(3, 1, 7);
      p.k = {};
      p.k.append(4, 30, 35);
      p.k.append(5, 3, 7);
      cpu::gemm_bf16(kernels, precision, p, {0, 6, 0, 7, 0, 20}, false, scratch.worker(0));
      cpu::gemm_bf16(kernels, precision, dense({6, 7, 20}, flat, b, expected), {0, 6, 0, 7, 0, 20}, false, scratch.worker(0));
      CHECK(same_bits(c, expected));
    }
}

TEST_CASE("the parts of a product have the bits of the whole, and so has the product of packed operands") {
  const extents e{83, 71, 1101};
  const auto a = numbers(e.m * e.k, 1), b = numbers(e.k * e.n, 2);
  const cpu::workspace scratch(1);
  for (const auto& [name, kernels] : all_bf16_kernels())
    for (const bf16_precision precision : precisions) {
      std::vector<float> whole(static_cast<std::size_t>(e.m * e.n)), pieces(whole.size());
      cpu::gemm_bf16(kernels, precision, dense(e, a, b, whole), {0, e.m, 0, e.n, 0, e.k}, false, scratch.worker(0));
      for (std::int64_t m = 0; m < e.m; m += 23)
        for (std::int64_t n = 0; n < e.n; n += 17)
          cpu::gemm_bf16(kernels, precision, dense(e, a, b, pieces), {m, std::min(e.m, m + 23), n, std::min(e.n, n + 17), 0, e.k},
                         false, scratch.worker(0));
      CHECK(same_bits(whole, pieces));
      CHECK(same_bits(whole, multiplied(kernels, precision, e, a, b)));
    }
}

TEST_CASE("a part of packed operands starts at any panel") {
  const extents e{140, 100, 70};
  const auto a = numbers(e.m * e.k, 1), b = numbers(e.n * e.k, 2);
  for (const auto& [name, kernels] : all_bf16_kernels())
    for (const bf16_precision precision : precisions) {
      bf16_panels left = kernels.panels_of_a(precision, e.m, e.k), right = kernels.panels_of_b(precision, e.n, e.k);
      memory left_memory(left.size()), right_memory(right.size());
      left.pairs = left_memory.data();
      right.pairs = right_memory.data();
      kernels.pack(cpu::bf16_matrix(a.data(), e.m, e.k, e.k, 1), 0, 0, left);
      kernels.pack(cpu::bf16_matrix(b.data(), e.n, e.k, e.k, 1), 0, 0, right);
      std::vector<float> whole(static_cast<std::size_t>(e.m * e.n), 1.f), pieces = whole;
      kernels.multiply(left, right, whole.data(), e.n, true);
      const std::int64_t rows = 2 * kernels.rows, columns = 2 * cpu::bf16_cols;
      for (std::int64_t m = 0; m < e.m; m += rows)
        for (std::int64_t n = 0; n < e.n; n += columns)
          kernels.multiply(left.some(m, std::min(rows, e.m - m)), right.some(n, std::min(columns, e.n - n)),
                        pieces.data() + m * e.n + n, e.n, true);
      CHECK(same_bits(whole, pieces));
    }
}

TEST_CASE("operands that do not fit each other are refused") {
  const bf16_kernels kernels = akin_test::emulated_bf16_kernels(), others{14, nullptr, nullptr};
  const bf16_panels a = kernels.panels_of_a(bf16_precision::plain, 3, 8), b = kernels.panels_of_b(bf16_precision::plain, 4, 8);
  CHECK_THROWS_WITH_AS(kernels.multiply(a, kernels.panels_of_b(bf16_precision::split, 4, 9), nullptr, 4, false),
                       "multiply: rows of 8 numbers in 1 parts, columns of 9 in 2", error);
  CHECK_THROWS_WITH_AS(others.multiply(a, b, nullptr, 4, false), "multiply: expected panels of 14 rows and of columns, got 32 rows and columns", error);
  CHECK_THROWS_AS(kernels.multiply(b, a, nullptr, 4, false), error);
}

TEST_CASE("the tiles of the processor have the bits of emulated ones") {
  const extents e{61, 77, 333};
  const auto a = numbers(e.m * e.k, 1), b = numbers(e.k * e.n, 2);
  for (const bf16_precision precision : precisions) {
    const auto expected = multiplied(akin_test::emulated_bf16_kernels(), precision, e, a, b);
    for (const auto& [name, kernels] : all_bf16_kernels())
      if (name != "avx512_bf16") CHECK(same_bits(multiplied(kernels, precision, e, a, b), expected));
  }
}

TEST_CASE("numbers are rounded to the nearest bf16, ties to even") {
  const auto from_bits = [](std::uint32_t bits) { return std::bit_cast<float>(bits); };
  std::vector<float> x = {0.f,
                          -0.f,
                          1.f,
                          from_bits(0x3f808000),
                          from_bits(0x3f818000),
                          from_bits(0x3f808001),
                          from_bits(0x3f817fff),
                          from_bits(0xbf808000),
                          from_bits(0xbf818000),
                          from_bits(0x3fffffff),
                          from_bits(0x00800000),
                          3.3895314e38f,
                          3.3961776e38f,
                          std::numeric_limits<float>::max(),
                          infinity,
                          -infinity};
  const std::vector<float> expected = {0.f,
                                       -0.f,
                                       1.f,
                                       1.f,
                                       from_bits(0x3f820000),
                                       from_bits(0x3f810000),
                                       from_bits(0x3f810000),
                                       -1.f,
                                       from_bits(0xbf820000),
                                       2.f,
                                       from_bits(0x00800000),
                                       3.3895314e38f,
                                       infinity,
                                       infinity,
                                       infinity,
                                       -infinity};
  std::mt19937 random(5);
  for (int i = 0; i < 1000; ++i) x.push_back(from_bits(static_cast<std::uint32_t>(random()) & 0xbfffffffu));
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(to_bf16(x[i]) == expected[i]);
  const auto count = static_cast<std::int64_t>(x.size());
  for (const auto& [name, kernels] : all_bf16_kernels())
    for (const bf16_precision precision : precisions)
      for (const bool rows : {true, false}) {
        bf16_panels packed = rows ? kernels.panels_of_a(precision, 1, count) : kernels.panels_of_b(precision, 1, count);
        memory room(packed.size());
        packed.pairs = room.data();
        kernels.pack(cpu::bf16_matrix(x.data(), 1, 1, count, 1), 0, 0, packed);
        for (std::int64_t k = 0; k < packed.groups() * 32; ++k) {
          const std::uint32_t* const at = packed.group(0, k / 32) + k % 32 / 2 * (rows ? 1 : 32);
          const auto number = [&](const std::uint32_t* pair) { return k % 2 == 0 ? *pair << 16 : *pair & 0xffff0000u; };
          const float value = k < count ? x[static_cast<std::size_t>(k)] : 0.f;
          if (precision == bf16_precision::exact) {
            const float high = from_bits(number(at)), middle = from_bits(number(at + packed.part_step())), low = from_bits(number(at + 2 * packed.part_step()));
            if (std::isinf(value)) CHECK((high == 0 && middle == 0 && low == value));
            else if (std::abs(value) >= 0x1p-102f) CHECK(high + (middle + low) == value);
            else CHECK(std::abs(high + (middle + low) - value) <= 0x1p-126f);
            CHECK(!(std::abs(middle) > std::ldexp(std::abs(high), -7)));
            continue;
          }
          const float high = to_bf16(value);
          CHECK(number(at) == std::bit_cast<std::uint32_t>(high));
          if (precision == bf16_precision::split) CHECK(from_bits(number(at + packed.part_step())) == (std::isinf(high) ? 0.f : to_bf16(value - high)));
        }
      }
}

TEST_CASE("NaN and infinity of an operand reach the results that they belong to, and no others") {
  const extents e{19, 21, 37};
  for (const auto& [name, kernels] : all_bf16_kernels())
    for (const bf16_precision precision : precisions)
      for (const float strange :
           {std::bit_cast<float>(0x7f800001u), -std::numeric_limits<float>::quiet_NaN(), infinity, -infinity}) {
        auto a = numbers(e.m * e.k, 1), b = numbers(e.k * e.n, 2);
        a[static_cast<std::size_t>(3 * e.k + 36)] = strange;
        b[static_cast<std::size_t>(5 * e.n + 20)] = strange;
        const auto c = multiplied(kernels, precision, e, a, b);
        for (std::int64_t i = 0; i < e.m; ++i)
          for (std::int64_t j = 0; j < e.n; ++j) {
            const float value = c[static_cast<std::size_t>(i * e.n + j)];
            CHECK(std::isfinite(value) == (i != 3 && j != 20));
            if (std::isnan(strange)) CHECK(std::isnan(value) == (i == 3 || j == 20));
          }
        if (precision != bf16_precision::split && !std::isnan(strange)) {
          const bool up = (b[static_cast<std::size_t>(36 * e.n)] > 0) == (strange > 0);
          CHECK(c[static_cast<std::size_t>(3 * e.n)] == (up ? infinity : -infinity));
        }
      }
}
