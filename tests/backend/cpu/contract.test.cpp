// SPDX-License-Identifier: Apache-2.0
// contract against loops in double, on shapes that are a multiple of nothing; the same bits for any number of threads.
#include "akin/backend/cpu/contract.hpp"

#include "count_allocations.hpp"
#include "support/emulated_bf16.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace akin;

// Axes are letters here: "mk,kn->mn".
struct contract_case {
  std::string a, b, out;
  std::map<char, std::int64_t> extents;
};

template <class T>
view<T> labelled(const std::string& axes, const contract_case& c, T* data) {
  view<T> v;
  v.data = data;
  for (const char axis : axes) {
    v.axis[static_cast<std::size_t>(v.rank)] = axis;
    v.extent[static_cast<std::size_t>(v.rank++)] = c.extents.at(axis);
  }
  return v;
}

std::vector<float> numbers(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> draw(-1.f, 1.f);
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& value : x) value = draw(random);
  return x;
}

std::vector<double> by_loops(const contract_case& c, const view<const float>& a, const view<const float>& b,
                             const view<float>& out) {
  std::vector<double> result(static_cast<std::size_t>(out.size()));
  std::int64_t points = 1;
  for (const auto& [axis, extent] : c.extents) points *= extent;
  for (std::int64_t point = 0; point < points; ++point) {
    std::int64_t rest = point, in_a = 0, in_b = 0, in_out = 0;
    for (const auto& [axis, extent] : c.extents) {
      in_a += rest % extent * a.stride_of(axis);
      in_b += rest % extent * b.stride_of(axis);
      in_out += rest % extent * out.stride_of(axis);
      rest /= extent;
    }
    result[static_cast<std::size_t>(in_out)] += static_cast<double>(a.data[in_a]) * static_cast<double>(b.data[in_b]);
  }
  return result;
}

std::vector<cpu::isa> levels() {
  std::vector<cpu::isa> all;
  for (const cpu::isa level : {cpu::isa::portable, cpu::isa::avx2, cpu::isa::avx512})
    if (level <= cpu::processor_isa()) all.push_back(level);
  return all;
}

const std::vector<contract_case> cases = {
    {"mk", "kn", "mn", {{'m', 37}, {'k', 29}, {'n', 53}}},
    {"km", "kn", "mn", {{'m', 37}, {'k', 29}, {'n', 53}}},
    {"mk", "nk", "mn", {{'m', 131}, {'k', 701}, {'n', 407}}},
    {"mk", "nk", "nm", {{'m', 61}, {'k', 33}, {'n', 17}}},
    {"mk", "kn", "mn", {{'m', 300}, {'k', 144}, {'n', 32}}},
    {"mk", "kn", "nm", {{'m', 1}, {'k', 1}, {'n', 1}}},
    {"mk", "kn", "mn", {{'m', 3}, {'k', 0}, {'n', 5}}},
    {"mk", "kn", "mn", {{'m', 0}, {'k', 4}, {'n', 5}}},
    {"km", "kn", "mn", {{'m', 32}, {'k', 20011}, {'n', 45}}},
    {"km", "kn", "nm", {{'m', 3}, {'k', 5000}, {'n', 7}}},
    {"mk", "k", "m", {{'m', 203}, {'k', 99}}},
    {"km", "k", "m", {{'m', 203}, {'k', 99}}},
    {"k", "k", "", {{'k', 9001}}},
    {"m", "n", "mn", {{'m', 43}, {'n', 21}}},
    {"bk", "bk", "b", {{'b', 77}, {'k', 41}}},
    {"bm", "b", "bm", {{'b', 77}, {'m', 41}}},
    {"b", "b", "b", {{'b', 10001}}},
    {"ab", "ba", "ab", {{'a', 31}, {'b', 17}}},
    {"bmk", "bnk", "bmn", {{'b', 5}, {'m', 19}, {'k', 23}, {'n', 35}}},
    {"mbk", "kbn", "nbm", {{'b', 7}, {'m', 19}, {'k', 23}, {'n', 35}}},
    {"bhqd", "bhkd", "bhqk", {{'b', 2}, {'h', 3}, {'q', 13}, {'k', 11}, {'d', 9}}},
    {"bqhd", "bkhd", "bhqk", {{'b', 2}, {'h', 3}, {'q', 13}, {'k', 11}, {'d', 9}}},
    {"mxy", "ynx", "nm", {{'m', 19}, {'x', 5}, {'y', 7}, {'n', 23}}},
    {"mxny", "yx", "mn", {{'m', 19}, {'x', 5}, {'y', 7}, {'n', 23}}},
    {"xmyk", "kzn", "ymznx", {{'x', 2}, {'m', 5}, {'y', 3}, {'k', 6}, {'z', 4}, {'n', 3}}},
    {"mks", "kn", "mn", {{'m', 13}, {'k', 11}, {'s', 3}, {'n', 9}}},
    {"mk", "tkn", "mn", {{'m', 13}, {'k', 11}, {'t', 4}, {'n', 9}}},
    {"m", "nt", "nm", {{'m', 13}, {'t', 4}, {'n', 9}}},
};

