// SPDX-License-Identifier: Apache-2.0
// The convolutions of a small image tower: forward, gradient to the images, gradient to the weights.
#include "akin/backend/cpu/conv2d.hpp"

#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

namespace {

using namespace akin;

enum class pass { forward, gradient_x, gradient_weights };

std::vector<float> numbers(std::int64_t count) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> draw(-1.f, 1.f);
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& value : x) value = draw(random);
  return x;
}

void run_conv2d(benchmark::State& state, pass which, cpu::isa level, int threads, cpu::conv2d_shape s) {
  auto x = numbers(s.images * s.height * s.width * s.channels);
  auto weights = numbers(s.filters * s.channels * s.kernel_height * s.kernel_width);
  auto out = numbers(s.images * s.out_height() * s.out_width() * s.filters);
  const auto strides = cpu::image_strides::nhwc(s);
  thread_pool pool(threads);
  cpu::workspace scratch(pool.size());
  for (auto _ : state) {
    if (which == pass::forward) cpu::conv2d_forward(pool, level, scratch, s, x.data(), strides, weights.data(), out.data());
    if (which == pass::gradient_x) cpu::conv2d_gradient_x(pool, level, scratch, s, weights.data(), out.data(), x.data(), strides);
    if (which == pass::gradient_weights)
      cpu::conv2d_gradient_weights(pool, level, scratch, s, x.data(), strides, out.data(), weights.data());
    benchmark::ClobberMemory();
  }
  const double products = static_cast<double>(s.images * s.out_height() * s.out_width() * s.filters) *
                          static_cast<double>(s.channels * s.kernel_height * s.kernel_width);
  state.counters["GFLOP/s"] = benchmark::Counter(2e-9 * products, benchmark::Counter::kIsIterationInvariantRate);
}

//                                        images  h   w   c filters kh kw stride padding
const std::vector<cpu::conv2d_shape> layers = {{128, 28, 28, 1, 16, 3, 3, 1, 1},  {128, 28, 28, 16, 16, 3, 3, 1, 1},
                                               {128, 28, 28, 16, 32, 3, 3, 2, 1}, {128, 14, 14, 32, 32, 3, 3, 1, 1},
                                               {128, 14, 14, 32, 64, 3, 3, 2, 1}, {128, 7, 7, 64, 64, 3, 3, 1, 1},
                                               {128, 28, 28, 16, 32, 1, 1, 2, 0}, {128, 14, 14, 32, 64, 1, 1, 1, 0}};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (const cpu::isa level : {cpu::isa::portable, cpu::isa::avx2, cpu::isa::avx512}) {
    if (level > cpu::best_isa()) continue;
    for (const int threads : {1, thread_pool::hardware()})
      for (const cpu::conv2d_shape& s : layers) {
        const auto number = [](std::int64_t x) { return std::to_string(x); };
        const std::string name = number(s.height) + "x" + number(s.width) + "x" + number(s.channels) + "->" + number(s.filters) +
                                 "/kernel:" + number(s.kernel_height) + "/stride:" + number(s.stride) + "/" +
                                 std::string(cpu::name_of(level)) + "/threads:" + std::to_string(threads);
        benchmark::RegisterBenchmark(("forward/" + name).c_str(), run_conv2d, pass::forward, level, threads, s)->UseRealTime();
        benchmark::RegisterBenchmark(("gradient_x/" + name).c_str(), run_conv2d, pass::gradient_x, level, threads, s)
            ->UseRealTime();
        benchmark::RegisterBenchmark(("gradient_weights/" + name).c_str(), run_conv2d, pass::gradient_weights, level, threads, s)
            ->UseRealTime();
      }
  }
  benchmark::RunSpecifiedBenchmarks();
}
