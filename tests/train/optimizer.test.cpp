// SPDX-License-Identifier: Apache-2.0
// Optimisers against their formulas in double, weight-decay groups, clipping, the temperature's clamp; schedules.
#include <akin/akin.hpp>
#include <akin/train/optimizer.hpp>
#include <akin/train/schedule.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

using namespace akin;

namespace optimizer_test {

inline constexpr struct rows : axis<"rows", 3> {} rows;
inline constexpr struct columns : axis<"columns", 2> {} columns;

struct task {
  static constexpr auto define(model& m) {
    const auto w = m.parameter<"weight">(initial::normal(1), rows, columns);
    const auto b = m.parameter<"bias">(initial::normal(1), rows);
    const auto f = m.frozen<"table">(initial::normal(1), rows);
    return sum(square(w)) + sum(b * f) + learnable_temperature(m);
  }
};

const std::vector<double> gradients{0.5, -1, 2, 0.25, -3, 1, 0.1, -0.2, 0.3, 9, 9, 9, -4};  // weight, bias, table, logit_scale

}  // namespace optimizer_test

using namespace optimizer_test;

TEST_CASE("adamw follows its formula; matrices decay, the rest does not, frozen tensors stay") {
  parameters<task, double> weights;
  weights.bind(3);
  const std::vector<double> start(weights.values().begin(), weights.values().end());
  adamw<double> optimizer{weights, {0.9, 0.98, 1e-6, 0.2, decay_policy::legacy}};
  double first = 0, second = 0, w = start[4], b1 = 1, b2 = 1;
  for (int t = 1; t <= 5; ++t) {
    optimizer.step(gradients, 0.01);
    b1 *= 0.9, b2 *= 0.98;
    first = 0.9 * first + 0.1 * gradients[4];
    second = 0.98 * second + 0.02 * gradients[4] * gradients[4];
    w = w - 0.01 * 0.2 * w - 0.01 * (first / (1 - b1)) / (std::sqrt(second / (1 - b2)) + 1e-6);
    CHECK(weights.values()[4] == doctest::Approx(w).epsilon(1e-12));
  }
  CHECK(weights.values()[7] == doctest::Approx(start[7] + 0.05).epsilon(1e-4));  // a constant gradient moves a bias by the rate
  CHECK(weights.values()[10] == start[10]);
}

TEST_CASE("sgd follows its formula") {
  parameters<task, double> weights;
  weights.bind(3);
  double w = weights.values()[0], v = 0;
  sgd<double> optimizer{weights, {0.9, 0.1, decay_policy::legacy}};
  for (int t = 0; t < 4; ++t) {
    optimizer.step(gradients, 0.02);
    v = 0.9 * v + gradients[0] + 0.1 * w;
    w -= 0.02 * v;
    CHECK(weights.values()[0] == doctest::Approx(w).epsilon(1e-12));
  }
}

TEST_CASE("both generations of decay groups") {
  CHECK(decays(decay_policy::legacy, "positional_embedding", 2));
  CHECK(!decays(decay_policy::open_clip_4, "visual.positional_embedding", 2));
  CHECK(!decays(decay_policy::legacy, "visual.transformer.resblocks.*.ln_1.weight", 1));
  CHECK(!decays(decay_policy::open_clip_4, "logit_scale", 0));
  CHECK(decays(decay_policy::open_clip_4, "visual.proj", 2));
  CHECK(decays(decay_policy::open_clip_4, "visual.attnpool.positional_embedding", 2));
}

TEST_CASE("clipping scales all gradients to the norm and leaves shorter ones alone") {
  parameters<task, double> weights;
  weights.bind(3);
  adamw<double> optimizer{weights, {}};
  double squares = 0;
  for (std::size_t k = 0; k < gradients.size(); ++k) squares += k >= 9 && k < 12 ? 0 : gradients[k] * gradients[k];
  auto g = gradients;
  const auto norm_before_clip = [&](double largest) {
    optimizer.clip(g, largest);
    return optimizer.gradient_norm();
  };
  CHECK(norm_before_clip(100) == doctest::Approx(std::sqrt(squares)));
  CHECK(g == gradients);
  CHECK(norm_before_clip(1) == doctest::Approx(std::sqrt(squares)));
  CHECK(norm_before_clip(0) == doctest::Approx(1));
  CHECK(g[12] == doctest::Approx(-4 / std::sqrt(squares)));
}

TEST_CASE("the temperature stays within [1, 100]") {
  parameters<task> weights;
  weights.bind(3);
  float& t = weights.values().back();
  CHECK(t == doctest::Approx(std::log(1 / 0.07)));
  t = 5;
  clamp_temperature(weights);
  CHECK(t == doctest::Approx(std::log(100.0)));
  t = -1;
  clamp_temperature(weights);
  CHECK(t == 0);
}

TEST_CASE("an optimiser needs bound weights and as many gradients") {
  parameters<task> weights;
  CHECK(contains(sentence_of([&] { adamw<float> optimizer{weights, {}}; }), "not bound"));
  weights.bind(1);
  adamw<float> optimizer{weights, {}};
  CHECK(contains(sentence_of([&] { optimizer.step({}, 1); }), "got 0 gradients for 13 weights"));
}

TEST_CASE("warm-up is linear, then half a cosine ends at 0") {
  const warmup_cosine rate{2.0, 4, 12};
  CHECK(rate(0) == doctest::Approx(0.5));
  CHECK(rate(3) == doctest::Approx(2));
  CHECK(rate(4) == doctest::Approx(2));
  CHECK(rate(8) == doctest::Approx(1));
  CHECK(rate(12) == 0);
  CHECK(rate(100) == 0);
  CHECK(warmup_cosine{1, 0, 1}(0) == 1);
}
