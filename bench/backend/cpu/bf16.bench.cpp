// SPDX-License-Identifier: Apache-2.0
// Products with bf16 operands on one thread: from packed operands and in one call, as shares of what the registers can do at
// most. Peak and product take turns and the best of each counts, since the clock of a shared machine wanders by a half.
#include "register_peak.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace akin;
using akin_bench::seconds;
using cpu::bf16_isa, cpu::bf16_panels, cpu::bf16_precision;

std::vector<float> numbers(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> draw(-1.f, 1.f);
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& value : x) value = draw(random);
  return x;
}

template <class T>
struct aligned {
  explicit aligned(std::int64_t count)
      : data(static_cast<T*>(::operator new (sizeof(T) * static_cast<std::size_t>(count), std::align_val_t{64}))) {
    std::fill_n(data, count, T{});
  }
  ~aligned() { ::operator delete (data, std::align_val_t{64}); }
  aligned(const aligned&) = delete;
  aligned& operator=(const aligned&) = delete;
  T* data;
};

struct shape {
  std::int64_t m, n, k;
};

/// The register peak of this thread.
double peak_of(bf16_isa level) {
  static thread_pool one{1};
  return akin_bench::bf16_peak(one, level);
}

void measure(bf16_isa level, bf16_precision precision, const shape& s, double budget) {
  constexpr const char* names[] = {"plain", "split", "exact"};
  const int parts = cpu::parts_of(precision), products = parts * (parts + 1) / 2;
  const auto a = numbers(s.m * s.k, 1), b = numbers(s.k * s.n, 2);
  const cpu::bf16_kernels kernels = cpu::bf16_kernels_of(level);
  aligned<float> c(s.m * s.n), scratch(cpu::bf16_scratch);
  bf16_panels left = kernels.panels_of_a(precision, s.m, s.k), right = kernels.panels_of_b(precision, s.n, s.k);
  aligned<std::uint32_t> left_memory(left.size()), right_memory(right.size());
  left.pairs = left_memory.data;
  right.pairs = right_memory.data;

  // a [m, k]; b as [n, k], and as [k, n]
  const auto a_rows = cpu::bf16_matrix(a.data(), s.m, s.k, s.k, 1), a_columns = cpu::bf16_matrix(a.data(), s.m, 1, s.k, s.m);
  const auto b_rows = cpu::bf16_matrix(b.data(), s.n, 1, s.k, s.n), b_columns = cpu::bf16_matrix(b.data(), s.n, s.k, s.k, 1);
  cpu::product p;
  p.a = a.data();
  p.b = b.data();
  p.c = c.data;
  p.m = {s.m, s.k, s.n};
  p.n = {s.n, 1, 1};
  p.k = {s.k, 1, s.n};
  const cpu::part whole{0, s.m, 0, s.n, 0, s.k};

  double peak = 0, product = 1e9, one_call = 1e9, single = 1e9, pack[4] = {1e9, 1e9, 1e9, 1e9};
  const cpu::isa vectors = cpu::processor_isa();
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < budget) {
    const auto least = [](double& best, double taken) { best = std::min(best, taken); };
    least(pack[0], seconds([&] { kernels.pack(a_columns, 0, 0, left); }));
    least(pack[1], seconds([&] { kernels.pack(b_columns, 0, 0, right); }));
    least(pack[2], seconds([&] { kernels.pack(b_rows, 0, 0, right); }));
    least(pack[3], seconds([&] { kernels.pack(a_rows, 0, 0, left); }));
    peak = std::max(peak, peak_of(level));
    least(product, seconds([&] { kernels.multiply(left, right, c.data, s.n, false); }));
    least(one_call, seconds([&] { cpu::gemm_bf16(kernels, precision, p, whole, false, scratch.data); }));
    least(single, seconds([&] { cpu::gemm(vectors, p, whole, false, scratch.data); }));
  }
  const double executed = 2e-9 * static_cast<double>(s.m * s.n * s.k) * products, asked = executed / products;
  const auto rate = [&](std::int64_t lines, double taken) { return static_cast<double>(lines * s.k) * 1e-9 / taken; };
  std::printf("%-12s %-6s %5ld %5ld %5ld  %7.1f  %4.0f %%  %7.1f  %7.1f   %5.2f %5.2f %5.2f %5.2f\n",
              std::string(cpu::name_of(level)).c_str(), names[parts - 1], static_cast<long>(s.m), static_cast<long>(s.n),
              static_cast<long>(s.k), executed / product, peak > 0 ? 1e11 * executed / product / peak : 0., executed / one_call,
              asked / single, rate(s.m, pack[3]), rate(s.m, pack[0]), rate(s.n, pack[2]), rate(s.n, pack[1]));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string only = argc > 1 ? argv[1] : "";
  const double budget = argc > 2 ? std::atof(argv[2]) : 0.5;
  const bf16_isa best = cpu::processor_bf16_isa();
  double peak = 0;
  for (int i = 0; i < 200; ++i) peak = std::max(peak, peak_of(best));
  std::printf("register peak of %s: %.0f GFLOP/s; chosen here: %s\n\n", std::string(cpu::name_of(best)).c_str(), peak * 1e-9,
              std::string(cpu::name_of(cpu::best_bf16_isa())).c_str());
  std::printf(
      "                                      packed   of     in one  the same   packed, 1e9 numbers/s\n"
      "level        operands   m     n     k  GFLOP/s  peak    call    in fp32   a     a^T   b     b^T\n");
  for (const bf16_isa level : {bf16_isa::avx512_bf16, bf16_isa::amx_bf16}) {
    if (level > best || (!only.empty() && only != cpu::name_of(level))) continue;
    for (const bf16_precision precision : {bf16_precision::plain, bf16_precision::split, bf16_precision::exact})
      for (const shape& s : {shape{112, 256, 512}, {448, 256, 512}, {2048, 256, 512}, {1024, 1024, 1024}, {5000, 64, 300}})
        measure(level, precision, s, budget);
  }
}
