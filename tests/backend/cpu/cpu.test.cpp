// SPDX-License-Identifier: Apache-2.0
// Towers in bf16: what becomes of features and gradients, the same bits for any number of threads, nothing allocated.
// And the optimiser in vectors.
#include "check_model.hpp"
#include "count_allocations.hpp"

#include <akin/nn/vision_transformer.hpp>
#include <akin/train/optimizer.hpp>

#include <cmath>

using namespace akin;

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct channels : axis<"channels", 3> {} channels;
inline constexpr struct across : axis<"across"> {} across;
inline constexpr struct down : axis<"down"> {} down;
inline constexpr struct embed : axis<"embed"> {} embed;

struct tower {
  static constexpr auto define(model& m) {
    const auto features = vision_transformer(m, "visual", m.input<"pixels">(images, channels, down, across), embed);
    m.output<"features">(features);
    return sum(features * m.data<"direction">(images, embed));
  }
};

template <class Backend, class... Arguments>
auto run_tower(std::tuple<Arguments...> arguments) {
  akin_test::subject<tower, Backend> s{arguments, akin_test::ordinary, images(5), down(24), across(24), embed(48),
                                       image_tower::width(64), image_tower::patch(8), image_tower::layers(3), image_tower::heads(4), image_tower::hidden(256)};
  return s.run();
}

double least_cosine(const std::vector<double>& a, const std::vector<double>& b, std::size_t rows) {
  double least = 1;
  const std::size_t width = a.size() / rows;
  for (std::size_t i = 0; i < rows; ++i) {
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t k = i * width; k < (i + 1) * width; ++k) ab += a[k] * b[k], aa += a[k] * a[k], bb += b[k] * b[k];
    least = std::min(least, ab / std::sqrt(aa * bb));
  }
  return least;
}

TEST_CASE("a tower in bf16 has the features and gradients of the tower in double, up to rounding") {
  const auto expected = run_tower<reference_backend>(std::tuple<>{});
  const auto got = run_tower<cpu_backend>(std::tuple{1, precision::fp32, precision::bf16});
  const auto fp32 = run_tower<cpu_backend>(std::tuple{1});
  CHECK(least_cosine(got.at("features"), expected.at("features"), 5) > 0.9995);
  for (const auto& each : expected) {
    const std::string& name = each.first;
    CAPTURE(name);
    CHECK(least_cosine(got.at(name), each.second, 1) > 0.999);
  }
  CHECK((got == fp32) == !cpu::bf16_is_faster(cpu::best_bf16_isa()));  // bf16 is a permission
  CHECK(run_tower<cpu_backend>(std::tuple{1, precision::fp32, precision::bf16_split}) == fp32);
  for (const int threads : {2, 3, 8}) CHECK(run_tower<cpu_backend>(std::tuple{threads, precision::fp32, precision::bf16}) == got);
}

TEST_CASE("training in bf16 keeps its weights in fp32: steps that bf16 could not hold add up") {
  const auto way = [](precision of_towers) {
    akin_test::subject<tower, cpu_backend> s{std::tuple{1, precision::fp32, of_towers}, akin_test::ordinary, images(5), down(24), across(24), embed(48),
                                             image_tower::width(64), image_tower::patch(8), image_tower::layers(3), image_tower::heads(4), image_tower::hidden(256)};
    const std::vector<float> start(s.weights.values().begin(), s.weights.values().end());
    adamw<float> optimizer{s.weights, {}};
    const double first = s.forward();
    for (int k = 0; k < 8; ++k) {
      s.forward();
      s.program().backward();
      optimizer.step(s.program(), 1e-6);  // a thousandth of bf16's spacing at 0.1
    }
    CHECK(s.forward() < first);
    std::vector<double> moved;
    for (std::size_t k = 0; k < start.size(); ++k) moved.push_back(static_cast<double>(s.weights.values()[k] - start[k]));
    return moved;
  };
  const auto expected = way(precision::fp32), got = way(precision::bf16);
  CHECK(least_cosine(got, expected, 1) > 0.95);
}

TEST_CASE("a step in bf16 allocates nothing") {
  if (const auto reason = akin_test::uncounted(); !reason.empty()) {
    MESSAGE("skipped: ", reason);
    return;
  }
  akin_test::subject<tower, cpu_backend> s{std::tuple{2, precision::bf16, precision::bf16}, akin_test::ordinary, images(5), down(24), across(24), embed(48),
                                           image_tower::width(64), image_tower::patch(8), image_tower::layers(3), image_tower::heads(4), image_tower::hidden(256)};
  s.forward();
  s.program().backward();
  CHECK(akin_test::allocations_of([&] { s.forward(), s.program().backward(); }) == 0);
}

TEST_CASE("AdamW in vectors follows its formula in double, on every instruction set and for every length, and touches nothing else") {
  constexpr float b1 = 0.9f, b2 = 0.98f, eps = 1e-6f, keep = 0.99f, scale1 = 1e-3f, scale2 = 1.5f;
  for (const auto level : {cpu::isa::portable, cpu::isa::avx2, cpu::isa::avx512}) {
    if (level > cpu::processor_isa()) continue;
    CAPTURE(static_cast<int>(level));
    for (std::int64_t begin : {0, 3})
      for (std::int64_t end = begin; end < begin + 70; ++end) {
        random_stream random{7, static_cast<std::uint64_t>(end)};
        std::vector<float> g(80), w(80), m(80), v(80);
        for (std::size_t k = 0; k < g.size(); ++k) {
          g[k] = static_cast<float>(random.normal()), w[k] = static_cast<float>(random.normal()), m[k] = static_cast<float>(random.normal());
          v[k] = k % 5 == 0 ? 0.f : static_cast<float>(random.uniform());
        }
        const auto w0 = w, m0 = m, v0 = v;
        cpu::adamw(level, adamw_update<float>{g.data(), w.data(), m.data(), v.data(), b1, b2, eps, keep, scale1, scale2}, begin, end);
        double worst = 0;
        bool others_stay = true;
        for (std::size_t k = 0; k < w.size(); ++k) {
          if (static_cast<std::int64_t>(k) < begin || static_cast<std::int64_t>(k) >= end) {
            others_stay = others_stay && w[k] == w0[k] && m[k] == m0[k] && v[k] == v0[k];
            continue;
          }
          const double gradient = g[k], first = double{b1} * m0[k] + (1 - double{b1}) * gradient, second = double{b2} * v0[k] + (1 - double{b2}) * gradient * gradient;
          const double weight = double{keep} * w0[k] - double{scale1} * first / (std::sqrt(second) * double{scale2} + double{eps});
          worst = std::max({worst, std::abs(m[k] - first) / (1 + std::abs(first)), std::abs(v[k] - second), std::abs(w[k] - weight) / (1 + std::abs(weight))});
        }
        CHECK(worst < 3e-7);
        CHECK(others_stay);
      }
  }
}
