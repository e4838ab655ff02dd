// SPDX-License-Identifier: Apache-2.0
// The products of pair passes, packed and multiplied, in each form and at each level against loops in double over operands rounded beforehand.
#include "akin/backend/cpu/pair_products.hpp"
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
using cpu::isa, cpu::packed_block, cpu::pair_products, cpu::product_form;

std::vector<float> numbers(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> draw(-1.f, 1.f);
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& value : x) value = draw(random);
  return x;
}

double to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t below = bits & 0xffffu, kept = bits & 0xffff0000u;
  return static_cast<double>(std::bit_cast<float>(below > 0x8000u || (below == 0x8000u && (bits & 0x10000u) != 0) ? kept + 0x10000u : kept));
}

/// A form, by the vectors of a level in fp32, by kernels for bf16 in the others.
struct subject {
  product_form form;
  isa level;
  akin_test::named_bf16_kernels bf16;
  std::string text() const {
    constexpr const char* names[] = {"fp32 ", "plain ", "split ", "exact "};
    return names[static_cast<int>(form)] + (form == product_form::fp32 ? std::string{cpu::name_of(level)} : bf16.name);
  }
};

std::vector<subject> subjects() {
  std::vector<subject> all;
  for (const isa level : {isa::portable, isa::avx2, isa::avx512})
    if (level <= cpu::processor_isa()) all.push_back({product_form::fp32, level, {}});
  for (const auto& bf16 : akin_test::all_bf16_kernels())
    for (const product_form form : {product_form::exact, product_form::split, product_form::plain}) all.push_back({form, cpu::best_isa(), bf16});
  return all;
}

struct sizes {
  std::int64_t m, n, k;
};

/// Steps of a [m, k], of b [n, k] and of c [m, n]; 0: dense.
struct steps {
  std::int64_t a_line = 0, a_depth = 1, b_line = 0, b_depth = 1, c_row = 0, c_column = 1;
};

/// The largest error in units of what the form may lose: 2^-24 sum |a||b| for each of k + 2 roundings of fp32 sums and for what exact leaves out, and 2^-16 sum |a||b| for split
/// operands, three times that where a sum is short. Infinite where something beside the result or behind the packed operands is written.
double worst_error(const subject& s, const sizes& e, steps at, bool add) {
  if (at.a_line == 0) at.a_line = at.a_depth == 1 ? e.k : 1;
  if (at.b_line == 0) at.b_line = at.b_depth == 1 ? e.k : 1;
  if (at.c_row == 0) at.c_row = at.c_column == 1 ? e.n : 1;
  const auto a = numbers(1 + e.m * at.a_line + e.k * at.a_depth, 1), b = numbers(1 + e.n * at.b_line + e.k * at.b_depth, 2);
  const auto before = numbers(1 + e.m * at.c_row + e.n * at.c_column, 3);
  auto c = before;
  const pair_products products{s.form, s.level, s.bf16.kernels};
  constexpr std::int64_t guard = 16;
  const std::int64_t left_floats = products.floats(true, e.m, e.k), right_floats = products.floats(false, e.n, e.k);
  if (left_floats % 16 != 0 || right_floats % 16 != 0) return INFINITY;
  const cpu::aligned_floats left_memory{left_floats + guard}, right_memory{right_floats + guard};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::fill_n(left_memory.data(), left_floats + guard, nan);  // what is not packed spoils the result
  std::fill_n(right_memory.data(), right_floats + guard, nan);
  const packed_block left{left_memory.data(), e.m, e.k}, right{right_memory.data(), e.n, e.k};
  products.pack(true, a.data(), at.a_line, at.a_depth, left);
  products.pack(false, b.data(), at.b_line, at.b_depth, right);
  for (std::int64_t k = 0; k < guard; ++k)
    if (!std::isnan(left.data[left_floats + k]) || !std::isnan(right.data[right_floats + k])) return INFINITY;
  products.multiply(left, right, c.data(), at.c_row, at.c_column, add);

  const bool plain = s.form == product_form::plain;
  const double unit = s.form == product_form::split ? std::ldexp(e.k < 15 ? 3. : 1., -16) : std::ldexp(static_cast<double>(e.k) + (s.form == product_form::exact ? 3 : 2), -24);
  double worst = 0;
  std::vector<bool> written(c.size());
  for (std::int64_t i = 0; i < e.m; ++i)
    for (std::int64_t j = 0; j < e.n; ++j) {
      const auto place = static_cast<std::size_t>(i * at.c_row + j * at.c_column);
      double expected = add ? static_cast<double>(before[place]) : 0, size = std::abs(expected);
      for (std::int64_t k = 0; k < e.k; ++k) {
        const float x = a[static_cast<std::size_t>(i * at.a_line + k * at.a_depth)], y = b[static_cast<std::size_t>(j * at.b_line + k * at.b_depth)];
        const double term = (plain ? to_bf16(x) : static_cast<double>(x)) * (plain ? to_bf16(y) : static_cast<double>(y));
        expected += term;
        size += std::abs(term);
      }
      written[place] = true;
      const double error = std::abs(static_cast<double>(c[place]) - expected) / std::max(unit * size, 1e-30);
      if (!(error <= worst)) worst = std::isnan(error) ? INFINITY : error;
    }
  for (std::size_t i = 0; i < c.size(); ++i)
    if (!written[i] && c[i] != before[i]) return INFINITY;
  return worst;
}

}  // namespace

