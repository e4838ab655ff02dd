// SPDX-License-Identifier: Apache-2.0
// Layer normalisation and the activations: axes, gradients, both backends, and the properties that define them.
#include <akin/nn/activations.hpp>
#include <akin/nn/layer_norm.hpp>

#include <doctest/doctest.h>

#include "check_model.hpp"

#include <numbers>

using namespace akin;

namespace layer_norm_test {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct tokens : axis<"tokens"> {} tokens;
inline constexpr struct width : axis<"width"> {} width;

struct normed {
  static constexpr auto define(model& m) {
    const auto y = layer_norm(m, "ln", m.input<"x">(images, tokens, width), over(width));
    static_assert(std::is_same_v<decltype(y), const expr<real, axes<struct images, struct tokens, struct width>>>);
    m.output<"y">(y);
    return sum(y * m.data<"weight of y">(images, tokens, width));
  }
};
struct activated {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(width);
    m.output<"gelu">(gelu(x));
    m.output<"quick_gelu">(quick_gelu(x));
    return sum(gelu(x) * m.data<"a">(width) + quick_gelu(x) * m.data<"b">(width));
  }
};

template <class Backend>
akin_test::results normed_by(double scale, double shift) {
  const auto fill = [=](std::string_view input, std::int64_t, double drawn) { return input == "x" ? scale * drawn + shift : drawn; };
  return akin_test::subject<normed, Backend>{fill, images(3), tokens(5), width(37)}.run();
}

}  // namespace layer_norm_test

using namespace layer_norm_test;

TEST_CASE("layer_norm: gradients are those of central differences, and the backends agree") {
  akin_test::check_gradients<normed>(akin_test::ordinary, images(2), tokens(3), width(7));
  akin_test::check_cpu<normed>(akin_test::ordinary, 1e-5, images(3), tokens(5), width(37));
}

TEST_CASE("layer_norm: every row has mean 0 and variance 1") {
  const auto y = normed_by<reference_backend>(1, 0).at("y");
  for (std::size_t row = 0; row < 15; ++row) {
    double mean = 0, variance = 0;
    for (std::size_t k = 0; k < 37; ++k) mean += y[row * 37 + k] / 37, variance += y[row * 37 + k] * y[row * 37 + k] / 37;
    CHECK(std::abs(mean) < 1e-14);
    CHECK(std::abs(variance - 1) < 1e-4);  // eps against a variance of about 1
  }
}

TEST_CASE("layer_norm: a shift of a row changes nothing, and cancels little in fp32") {
  const auto y = normed_by<reference_backend>(1, 0).at("y");
  CHECK(akin_test::difference(normed_by<reference_backend>(1, 1000).at("y"), y) < 1e-4);  // inputs are rounded to fp32
  CHECK(akin_test::difference(normed_by<akin_test::tested_backend>(1, 1000).at("y"), normed_by<reference_backend>(1, 1000).at("y")) < 2e-4);
}

TEST_CASE("layer_norm: a constant row gives the bias") {
  const auto y = normed_by<akin_test::tested_backend>(0, 3).at("y");
  for (const double v : y) CHECK(v == 0);
}

TEST_CASE("activations: values, gradients, and the backends agree") {
  const auto fill = [](std::string_view input, std::int64_t k, double drawn) { return input == "x" ? (static_cast<double>(k) - 20) / 3 : drawn; };
  akin_test::check_gradients<activated>(fill, width(41));
  akin_test::check_cpu<activated>(fill, 1e-5, width(41));
  const auto r = akin_test::subject<activated, reference_backend>{fill, width(41)}.run();
  for (std::size_t k = 0; k < 41; ++k) {
    const double x = static_cast<double>(static_cast<float>((static_cast<double>(k) - 20) / 3));
    CHECK(r.at("gelu")[k] == doctest::Approx(x * std::erfc(-x / std::numbers::sqrt2) / 2).epsilon(1e-12));
    CHECK(r.at("quick_gelu")[k] == doctest::Approx(x / (1 + std::exp(-1.702 * x))).epsilon(1e-12));
  }
}
