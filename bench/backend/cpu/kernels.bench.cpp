// SPDX-License-Identifier: Apache-2.0
// Every kernel of the cpu backend that has no benchmark of its own, called through models of a few nodes: maps of several kinds, batched products,
// rows that are gathered and added, copies. Each with its gradient. Figures are bytes of operands and results, or operations.
#include <akin/akin.hpp>
#include <akin/nn/layer_norm.hpp>
#include <akin/train/optimizer.hpp>

#include <benchmark/benchmark.h>

namespace {

inline constexpr struct rows : akin::batch<"rows"> {} rows;
inline constexpr struct width : akin::axis<"width"> {} width;
inline constexpr struct heads : akin::axis<"heads"> {} heads;
inline constexpr struct queries : akin::axis<"queries"> {} queries;
inline constexpr struct keys : akin::axis<"keys"> {} keys;
inline constexpr struct vocabulary : akin::axis<"vocabulary"> {} vocabulary;
inline constexpr struct more : akin::batch<"more"> {} more;
inline constexpr struct all : akin::batch<"all"> {} all;

constexpr auto x_of(akin::model& m) { return m.input<"x">(rows, width); }

struct relu_and_bias { static constexpr auto define(akin::model& m) { return sum(relu(x_of(m) + m.parameter<"bias">(akin::initial::constant(0), width))); } };
struct gelu { static constexpr auto define(akin::model& m) { const auto x = x_of(m); return sum(0.5 * x * (1 + erf(x * 0.7071067811865476))); } };
struct softmax_of_rows { static constexpr auto define(akin::model& m) { return sum(square(softmax(x_of(m), over(width)))); } };
struct normalised_rows { static constexpr auto define(akin::model& m) { return sum(square(layer_norm(m, "ln", x_of(m), over(width)))); } };
struct sums_of_columns { static constexpr auto define(akin::model& m) { return sum(square(sum(x_of(m), over(rows)))); } };
struct largest_of_rows { static constexpr auto define(akin::model& m) { return sum(akin::kth_largest<8>(x_of(m), over(width))); } };
struct two_joined { static constexpr auto define(akin::model& m) { return sum(square(concatenate(x_of(m), m.input<"y">(more, width), all))); } };
struct scores {
  static constexpr auto define(akin::model& m) {
    const auto s = dot(m.input<"q">(rows, heads, queries, width), m.input<"k">(rows, heads, keys, width), over(width));  // [rows, heads, queries, keys]
    return sum(square(s));
  }
};
struct embeddings {
  static constexpr auto define(akin::model& m) {
    return sum(square(gather(m.parameter<"table">(akin::initial::normal(1), vocabulary, width), m.indices<"ids">(rows))));
  }
};

std::vector<float> normal(std::int64_t count) {
  akin::random_stream random{1, 2};
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& v : x) v = static_cast<float>(random.normal());
  return x;
}

template <class Program>
void run(benchmark::State& state, Program& program, double bytes, double operations = 0) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(program.forward());
    program.backward();
  }
  const auto per_second = [&](double each) { return benchmark::Counter(each * 1e-9 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate); };
  if (bytes > 0) state.counters["GB/s"] = per_second(bytes);
  if (operations > 0) state.counters["GFLOP/s"] = per_second(operations);
}

/// Maps of [4096, 512]: x is read forward and backward, and its gradient written.
template <class Model>
void map(benchmark::State& state) {
  const std::int64_t n = 4096, d = 512;
  akin::parameters<Model> weights;
  akin::program<Model, akin::cpu_backend> program{weights, static_cast<int>(state.range(0))};
  program.bind(rows(n), width(d));
  const auto x = normal(n * d);
  program.template set<"x">(x);
  run(state, program, 3.0 * 4 * static_cast<double>(n * d));
}

void concatenate_rows(benchmark::State& state) {
  const std::int64_t n = 4096, d = 512;
  akin::parameters<two_joined> weights;
  akin::program<two_joined, akin::cpu_backend> program{weights, static_cast<int>(state.range(0))};
  program.bind(rows(n), more(n), width(d));
  const auto x = normal(n * d), y = normal(n * d);
  program.set<"x">(x);
  program.set<"y">(y);
  run(state, program, 2 * 3.0 * 4 * static_cast<double>(n * d));
}

void attention_scores(benchmark::State& state) {
  const std::int64_t n = 64, h = 8, t = 77, d = 64;
  akin::parameters<scores> weights;
  akin::program<scores, akin::cpu_backend> program{weights, static_cast<int>(state.range(0))};
  program.bind(rows(n), heads(h), queries(t), keys(t), width(d));
  const auto q = normal(n * h * t * d), k = normal(n * h * t * d);
  program.set<"q">(q);
  program.set<"k">(k);
  run(state, program, 0, 6.0 * static_cast<double>(n * h * t * t * d));
}

void gather_and_scatter_add(benchmark::State& state) {
  const std::int64_t n = 16384, d = 512, words = 49408;
  akin::parameters<embeddings> weights;
  akin::program<embeddings, akin::cpu_backend> program{weights, static_cast<int>(state.range(0))};
  program.bind(rows(n), vocabulary(words), width(d));
  akin::random_stream random{1, 3};
  std::vector<std::int32_t> ids(static_cast<std::size_t>(n));
  for (auto& id : ids) id = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(words)));
  program.set<"ids">(ids);
  run(state, program, 4.0 * static_cast<double>((4 * n + words) * d));
}

void adamw_step(benchmark::State& state) {
  const std::int64_t words = 16384, d = 512;
  akin::parameters<embeddings> weights;
  weights.bind(1, vocabulary(words), width(d));
  akin::adamw<float> optimizer{weights, {}};
  std::vector<float> gradients = normal(words * d);
  for (auto _ : state) optimizer.step(std::span<float>{gradients}, 1e-3);
  state.counters["GB/s"] = benchmark::Counter(7.0 * 4 * static_cast<double>(words * d) * 1e-9 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void threads(benchmark::internal::Benchmark* b) { b->Arg(1)->Arg(2)->ArgName("threads")->Unit(benchmark::kMillisecond)->UseRealTime(); }
BENCHMARK(map<relu_and_bias>)->Apply(threads);
BENCHMARK(map<gelu>)->Apply(threads);
BENCHMARK(map<softmax_of_rows>)->Apply(threads);
BENCHMARK(map<normalised_rows>)->Apply(threads);
BENCHMARK(map<sums_of_columns>)->Apply(threads);
BENCHMARK(map<largest_of_rows>)->Apply(threads);
BENCHMARK(concatenate_rows)->Apply(threads);
BENCHMARK(attention_scores)->Apply(threads);
BENCHMARK(gather_and_scatter_add)->Apply(threads);
BENCHMARK(adamw_step)->Unit(benchmark::kMillisecond);

}  // namespace
