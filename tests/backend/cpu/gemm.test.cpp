// SPDX-License-Identifier: Apache-2.0
// The one-thread product against loops in double: any strides, any part, added or stored.
#include "akin/backend/cpu/isa/gemm.hpp"
#include "akin/backend/cpu/workspace.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace akin;
using cpu::index_space, cpu::isa, cpu::part, cpu::product;

std::vector<float> numbers(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> draw(-1.f, 1.f);
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& value : x) value = draw(random);
  return x;
}

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

double worst_error(isa level, const extents& e, layout la, layout lb, layout lc, bool add) {
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
  cpu::gemm(level, p, {0, e.m, 0, e.n, 0, e.k}, add, scratch.worker(0));
  double worst = 0;
  std::vector<bool> written(c.size());
  for (std::int64_t i = 0; i < e.m; ++i)
    for (std::int64_t j = 0; j < e.n; ++j) {
      const auto at = static_cast<std::size_t>(i * sc.row + j * sc.column);
      double expected = add ? static_cast<double>(before[at]) : 0;
      for (std::int64_t k = 0; k < e.k; ++k)
        expected += static_cast<double>(a[static_cast<std::size_t>(i * sa.row + k * sa.column)]) *
                    static_cast<double>(b[static_cast<std::size_t>(k * sb.row + j * sb.column)]);
      written[at] = true;
      worst = std::max(worst, std::fabs(static_cast<double>(c[at]) - expected));
    }
  for (std::size_t i = 0; i < c.size(); ++i)
    if (!written[i] && c[i] != before[i]) return 1e9;  // wrote beside the result
  return worst / (1 + std::sqrt(static_cast<double>(e.k)));
}

std::vector<isa> levels() {
  std::vector<isa> all;
  for (const isa level : {isa::portable, isa::avx2, isa::avx512})
    if (level <= cpu::processor_isa()) all.push_back(level);
  return all;
}

}  // namespace

TEST_CASE("gemm agrees with loops in double for every layout") {
  for (const isa level : levels())
    for (const extents& e :
         {extents{1, 1, 1}, {5, 3, 0}, {0, 3, 4}, {3, 0, 4}, {1, 77, 13}, {77, 1, 13}, {13, 9, 1}, {29, 47, 31}, {15, 33, 647}, {23, 49, 1601}})
      for (const layout a : layouts)
        for (const layout b : layouts)
          for (const layout c : layouts)
            for (const bool add : {false, true}) CHECK(worst_error(level, e, a, b, c, add) <= 1e-6);
}

TEST_CASE("gemm agrees with loops in double for every height and width of a tile") {
  for (const isa level : levels()) {
    for (std::int64_t m = 1; m <= 30; ++m)
      CHECK(worst_error(level, {m, 19, 7}, layout::rows, layout::rows, layout::rows, false) <= 1e-6);
    for (std::int64_t n = 1; n <= 66; ++n)
      CHECK(worst_error(level, {16, n, 7}, layout::rows, layout::rows, layout::rows, true) <= 1e-6);
    CHECK(worst_error(level, {45, 801, 333}, layout::columns, layout::rows, layout::rows, false) <= 1e-6);
  }
}

TEST_CASE("the parts of a product have the bits of the whole, however rows and columns are cut") {
  const extents e{83, 71, 901};
  const auto a = numbers(e.m * e.k, 1), b = numbers(e.k * e.n, 2);
  const cpu::workspace scratch(1);
  for (const isa level : levels()) {
    std::vector<float> whole(static_cast<std::size_t>(e.m * e.n)), pieces(whole.size());
    product p;
    p.a = a.data();
    p.b = b.data();
    p.m = {e.m, e.k, e.n};
    p.n = {e.n, 1, 1};
    p.k = {e.k, 1, e.n};
    p.c = whole.data();
    cpu::gemm(level, p, {0, e.m, 0, e.n, 0, e.k}, false, scratch.worker(0));
    p.c = pieces.data();
    for (std::int64_t m = 0; m < e.m; m += 23)
      for (std::int64_t n = 0; n < e.n; n += 17)
        cpu::gemm(level, p, {m, std::min(e.m, m + 23), n, std::min(e.n, n + 17), 0, e.k}, false, scratch.worker(0));
    CHECK(whole == pieces);
  }
}

TEST_CASE("index_space joins dimensions that follow each other, and index_walk visits what they mean") {
  index_space joined(4, 15, 30);
  joined.append(5, 3, 6);
  joined.append(1, 100, 100);
  CHECK(joined.rank == 1);
  CHECK(joined.size() == 20);
  index_space apart(4, 15, 1);
  apart.append(5, 3, 7);
  CHECK(apart.rank == 2);
  for (std::int64_t start : {0, 7}) {
    cpu::index_walk walk(apart, start);
    for (std::int64_t i = start; i < 20; ++i, walk.next()) {
      CHECK(walk.first == i / 5 * 15 + i % 5 * 3);
      CHECK(walk.second == i / 5 + i % 5 * 7);
    }
  }
}

#if defined(__unix__) || defined(__APPLE__)
TEST_CASE("AKIN_ISA lowers the instruction set, and refuses other words") {
  const char* const before = std::getenv("AKIN_ISA");
  const std::string saved = before == nullptr ? "" : before;
  setenv("AKIN_ISA", "portable", 1);
  CHECK(cpu::best_isa() == isa::portable);
  CHECK(cpu::best_bf16_isa() == cpu::bf16_isa::portable);
  setenv("AKIN_ISA", "avx512", 1);
  CHECK(cpu::best_isa() == cpu::processor_isa());
  CHECK(cpu::best_bf16_isa() == std::min(cpu::bf16_isa::avx512, cpu::processor_bf16_isa()));
  for (const char* higher : {"avx512_bf16", "amx_bf16"}) {
    setenv("AKIN_ISA", higher, 1);
    CHECK(cpu::best_isa() == cpu::processor_isa());
    CHECK(cpu::best_bf16_isa() <= cpu::processor_bf16_isa());
  }
  setenv("AKIN_ISA", "fast", 1);
  CHECK_THROWS_WITH_AS(cpu::best_isa(), "AKIN_ISA: got 'fast', expected portable, avx2, avx512, avx512_bf16 or amx_bf16", error);
  before == nullptr ? unsetenv("AKIN_ISA") : setenv("AKIN_ISA", saved.c_str(), 1);
}
#endif
