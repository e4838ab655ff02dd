// SPDX-License-Identifier: Apache-2.0
// Arithmetic, scalar functions, comparisons, where: axes, values, gradients, broadcasts in all orders.
#include "check_model.hpp"

using namespace akin;
using akin_test::ordinary;

inline constexpr struct rows : axis<"rows"> {} rows;
inline constexpr struct columns : axis<"columns"> {} columns;
inline constexpr struct planes : axis<"planes"> {} planes;

template <class E, class Axes>
inline constexpr bool has_axes = std::is_same_v<typename std::remove_cvref_t<E>::axes_type, Axes>;
using r = axes<struct rows>;
using rc = axes<struct rows, struct columns>;
using cr = axes<struct columns, struct rows>;
using rcp = axes<struct rows, struct columns, struct planes>;

// Laws: the result has the larger operand's axes, in its order; equal sets keep the left operand's order.
template <class A>
using e = expr<real, A>;
static_assert(has_axes<decltype(e<rc>{} + e<r>{}), rc> && has_axes<decltype(e<r>{} * e<rc>{}), rc>);
static_assert(has_axes<decltype(e<cr>{} - e<rc>{}), cr> && has_axes<decltype(e<rc>{} / e<cr>{}), rc>);
static_assert(has_axes<decltype(2 / e<rcp>{}), rcp> && has_axes<decltype(maximum(e<axes<>>{}, e<rcp>{})), rcp>);
static_assert(std::is_same_v<decltype(e<r>{} < e<rc>{}), expr<boolean, rc>>);
static_assert(has_axes<decltype(where(expr<boolean, r>{}, e<rc>{}, 0)), rc> && has_axes<decltype(where(expr<boolean, rc>{}, e<r>{}, e<r>{})), rc>);

// A number before an expression is compared as behind it.
static_assert([] {
  model m;
  const auto x = m.input<"x">(rows);
  const int less = (x < 0.5).id, more = (x > 0.5).id, at_most = (x <= 0.5).id, at_least = (x >= 0.5).id;
  return less != more && at_most != at_least && (0.5 > x).id == less && (0.5 < x).id == more && (0.5 >= x).id == at_most && (0.5 <= x).id == at_least;
}());

// Every scalar function, over an odd number of elements.
struct functions {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(rows), w = m.data<"w">(rows);
    const auto positive = x * x + 0.5, small = tanh(x) * 0.9;
    const auto a = exp(x) + log(positive) * w, b = sqrt(positive) - tanh(x) * w;
    const auto c = sigmoid(x) * w + softplus(x) - erf(x), d = abs(x) + sin(x) * w - cos(2 * x) + acos(small);
    const auto g = square(x) / positive + relu(x) * w + (-x), h = maximum(x, w) - minimum(x, 0.3) * w;
    const auto k = where(x < w, exp(x), log(positive)) + where(!(x > 0.1) && (w > 0), x * x, 3) + as_real(x <= w || x >= 2 * w) * x;
    m.output<"a">(a), m.output<"b">(b), m.output<"c">(c), m.output<"d">(d), m.output<"g">(g), m.output<"h">(h), m.output<"k">(k);
    return sum(w * a + b * c + d * w * g + h + w * k);
  }
};

// Broadcasts: trailing, leading, middle, scalar, and axes in another order.
struct broadcasts {
  static constexpr auto define(model& m) {
    const auto full = m.input<"full">(rows, columns, planes);
    const auto leading = m.input<"leading">(rows);
    const auto middle = m.input<"middle">(columns);
    const auto trailing = m.input<"trailing">(planes);
    const auto outer = m.input<"outer">(rows, planes);
    const auto turned = m.input<"turned">(planes, rows, columns);
    const auto corner = m.input<"corner">(planes, rows);
    const auto scalar = m.input<"scalar">();
    const auto y = (full + leading) * middle - trailing / (2 + square(outer)) + turned * scalar + full * turned * corner;
    m.output<"y">(y);
    const auto z = turned * full + leading;  // the left operand's order
    m.output<"z">(z);
    return sum(y * z * m.data<"w">(columns, planes, rows));
  }
};

struct constants {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(rows);
    m.output<"zero">(0 / x);
    m.output<"product">(x * 0);
    m.output<"same">(1 * x / 1 + 0 - 0);
    m.output<"negative">(-(-x) * -1 - (-x) * 2);
    return sum(x * 0) + sum(0 / x) + sum(x + 0 * x);
  }
};

struct stopped {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(rows), y = m.input<"y">(rows);
    return sum(stop_gradient(exp(x)) * y + x);
  }
};

// What is not chosen has gradient 0, even where it is infinite or no number.
struct not_chosen {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(rows);
    return sum(where(x > 0, log(where(x > 0, x, 1)), 0)) + sum(where(x < 0, 5, x));
  }
};

