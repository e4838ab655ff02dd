// SPDX-License-Identifier: Apache-2.0
// Weights kept packed: the results of a program that keeps them against single contractions, before and after the weights change.
#include <akin/akin.hpp>

#include "count_allocations.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace akin;

namespace {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct width : axis<"width"> {} width;
inline constexpr struct first_part : axis<"first_part"> {} first_part;
inline constexpr struct embed : axis<"embed"> {} embed;
inline constexpr struct three : axis<"three", 3> {} three;
inline constexpr struct layers : axis<"layers"> {} layers;

/// A part of a weight, and one of each layer.
struct projections {
  static constexpr auto define(model& m) {
    const auto x = dot(m.data<"x">(images, width), take(m.parameter<"first">(initial::normal(0.1), three, embed, width), three, 1), over(width));
    return repeat(m, layers, "layer", x, [&](auto each) {
      return rename(dot(each, m.parameter<"next">(initial::normal(0.1), width, embed), over(embed)), width, embed);
    });
  }
};

/// A weight as a whole, and its first rows alone: they begin at the same number.
struct two_depths {
  static constexpr auto define(model& m) {
    const auto x = m.data<"x">(images, width);
    const auto weight = m.parameter<"weight">(initial::normal(0.1), width, embed);
    m.output<"whole">(dot(x, weight));
    return dot(take_first(x, width, first_part), take_first(weight, width, first_part));
  }
};

constexpr std::int64_t depth = 2;

/// What contract computes where nothing is kept.
std::vector<float> by_contractions(const cpu::dense_products& products, std::vector<float> x, const parameters<projections>& weights, std::int64_t rows, std::int64_t n) {
  thread_pool pool{1};
  cpu::workspace scratch{1};
  const float* matrix = weights.values().data() + n * n;
  for (int k = 0; k <= depth; ++k, matrix += k == 1 ? 2 * n * n : n * n) {
    std::vector<float> y(x.size());
    cpu::contract(pool, products, scratch, {x.data(), 2, {0, 1}, {rows, n}}, {matrix, 2, {2, 1}, {n, n}}, {y.data(), 2, {0, 2}, {rows, n}});
    x = y;
  }
  return x;
}

void check(precision towers, std::int64_t rows, std::int64_t n) {
  CAPTURE(rows);
  parameters<projections> weights;
  program<projections, cpu_backend, mode::evaluation> kept{weights, 2, precision::fp32, towers};
  kept.bind(images(rows), width(n), embed(n), layers(depth));
  std::vector<float> x(static_cast<std::size_t>(rows * n));
  for (std::size_t k = 0; k < x.size(); ++k) x[k] = static_cast<float>(k * 7919 % 1000) / 1000 - 0.5f;
  kept.set<"x">(x);
  const auto level = cpu::best_bf16_isa();
  const auto fp32 = level == cpu::bf16_isa::amx_bf16 ? cpu::product_form::exact : cpu::product_form::fp32;
  const cpu::dense_products products{cpu::best_isa(), towers == precision::bf16 && cpu::bf16_is_faster(level) ? cpu::product_form::plain : fp32, cpu::bf16_kernels_of(level)};
  for (int turn = 0; turn < 2; ++turn) {
    const auto expected = by_contractions(products, x, weights, rows, n);
    for (int run = 0; run < 2; ++run) {
      const auto before = akin_test::allocation_count.load();
      kept.forward();
      CHECK(akin_test::allocation_count.load() == before);
      CHECK(std::vector<float>(kept.value().data, kept.value().data + rows * n) == expected);
    }
    for (float& v : weights.values()) v = -v * 0.5f;
  }
}

}  // namespace

TEST_CASE("fp32") {
  for (const std::int64_t rows : {1, 3, 50, 300}) for (const std::int64_t n : {130, 264}) check(precision::fp32, rows, n);  // tiles compute the largest in fp32
}
TEST_CASE("operands rounded to bf16") {
  for (const std::int64_t rows : {1, 3, 50, 300}) check(precision::bf16, rows, 130);
}
TEST_CASE("one weight at two depths has two places") {
  constexpr std::int64_t rows = 50, part = 70, w = 130, e = 130;
  parameters<two_depths> weights;
  program<two_depths, cpu_backend, mode::evaluation> kept{weights, 2};
  kept.bind(images(rows), width(w), embed(e), first_part(part));
  std::vector<float> x(static_cast<std::size_t>(rows * w)), first(static_cast<std::size_t>(rows * part)), expected(static_cast<std::size_t>(rows * e));
  for (std::size_t k = 0; k < x.size(); ++k) x[k] = static_cast<float>(k * 7919 % 1000) / 1000 - 0.5f;
  for (std::size_t k = 0; k < first.size(); ++k) first[k] = x[k / part * w + k % part];
  kept.set<"x">(x);
  kept.forward();
  thread_pool pool{1};
  cpu::workspace scratch{1};
  const float* const matrix = weights.values().data();
  cpu::contract(pool, {cpu::best_isa()}, scratch, {x.data(), 2, {0, 1}, {rows, w}}, {matrix, 2, {1, 2}, {w, e}}, {expected.data(), 2, {0, 2}, {rows, e}});
  CHECK(std::vector<float>(kept.value<"whole">().data, kept.value<"whole">().data + rows * e) == expected);
  cpu::contract(pool, {cpu::best_isa()}, scratch, {first.data(), 2, {0, 1}, {rows, part}}, {matrix, 2, {1, 2}, {part, e}}, {expected.data(), 2, {0, 2}, {rows, e}});
  CHECK(std::vector<float>(kept.value().data, kept.value().data + rows * e) == expected);
}
