// SPDX-License-Identifier: Apache-2.0
// The Thrust backend: the conformance suite, bits on every run, panels of pairs, numbers that two backends share.
#include "backend/conformance.hpp"
#include "check_model.hpp"

#include <akin/train/optimizer.hpp>

#include <string>

using namespace akin;

inline constexpr struct images : batch<"images"> {
} images;
inline constexpr struct texts : batch<"texts"> {
} texts;
inline constexpr struct embed : axis<"embed"> {
} embed;
inline constexpr struct narrow : axis<"narrow"> {
} narrow;

struct clip {
  static constexpr auto define(model& m) {
    const auto w = m.parameter<"w">(initial::normal(1, embed), embed, narrow);
    const auto x = l2_normalize(dot(m.input<"x">(images, embed), w));
    const auto y = l2_normalize(m.input<"y">(texts, narrow));
    return symmetric_cross_entropy(dot(x, y) * exp(m.parameter<"t">(initial::constant(1))), paired(images, texts));
  }
};

TEST_CASE("the Thrust backend conforms") {
  akin_test::backend_conforms([] { return thrust_backend{}; }, 1e-6);
}

TEST_CASE("two runs have the same bits") {
  const auto run = [] {
    return akin_test::subject<clip, thrust_backend>{std::tuple{5000}, akin_test::ordinary, images(300),
                                                    texts(300),       embed(20),           narrow(8)}
        .run();
  };
  CHECK(run() == run());
}

TEST_CASE("panels hold as many rows as fit; what they take is in explain()") {
  parameters<clip> weights;
  program<clip, thrust_backend> p{weights, 12'000};
  p.pair_budget(0);
  p.bind(images(1000), texts(300), embed(8), narrow(4));
  CHECK(p.explain().find(" of 10 x 300 numbers at most") != std::string::npos);
  program<clip, thrust_backend> whole{weights};
  whole.bind(images(50), texts(300), embed(8), narrow(4));
  CHECK(whole.explain().find(" of 50 x 300 numbers at most") != std::string::npos);
}

#if !defined(__CUDACC__)  // where nvcc compiles this file, there is no cpu backend in it
TEST_CASE("a program on the cpu and one on the device share their weights") {
  parameters<clip> weights;
  weights.bind(1, embed(8), narrow(4));
  program<clip, thrust_backend> trained{weights};
  program<clip, cpu_backend> evaluated{weights};
  std::vector<float> x(5 * 8), y(5 * 4);
  for (std::size_t k = 0; k < x.size(); ++k) x[k] = static_cast<float>(std::sin(0.7 * static_cast<double>(k)));
  for (std::size_t k = 0; k < y.size(); ++k) y[k] = static_cast<float>(std::cos(0.9 * static_cast<double>(k)));
  const auto prepare = [&](auto& p) {
    p.bind(images(5), texts(5));
    p.template set<"x">(x);
    p.template set<"y">(y);
  };
  prepare(trained);
  prepare(evaluated);
  adamw<float> optimizer{weights, {}};
  const float before = evaluated.forward();
  for (int step = 0; step < 20; ++step) {
    trained.forward();
    trained.backward();
    clip_gradient_norm(trained, optimizer.groups(), 1.0);
    optimizer.step(trained, 0.05);
    clamp_temperature(trained);
  }
  const float after = evaluated.forward();
  CHECK(after < 0.8f * before);
  CHECK(trained.forward() == doctest::Approx(after).epsilon(1e-5));
  weights.values()[0] += 0.5f;
  CHECK(trained.forward() == doctest::Approx(evaluated.forward()).epsilon(1e-5));
}
#endif