TEST_CASE("scalar functions: cpu against reference, gradients against differences") {
  for (int n : {1, 3, 16, 37, 5000}) akin_test::check_cpu<functions>(ordinary, 2e-6, rows(n));
  akin_test::check_gradients<functions>(ordinary, rows(37));
}

TEST_CASE("the reference backend computes what <cmath> computes") {
  akin_test::subject<functions, reference_backend> s{ordinary, rows(29)};
  const auto got = s.run();
  for (std::size_t k = 0; k < 29; ++k) {
    const double x = s.reals["x"][k], w = s.reals["w"][k], p = x * x + 0.5;
    CHECK(got.at("a")[k] == doctest::Approx(std::exp(x) + std::log(p) * w).epsilon(1e-14));
    CHECK(got.at("b")[k] == doctest::Approx(std::sqrt(p) - std::tanh(x) * w).epsilon(1e-14));
    CHECK(got.at("c")[k] == doctest::Approx(w / (1 + std::exp(-x)) + std::log1p(std::exp(x)) - std::erf(x)).epsilon(1e-13));
    CHECK(got.at("d")[k] == doctest::Approx(std::abs(x) + std::sin(x) * w - std::cos(2 * x) + std::acos(std::tanh(x) * 0.9)).epsilon(1e-13));
    CHECK(got.at("g")[k] == doctest::Approx(x * x / p + std::max(x, 0.0) * w - x).epsilon(1e-13));
    CHECK(got.at("h")[k] == doctest::Approx(std::max(x, w) - std::min(x, 0.3) * w).epsilon(1e-13));
    CHECK(got.at("k")[k] == doctest::Approx((x < w ? std::exp(x) : std::log(p)) + (x <= 0.1 && w > 0 ? x * x : 3) + (x <= w || x >= 2 * w ? x : 0)).epsilon(1e-13));
  }
}

TEST_CASE("broadcasts along leading, middle, trailing axes and in another order") {
  akin_test::check_cpu<broadcasts>(ordinary, 2e-6, rows(3), columns(5), planes(7));
  akin_test::check_cpu<broadcasts>(ordinary, 2e-6, rows(1), columns(130), planes(1));
  akin_test::check_cpu<broadcasts>(ordinary, 2e-6, rows(41), columns(1), planes(300));
  akin_test::check_cpu<broadcasts>(ordinary, 2e-6, rows(4), columns(0), planes(3));
  akin_test::check_gradients<broadcasts>(ordinary, rows(3), columns(2), planes(4));

  akin_test::subject<broadcasts, reference_backend> s{ordinary, rows(2), columns(3), planes(4)};
  const auto got = s.run();
  auto& x = s.reals;
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      for (std::size_t k = 0; k < 4; ++k) {
        const double full = x["full"][(i * 3 + j) * 4 + k], turned = x["turned"][(k * 2 + i) * 3 + j], outer = x["outer"][i * 4 + k];
        const double y = (full + x["leading"][i]) * x["middle"][j] - x["trailing"][k] / (2 + outer * outer) + turned * x["scalar"][0] + full * turned * x["corner"][k * 2 + i];
        CHECK(got.at("y")[(i * 3 + j) * 4 + k] == doctest::Approx(y).epsilon(1e-13));
        CHECK(got.at("z")[(k * 2 + i) * 3 + j] == doctest::Approx(turned * full + x["leading"][i]).epsilon(1e-13));
      }
}

TEST_CASE("constants 0 and 1 leave axes and values as they must be") {
  akin_test::check_cpu<constants>(ordinary, 1e-6, rows(5));
  akin_test::subject<constants, reference_backend> s{ordinary, rows(5)};
  const auto got = s.run();
  CHECK(got.at("zero") == std::vector<double>(5, 0.0));
  CHECK(got.at("product") == std::vector<double>(5, 0.0));
  for (std::size_t k = 0; k < 5; ++k) {
    CHECK(got.at("same")[k] == s.reals["x"][k]);
    CHECK(got.at("negative")[k] == s.reals["x"][k]);
    CHECK(got.at("d x")[k] == 1);
  }
}

TEST_CASE("stop_gradient passes the value and no gradient") {
  akin_test::subject<stopped, reference_backend> s{ordinary, rows(4)};
  const auto got = s.run();
  for (std::size_t k = 0; k < 4; ++k) {
    CHECK(got.at("d x")[k] == 1);
    CHECK(got.at("d y")[k] == std::exp(s.reals["x"][k]));
  }
}

TEST_CASE("what is not chosen has gradient 0") {
  const auto fill = [](std::string_view, std::int64_t k, double) { return std::vector<double>{2, -1, 0, 0.5}[static_cast<std::size_t>(k)]; };
  const auto got = akin_test::subject<not_chosen, reference_backend>{fill, rows(4)}.run();
  CHECK(got.at("d x") == std::vector<double>{0.5 + 1, 0, 1, 2 + 1});
}
