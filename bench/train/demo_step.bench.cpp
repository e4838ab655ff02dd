// SPDX-License-Identifier: Apache-2.0
// One step of the demo's training: forward, backward, clipping, AdamW, on batches of random pixels.
#include "../../examples/clip/model.hpp"

#include <akin/train/optimizer.hpp>

#include <benchmark/benchmark.h>

namespace {

using namespace clip_model;
using demo = objective<positives::same_class>;

void step(benchmark::State& state) {
  const auto batch = state.range(0);
  akin::parameters<demo> weights;
  weights.bind(1, channels(1), narrow(32), wide(64), embed(64), vocabulary(40), text_width(64));
  akin::program<demo, akin::cpu_backend> program{weights, static_cast<int>(state.range(1))};
  program.bind(images(batch), texts(batch), height(28), width(28), tokens(16));
  akin::random_stream random{1, 2};
  std::vector<float> pixels(static_cast<std::size_t>(batch * 784));
  std::vector<std::int32_t> ids(static_cast<std::size_t>(batch * 16)), classes(static_cast<std::size_t>(batch));
  for (float& x : pixels) x = static_cast<float>(random.normal());
  for (auto& x : ids) x = static_cast<std::int32_t>(random.below(40));
  for (auto& x : classes) x = static_cast<std::int32_t>(random.below(10));
  program.set<"pixels">(pixels);
  program.set<"ids">(ids);
  program.set<"image classes">(classes);
  program.set<"text classes">(classes);
  akin::adamw<float> optimizer{weights, {}};
  for (auto _ : state) {
    benchmark::DoNotOptimize(program.forward_and_backward());
    optimizer.clip(program, 1.0);
    optimizer.step(program, 1e-3);
  }
  state.counters["images/s"] = benchmark::Counter(static_cast<double>(batch * state.iterations()), benchmark::Counter::kIsRate);
}

BENCHMARK(step)->Args({250, 1})->Args({250, 2})->Args({64, 2})->ArgNames({"batch", "threads"})->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