/// To the nearest bf16, ties to even.
float to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return std::bit_cast<float>((bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u);
}

}  // namespace

TEST_CASE("contract agrees with loops in double, on every instruction set") {
  thread_pool pool(2);
  cpu::workspace scratch(pool.size());
  for (const contract_case& c : cases)
    for (const cpu::isa level : levels()) {
      const std::string name = c.a + "," + c.b + "->" + c.out + " " + std::string(cpu::name_of(level));
      CAPTURE(name);
      const auto x = numbers(labelled<const float>(c.a, c, nullptr).size(), 1);
      const auto y = numbers(labelled<const float>(c.b, c, nullptr).size(), 2);
      std::vector<float> z(static_cast<std::size_t>(labelled<float>(c.out, c, nullptr).size()), -7.f);
      const auto a = labelled(c.a, c, x.data()), b = labelled(c.b, c, y.data());
      const auto out = labelled(c.out, c, z.data());
      cpu::contract(pool, {level}, scratch, a, b, out);
      const auto expected = by_loops(c, a, b, out);
      double depth = 1, worst = 0;
      for (const auto& [axis, extent] : c.extents)
        if (out.find(axis) < 0) depth *= static_cast<double>(extent);
      for (std::size_t i = 0; i < z.size(); ++i) worst = std::max(worst, std::fabs(static_cast<double>(z[i]) - expected[i]));
      CHECK(worst <= 4e-7 * (1 + std::sqrt(depth) * 2));
    }
}

