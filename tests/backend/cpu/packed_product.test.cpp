// SPDX-License-Identifier: Apache-2.0
// Products whose operands are packed once against the one-thread products that pack as they go: the same bits, for any number of threads.
#include "akin/backend/cpu/packed_product.hpp"
#include "support/emulated_bf16.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

namespace {

using namespace akin;
using cpu::matrix_extents, cpu::product;

struct operands {
  std::vector<float> a, b;
  explicit operands(const matrix_extents& e) : a(static_cast<std::size_t>(e.rows * e.depth)), b(static_cast<std::size_t>(e.columns * e.depth)) {
    std::mt19937 random(7);
    std::uniform_real_distribution<float> draw(-1.f, 1.f);
    for (float& x : a) x = draw(random);
    for (float& x : b) x = draw(random);
  }
};

/// The rows of a and the columns of b run along k, or across it.
product product_of(const operands& x, const matrix_extents& e, bool a_along, bool b_along, std::vector<float>& c) {
  product p;
  p.a = x.a.data();
  p.b = x.b.data();
  p.c = c.data();
  p.m = {e.rows, a_along ? e.depth : 1, e.columns};
  p.n = {e.columns, b_along ? e.depth : 1, 1};
  p.k = {e.depth, a_along ? 1 : e.rows, b_along ? 1 : e.columns};
  return p;
}

/// Calls with(product, c) for every way in which the operands may lie; c is NaN.
template <class With>
void for_each_product(const matrix_extents& e, With with) {
  const operands x{e};
  for (const bool a_along : {false, true})
    for (const bool b_along : {false, true}) {
      CAPTURE(a_along);
      CAPTURE(b_along);
      std::vector<float> c(static_cast<std::size_t>(e.rows * e.columns), std::numeric_limits<float>::quiet_NaN());
      with(product_of(x, e, a_along, b_along, c), c);
    }
}

}  // namespace

TEST_CASE("in fp32") {
  // The last has more blocks of columns than fit into what the threads share.
  for (const matrix_extents& e : {matrix_extents{225, 64, 64}, {301, 787, 333}, {224, 769, 10001}}) {
    REQUIRE(cpu::packed_product::serves(e));
    CAPTURE(e.rows);
    for (const auto level : {cpu::isa::portable, cpu::isa::avx2, cpu::isa::avx512}) {
      if (level > cpu::processor_isa() || (e.depth > 10000 && level != cpu::processor_isa())) continue;
      for_each_product(e, [&](product p, std::vector<float>& c) {
        std::vector<float> expected(c.size());
        const cpu::workspace own{1};
        p.c = expected.data();
        cpu::gemm(level, p, {0, e.rows, 0, e.columns, 0, e.depth}, false, own.worker(0));
        p.c = c.data();
        for (const int threads : {1, 3}) {
          std::fill(c.begin(), c.end(), std::numeric_limits<float>::quiet_NaN());
          thread_pool pool{threads};
          cpu::workspace scratch{threads};
          cpu::packed_product{level, p, e}.run(pool, scratch);
          CHECK(c == expected);
        }
      });
    }
  }
}

TEST_CASE("with operands of bf16, in one, two or three parts") {
  for (const auto& [name, kernels] : akin_test::all_bf16_kernels())
    for (const auto precision : {cpu::bf16_precision::plain, cpu::bf16_precision::split, cpu::bf16_precision::exact})
      // In three parts 2,688 lines fit at a time, and 1,024 positions of k.
      for (const matrix_extents& e : {matrix_extents{33, 1000, 40}, {33, 1000, 1100}, {451, 515, 700}, {40, 2800, 1100}, {2800, 70, 1100}, {900, 600, 12001}}) {
        if (e.rows * e.columns * e.depth > 200'000'000 && name == "emulated") continue;  // it would take minutes
        const cpu::bf16_kernels bf16 = kernels;
        for_each_product(e, [&](product p, std::vector<float>& c) {
          REQUIRE(cpu::packed_bf16_product::serves(p, e));
          std::vector<float> expected(c.size());
          const cpu::workspace own{1};
          p.c = expected.data();
          cpu::gemm_bf16(bf16, precision, p, {0, e.rows, 0, e.columns, 0, e.depth}, false, own.worker(0));
          p.c = c.data();
          for (const int threads : {1, 3}) {
            std::fill(c.begin(), c.end(), std::numeric_limits<float>::quiet_NaN());
            thread_pool pool{threads};
            cpu::workspace scratch{threads};
            cpu::packed_bf16_product{bf16, precision, p, e}.run(pool, scratch);
            CHECK(c == expected);
          }
        });
      }
}
