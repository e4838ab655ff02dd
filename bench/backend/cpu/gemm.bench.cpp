// SPDX-License-Identifier: Apache-2.0
// Matrix products of the sizes that small models have, beside Eigen's, on one thread and on all.
#include "akin/backend/cpu/contract.hpp"

#include <benchmark/benchmark.h>
#include <Eigen/Core>

#include <random>
#include <string>
#include <vector>

namespace {

using namespace akin;

struct operands {
  std::vector<float> a, b, c;
  operands(std::int64_t m, std::int64_t n, std::int64_t k)
      : a(static_cast<std::size_t>(m * k)), b(static_cast<std::size_t>(k * n)), c(static_cast<std::size_t>(m * n)) {
    std::mt19937 random(1);
    std::uniform_real_distribution<float> draw(-1.f, 1.f);
    for (float& x : a) x = draw(random);
    for (float& x : b) x = draw(random);
  }
};

void count(benchmark::State& state, double operations) {
  state.counters["GFLOP/s"] = benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

/// out[m, n] = a[m, k] b[k, n], or with a stored as [k, m] (the gradient of a weight).
void run_contract(benchmark::State& state, cpu::isa level, int threads, bool transposed) {
  const std::int64_t m = state.range(0), n = state.range(1), k = state.range(2);
  operands x(m, n, k);
  thread_pool pool(threads);
  cpu::workspace scratch(pool.size());
  const view<const float> a =
      transposed ? view<const float>{x.a.data(), 2, {2, 0}, {k, m}} : view<const float>{x.a.data(), 2, {0, 2}, {m, k}};
  const view<const float> b{x.b.data(), 2, {2, 1}, {k, n}};
  const view<float> out{x.c.data(), 2, {0, 1}, {m, n}};
  for (auto _ : state) {
    cpu::contract(pool, {level}, scratch, a, b, out);
    benchmark::ClobberMemory();
  }
  count(state, 2.0 * static_cast<double>(m * n * k));
}

void run_eigen(benchmark::State& state) {
  using matrix = Eigen::Map<Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
  const std::int64_t m = state.range(0), n = state.range(1), k = state.range(2);
  operands x(m, n, k);
  const matrix a(x.a.data(), m, k), b(x.b.data(), k, n);
  matrix c(x.c.data(), m, n);
  for (auto _ : state) {
    c.noalias() = a * b;
    benchmark::ClobberMemory();
  }
  count(state, 2.0 * static_cast<double>(m * n * k));
}

const std::vector<std::vector<std::int64_t>> shapes = {{512, 512, 512}, {1024, 1024, 1024}, {5000, 64, 300}, {5000, 32, 144},
                                                       {5000, 16, 27},  {1000, 32, 9},      {100, 48, 64},   {100, 10, 64}};
const std::vector<std::vector<std::int64_t>> long_sums = {{32, 144, 200000}, {64, 64, 10000}};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (const cpu::isa level : {cpu::isa::portable, cpu::isa::avx2, cpu::isa::avx512}) {
    if (level > cpu::best_isa()) continue;
    for (const int threads : {1, thread_pool::hardware()}) {
      const std::string name = std::string(cpu::name_of(level)) + "/threads:" + std::to_string(threads);
      auto* plain = benchmark::RegisterBenchmark(("contract/" + name).c_str(), run_contract, level, threads, false);
      auto* transposed = benchmark::RegisterBenchmark(("contract_long_sum/" + name).c_str(), run_contract, level, threads, true);
      for (const auto& shape : shapes) plain->Args(shape)->UseRealTime();
      for (const auto& shape : long_sums) transposed->Args(shape)->UseRealTime();
    }
  }
  auto* eigen = benchmark::RegisterBenchmark("eigen, as this file is compiled", run_eigen);
  for (const auto& shape : shapes) eigen->Args(shape);
  benchmark::RunSpecifiedBenchmarks();
}