TEST_CASE("with operands of bf16 it agrees with loops in double over operands that are rounded where they are, with the same bits for any number of threads") {
  for (const contract_case& c : cases)
    for (const auto& bf16 : akin_test::all_bf16_kernels())
      for (const auto form : {cpu::product_form::plain, cpu::product_form::exact}) {
        const std::string name = c.a + "," + c.b + "->" + c.out + " " + bf16.name + (form == cpu::product_form::exact ? " exact" : " plain");
        CAPTURE(name);
        const bool as_they_are = form == cpu::product_form::exact || (std::ranges::is_permutation(c.a, c.out) && std::ranges::is_permutation(c.b, c.out)) ||
                                 std::ranges::all_of(c.extents, [](const auto& axis) { return axis.second == 1; });  // products of single numbers are those of fp32
        const auto rounded = [&](std::vector<float> v) {
          for (float& x : v) x = as_they_are ? x : to_bf16(x);
          return v;
        };
        const auto x = numbers(labelled<const float>(c.a, c, nullptr).size(), 1), y = numbers(labelled<const float>(c.b, c, nullptr).size(), 2);
        const auto rounded_x = rounded(x), rounded_y = rounded(y);
        std::vector<std::vector<float>> results;
        for (const int threads : {1, 3}) {
          thread_pool pool(threads);
          cpu::workspace scratch(pool.size());
          std::vector<float> z(static_cast<std::size_t>(labelled<float>(c.out, c, nullptr).size()), -7.f);
          cpu::contract(pool, {cpu::best_isa(), form, bf16.kernels}, scratch, labelled(c.a, c, x.data()), labelled(c.b, c, y.data()), labelled(c.out, c, z.data()));
          results.push_back(z);
        }
        CHECK(results[0] == results[1]);
        const auto out = labelled(c.out, c, results[0].data());
        const auto expected = by_loops(c, labelled(c.a, c, rounded_x.data()), labelled(c.b, c, rounded_y.data()), out);
        double depth = 1, worst = 0;
        for (const auto& [axis, extent] : c.extents)
          if (out.find(axis) < 0) depth *= static_cast<double>(extent);
        for (std::size_t i = 0; i < expected.size(); ++i) worst = std::max(worst, std::fabs(static_cast<double>(results[0][i]) - expected[i]));
        CHECK(worst <= 4e-7 * (1 + std::sqrt(depth) * 2));
      }
}

TEST_CASE("contract gives the same bits for any number of threads") {
  for (const contract_case& c : cases)
    for (const cpu::isa level : levels()) {
      const auto x = numbers(labelled<const float>(c.a, c, nullptr).size(), 3);
      const auto y = numbers(labelled<const float>(c.b, c, nullptr).size(), 4);
      std::vector<std::vector<float>> results;
      for (const int threads : {1, 2, 3, 8}) {
        thread_pool pool(threads);
        cpu::workspace scratch(pool.size());
        std::vector<float> z(static_cast<std::size_t>(labelled<float>(c.out, c, nullptr).size()));
        cpu::contract(pool, {level}, scratch, labelled(c.a, c, x.data()), labelled(c.b, c, y.data()), labelled(c.out, c, z.data()));
        results.push_back(z);
      }
      for (const auto& z : results) CHECK(z == results.front());
    }
}

TEST_CASE("contract says what is wrong with its operands") {
  thread_pool pool(1);
  cpu::workspace scratch(1);
  const contract_case c{"mk", "kn", "mq", {{'m', 2}, {'k', 2}, {'n', 2}, {'q', 2}}};
  std::vector<float> x(4), z(4);
  CHECK_THROWS_AS(cpu::contract(pool, {cpu::isa::portable}, scratch, labelled<const float>("mk", c, x.data()),
                                labelled<const float>("kn", c, x.data()), labelled("mq", c, z.data())),
                  error);
  auto other = labelled<const float>("kn", c, x.data());
  other.extent[0] = 1;
  CHECK_THROWS_AS(cpu::contract(pool, {cpu::isa::portable}, scratch, labelled<const float>("mk", c, x.data()), other,
                                labelled("mn", c, z.data())),
                  error);
}

TEST_CASE("contract allocates nothing") {
  if (const auto reason = akin_test::uncounted(); !reason.empty()) {
    MESSAGE("skipped: ", reason);
    return;
  }
  thread_pool pool(2);
  cpu::workspace scratch(pool.size());
  for (const contract_case& c : cases) {
    const auto x = numbers(labelled<const float>(c.a, c, nullptr).size(), 1);
    const auto y = numbers(labelled<const float>(c.b, c, nullptr).size(), 2);
    std::vector<float> z(static_cast<std::size_t>(labelled<float>(c.out, c, nullptr).size()));
    const auto a = labelled(c.a, c, x.data()), b = labelled(c.b, c, y.data());
    const auto out = labelled(c.out, c, z.data());
    const auto count = akin_test::allocations_of([&] { cpu::contract(pool, {cpu::best_isa()}, scratch, a, b, out); });
    CHECK(count == 0);
  }
}
