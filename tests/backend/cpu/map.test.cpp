// SPDX-License-Identifier: Apache-2.0
// The cpu backend: the conformance suite at every instruction set's odd sizes, sums of many parts, bits equal for every number of threads.
#include "backend/conformance.hpp"

#include <akin/backend/cpu/cpu.hpp>

#include <random>

using namespace akin;

TEST_CASE("the cpu backend conforms, with one thread and with three") {
  akin_test::backend_conforms([] { return cpu_backend{1}; }, 1e-5);
  akin_test::backend_conforms([] { return cpu_backend{3}; }, 1e-5);
}

namespace {

// One result of each reduction over everything but axis 1.
struct identity_chain {
  static constexpr std::array<scalar_step, 1> tape{{{scalar::operand, 0}}};
  static constexpr std::array<std::int16_t, 4> taken{0, 0, 0, 0};
};

std::array<std::vector<float>, 4> reduced(const std::vector<float>& x, std::int64_t a, std::int64_t b, std::int64_t c, int threads) {
  cpu_backend backend{threads};
  std::array<std::vector<float>, 4> out;
  std::array<map_reduction<float>, 4> reductions;
  for (std::size_t r = 0; r < 4; ++r) {
    out[r].assign(static_cast<std::size_t>(b), 0.f);
    reductions[r] = {static_cast<int>(r), static_cast<reduction>(r), akin_test::labelled(out[r].data(), {{1, b}})};
  }
  const std::array<map_operand<float>, 1> operands{{{operand_kind::real, akin_test::labelled(x.data(), {{0, a}, {1, b}, {2, c}})}}};
  backend.map(cpu_backend::compile<identity_chain>(), {akin_test::labelled<const float>(nullptr, {{0, a}, {1, b}, {2, c}}), operands, {}, reductions});
  return out;
}

}  // namespace

TEST_CASE("all reductions over leading and trailing axes at once") {
  for (const auto& [a, b, c] : {std::tuple{1, 1, 1}, {3, 5, 7}, {40, 3, 1000}, {1000, 3, 40}, {1, 700, 300}, {90000, 2, 1}}) {
    std::mt19937 random(3);
    std::uniform_real_distribution<float> draw(-2.f, 2.f);
    std::vector<float> x(static_cast<std::size_t>(a * b * c));
    for (float& v : x) v = draw(random);
    const auto got = reduced(x, a, b, c, 1);
    for (int j = 0; j < b; ++j) {
      double sum = 0, exponentials = 0;
      float largest = -3, smallest = 3;
      for (int i = 0; i < a; ++i)
        for (int k = 0; k < c; ++k) {
          const float v = x[static_cast<std::size_t>((i * b + j) * c + k)];
          sum += static_cast<double>(v), exponentials += std::exp(static_cast<double>(v)), largest = std::max(largest, v), smallest = std::min(smallest, v);
        }
      const auto z = static_cast<std::size_t>(j);
      CHECK(std::abs(static_cast<double>(got[0][z]) - sum) < 1e-6 * std::sqrt(static_cast<double>(a * c)) * 4 + 1e-6 * std::abs(sum));
      CHECK(got[1][z] == largest);
      CHECK(got[2][z] == smallest);
      // Over a leading axis entries are merged one by one: each merge rounds to half a unit of the sum so far.
      CHECK(std::abs(static_cast<double>(got[3][z]) - std::log(exponentials)) < (a > 10000 ? 1e-5 : 2e-6) * (1 + std::abs(std::log(exponentials))));
    }
    for (int threads : {2, 3, 8}) CHECK(reduced(x, a, b, c, threads) == got);
  }
}

TEST_CASE("sums of many lines round like sums of pairs, not like one long sum") {
  constexpr std::int64_t lines = 200'000;
  std::mt19937 random(5);
  std::uniform_real_distribution<float> draw(0.f, 2.f);
  std::vector<float> x(static_cast<std::size_t>(lines * 8));
  for (float& v : x) v = draw(random);
  const auto got = reduced(x, lines, 8, 1, 2)[0];
  for (std::size_t j = 0; j < 8; ++j) {
    double sum = 0;
    float one_after_the_other = 0;
    for (std::size_t i = j; i < x.size(); i += 8) sum += static_cast<double>(x[i]), one_after_the_other += x[i];
    CHECK(std::abs(static_cast<double>(got[j]) - sum) < 5e-7 * sum);
    CHECK(std::abs(static_cast<double>(one_after_the_other) - sum) > 1e-6 * sum);
  }
}