TEST_CASE("products of odd sizes, of depth 0, and deeper than is multiplied at once") {
  for (const subject& s : subjects()) {
    CAPTURE(s.text());
    for (const sizes& e : {sizes{1, 1, 1}, {1, 77, 13}, {77, 1, 13}, {5, 3, 0}, {13, 9, 1}, {28, 64, 64}, {29, 47, 31}, {15, 33, 127}, {27, 65, 33}, {6, 16, 512}, {17, 35, 513}, {9, 19, 1030}})
      for (const bool add : {false, true}) {
        CAPTURE(e.m);
        CAPTURE(e.n);
        CAPTURE(e.k);
        CHECK(worst_error(s, e, {}, add) <= 1);
      }
  }
}

TEST_CASE("operands with any strides") {
  for (const subject& s : subjects()) {
    CAPTURE(s.text());
    for (const sizes& e : {sizes{28, 64, 32}, {29, 37, 31}, {13, 33, 515}}) {
      CAPTURE(e.m);
      CHECK(worst_error(s, e, {.a_line = 1, .a_depth = e.m}, false) <= 1);            // a turned, as in G^T
      CHECK(worst_error(s, e, {.b_line = 1, .b_depth = e.n}, true) <= 1);             // b turned, as the embeddings in G B
      CHECK(worst_error(s, e, {.a_line = e.k + 7, .b_line = e.k + 3}, false) <= 1);   // rows with a gap
      CHECK(worst_error(s, e, {.a_line = 3 * e.k + 5, .a_depth = 3, .b_line = 2, .b_depth = 2 * e.n + 1}, true) <= 1);
      CHECK(worst_error(s, e, {.c_row = e.n + 9}, true) <= 1);
    }
  }
}

TEST_CASE("in fp32 the result's columns may lie apart") {
  for (const subject& s : subjects()) {
    if (s.form != product_form::fp32) continue;
    CAPTURE(s.text());
    for (const sizes& e : {sizes{28, 64, 32}, {29, 37, 31}, {5, 3, 0}, {13, 33, 515}})
      for (const bool add : {false, true}) {
        CHECK(worst_error(s, e, {.c_row = 1, .c_column = e.m}, add) <= 1);
        CHECK(worst_error(s, e, {.c_row = 3 * e.n + 2, .c_column = 3}, add) <= 1);
      }
  }
}
