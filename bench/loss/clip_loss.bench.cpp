// SPDX-License-Identifier: Apache-2.0
// The CLIP loss and a user's objective, forward and backward from raw embeddings of width 512.
#include <akin/akin.hpp>

#include <benchmark/benchmark.h>

namespace {

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct clip {
  static constexpr auto define(akin::model& m) {
    const auto logits = cosine(m.input<"x">(images, embed), m.input<"y">(texts, embed)) * akin::learnable_temperature(m);
    return symmetric_cross_entropy(logits, paired(images, texts));
  }
};

struct sigmoid_pairs {
  static constexpr auto define(akin::model& m) {
    const auto logits = cosine(m.input<"x">(images, embed), m.input<"y">(texts, embed)) * akin::learnable_temperature(m) - 10;
    return sum(softplus(where(predicate(m, paired(images, texts)), -logits, logits))) / akin::count(m, images);
  }
};

/// Products are counted: 8 n^2 d for two passes, 6 n^2 d for one.
template <class Model>
void loss(benchmark::State& state, double products) {
  const auto n = state.range(0), d = std::int64_t{512};
  akin::parameters<Model> weights;
  akin::program<Model, akin::cpu_backend> program{weights, static_cast<int>(state.range(1))};
  program.bind(images(n), texts(n), embed(d));
  akin::random_stream random{1, 2};
  std::vector<float> x(static_cast<std::size_t>(n * d)), y(x.size());
  for (float& v : x) v = static_cast<float>(random.normal());
  for (float& v : y) v = static_cast<float>(random.normal());
  program.template set<"x">(x);
  program.template set<"y">(y);
  for (auto _ : state) {
    benchmark::DoNotOptimize(program.forward());
    program.backward();
  }
  state.counters["GFLOP/s"] = benchmark::Counter(products * static_cast<double>(n * n * d * state.iterations()) * 1e-9, benchmark::Counter::kIsRate);
}

void clip_loss(benchmark::State& state) { loss<clip>(state, 8); }
void sigmoid_loss(benchmark::State& state) { loss<sigmoid_pairs>(state, 6); }

void sizes(benchmark::internal::Benchmark* b) {
  b->Args({1024, 2})->Args({4096, 2})->ArgNames({"n", "threads"})->Unit(benchmark::kMillisecond)->UseRealTime();
}
BENCHMARK(clip_loss)->Apply(sizes);
BENCHMARK(sigmoid_loss)->Apply(sizes);

}  // namespace
