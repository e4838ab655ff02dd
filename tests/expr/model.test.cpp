// SPDX-License-Identifier: Apache-2.0
// State that a training forward updates, frozen tensors, named outputs, data without a gradient.
#include "check_model.hpp"

using namespace akin;
using akin_test::ordinary;
using akin_test::subject;

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct embed : axis<"embed"> {} embed;

/// Running means: the batch's mean in training, the stored one in evaluation.
struct running {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto stored = m.state<"mean">(initial::constant(2), embed);
    const auto now = mean(x, over(images));
    m.update(stored, 0.75 * stored + 0.25 * now);
    const auto scale = m.parameter<"scale">(initial::constant(3), embed);
    const auto y = (x - (m.training() ? now : stored)) * scale * m.frozen<"half">(initial::constant(0.5));
    m.output<"y">(y);
    return sum(y * y);
  }
};

/// A parameter used twice by name is one parameter, and its gradient is the sum.
struct shared {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto a = m.parameter<"w">(initial::normal(1), embed);
    const auto b = m.parameter<"w">(initial::normal(1), embed);
    return sum(x * a) + sum(exp(x) * b * b) + sum(a);
  }
};

/// The gradient of a parameter that is another value too: of x, of the loss, and of a second parameter.
struct same_gradient {
  static constexpr auto define(model& m) {
    const auto a = m.parameter<"a">(initial::normal(1), embed);
    const auto b = m.parameter<"b">(initial::normal(1), embed);
    const auto x = m.input<"x">(embed);
    return sum(exp(a + b + x)) + 2 * m.parameter<"c">(initial::constant(3));
  }
};

TEST_CASE("a training forward updates states after the run, evaluation reads and keeps them") {
  const auto check = [](auto&& s, double tolerance) {
    std::vector<double> expected(4, 2.0);
    for (int run = 0; run < 3; ++run) {
      s.forward();
      for (std::size_t k = 0; k < 4; ++k) {
        double mean = 0;
        for (std::size_t i = 0; i < 5; ++i) mean += static_cast<double>(s.reals["x"][i * 4 + k]) / 5;
        expected[k] = 0.75 * expected[k] + 0.25 * mean;
      }
      for (auto& t : s.weights.tensors())
        if (t.name == "mean")
          for (std::size_t k = 0; k < 4; ++k) CHECK(std::abs(static_cast<double>(t.values[k]) - expected[k]) < tolerance);
    }
  };
  check(subject<running, reference_backend>{ordinary, images(5), embed(4)}, 1e-14);
  check(subject<running, akin_test::tested_backend>{ordinary, images(5), embed(4)}, 1e-6);
  subject<running, reference_backend, mode::evaluation> s{ordinary, images(5), embed(4)};
  const auto first = s.run();
  const auto second = s.run();
  CHECK(first.at("y") == second.at("y"));
  for (std::size_t k = 0; k < 20; ++k) CHECK(first.at("y")[k] == doctest::Approx((s.reals["x"][k] - 2) * 1.5).epsilon(1e-14));
}

TEST_CASE("gradients: through what feeds a state, of shared parameters, of parameters with one gradient") {
  akin_test::check_gradients<running>(ordinary, images(3), embed(2));
  akin_test::check_gradients<shared>(ordinary, images(3), embed(2));
  akin_test::check_gradients<same_gradient>(ordinary, embed(3));
  akin_test::check_cpu<same_gradient>(ordinary, 1e-6, embed(3));
}

TEST_CASE("a state and a frozen tensor have no gradient") {
  subject<running, reference_backend> s{ordinary, images(3), embed(2)};
  const auto got = s.run();
  CHECK(got.count("d mean") == 0);
  CHECK(got.count("d half") == 0);
  for (const auto& t : s.weights.tensors())
    if (t.role != named_value::role_kind::parameter)
      for (std::size_t k = 0; k < t.values.size(); ++k) CHECK(s.program().gradients()[static_cast<std::size_t>(t.offset) + k] == 0);
}
