// SPDX-License-Identifier: Apache-2.0
// Reductions over leading, middle, trailing and several axes: axes, values, gradients, ties, empty extents.
#include "check_model.hpp"

using namespace akin;
using akin_test::ordinary;
using akin_test::subject;

inline constexpr struct front : axis<"front"> {} front;
inline constexpr struct middle : axis<"middle"> {} middle;
inline constexpr struct back : axis<"back"> {} back;

using fmb = axes<struct front, struct middle, struct back>;
template <class E, class Axes>
inline constexpr bool has_axes = std::is_same_v<typename std::remove_cvref_t<E>::axes_type, Axes>;
static_assert(has_axes<decltype(sum(expr<real, fmb>{}, over(middle))), axes<struct front, struct back>>);
static_assert(has_axes<decltype(max(expr<real, fmb>{}, over(back, front))), axes<struct middle>>);
static_assert(has_axes<decltype(mean(expr<real, fmb>{})), axes<>>);
static_assert(has_axes<decltype(log_sum_exp(expr<real, fmb>{})), axes<>>);
static_assert(has_axes<decltype(max(expr<real, fmb>{}) + min(expr<real, fmb>{})), axes<>>);
static_assert(has_axes<decltype(softmax(expr<real, fmb>{}, over(front))), fmb>);
static_assert(has_axes<decltype(l2_normalize(expr<real, fmb>{}, over(back))), fmb>);

struct reductions {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(front, middle, back);
    const auto w = m.data<"w">(front, middle, back);
    const auto a = sum(x * w, over(front));
    const auto b = max(x, over(middle));
    const auto c = min(x * w, over(back));
    const auto d = log_sum_exp(3 * x, over(back));
    const auto e = log_sum_exp(x, over(front));
    const auto f = log_sum_exp(x + w, over(front, back));
    const auto g = mean(x, over(back, middle));
    const auto h = max(x + w);
    const auto k = softmax(2 * x, over(middle));
    const auto l = l2_normalize(x, over(back));
    m.output<"a">(a), m.output<"b">(b), m.output<"c">(c), m.output<"d">(d), m.output<"e">(e), m.output<"f">(f), m.output<"g">(g), m.output<"h">(h), m.output<"k">(k), m.output<"l">(l);
    return sum(a * exp(e)) + sum(b * b) + sum(c * d) + sum(f * sin(f)) + sum(g * g) + h + sum(k * w) + sum(l * w) + count(m, back) * mean(x);
  }
};

struct ties {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(front, back);
    return sum(max(x, over(back)) * m.data<"w">(front)) + min(x);
  }
};

struct only_log_sum_exp {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(front, back);
    const auto y = log_sum_exp(x, over(back));
    const auto z = log_sum_exp(x, over(front));
    m.output<"y">(y), m.output<"z">(z);
    return sum(y) + sum(z);
  }
};

inline constexpr struct rows : batch<"rows"> {} rows;
inline constexpr struct columns : batch<"columns"> {} columns;

struct log_sum_exp_of_pairs {
  static constexpr auto define(model& m) {
    const auto s = dot(m.input<"x">(rows, back), m.input<"y">(columns, back)) + m.data<"bias">(columns);
    const auto of_rows = log_sum_exp(s, over(columns));
    const auto of_columns = log_sum_exp(s, over(rows));
    const auto of_all = log_sum_exp(s);
    m.output<"of rows">(of_rows), m.output<"of columns">(of_columns), m.output<"of all">(of_all);
    return mean(of_rows) + mean(of_columns) + of_all;
  }
};

struct normalized {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(front, back);
    const auto y = l2_normalize(x, over(back));
    m.output<"y">(y);
    return sum(y * m.data<"w">(front, back));
  }
};

TEST_CASE("cpu against reference, and the same bits for every number of threads") {
  akin_test::check_cpu<reductions>(ordinary, 5e-6, front(3), middle(5), back(7));
  akin_test::check_cpu<reductions>(ordinary, 5e-6, front(1), middle(1), back(1));
  akin_test::check_cpu<reductions>(ordinary, 5e-6, front(50), middle(2), back(133));
  akin_test::check_cpu<reductions>(ordinary, 5e-6, front(2), middle(300), back(70));
  akin_test::check_cpu<reductions>(ordinary, 5e-6, front(700), middle(60), back(1));
}

TEST_CASE("gradients") { akin_test::check_gradients<reductions>(ordinary, front(3), middle(2), back(4)); }

TEST_CASE("values of the reference backend") {
  subject<reductions, reference_backend> s{ordinary, front(2), middle(3), back(4)};
  const auto got = s.run();
  const auto at = [&](const char* name, std::size_t i, std::size_t j, std::size_t k) { return s.reals[name][(i * 3 + j) * 4 + k]; };
  for (std::size_t j = 0; j < 3; ++j)
    for (std::size_t k = 0; k < 4; ++k) {
      CHECK(got.at("a")[j * 4 + k] == doctest::Approx(at("x", 0, j, k) * at("w", 0, j, k) + at("x", 1, j, k) * at("w", 1, j, k)).epsilon(1e-14));
      CHECK(got.at("e")[j * 4 + k] == doctest::Approx(std::log(std::exp(at("x", 0, j, k)) + std::exp(at("x", 1, j, k)))).epsilon(1e-14));
    }
  for (std::size_t j = 0; j < 3; ++j) {
    double f = 0;
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t k = 0; k < 4; ++k) f += std::exp(at("x", i, j, k) + at("w", i, j, k));
    CHECK(got.at("f")[j] == doctest::Approx(std::log(f)).epsilon(1e-14));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    double g = 0;
    for (std::size_t n = 0; n < 12; ++n) g += s.reals["x"][i * 12 + n] / 12;
    CHECK(got.at("g")[i] == doctest::Approx(g).epsilon(1e-14));
    for (std::size_t k = 0; k < 4; ++k) CHECK(got.at("b")[i * 4 + k] == std::max({at("x", i, 0, k), at("x", i, 1, k), at("x", i, 2, k)}));
  }
}

TEST_CASE("entries that tie share the gradient evenly") {
  const auto fill = [](std::string_view name, std::int64_t k, double) { return name == "w" ? 6.0 : std::vector<double>{1, 2, 2, 3, 3, 3}[static_cast<std::size_t>(k)]; };
  const auto got = subject<ties, reference_backend>{fill, front(2), back(3)}.run();
  CHECK(got.at("loss")[0] == 6 * 2 + 6 * 3 + 1);
  CHECK(got.at("d x") == std::vector<double>{1, 3, 3, 2, 2, 2});
  akin_test::check_cpu<ties>(fill, 1e-6, front(2), back(3));
}

TEST_CASE("log_sum_exp: shift invariance, no overflow, -inf for nothing") {
  for (const double shift : {0.0, 1000.0, -1000.0}) {
    const auto fill = [&](std::string_view, std::int64_t k, double) { return shift + static_cast<double>(k) / 8; };
    const auto plain = subject<only_log_sum_exp, reference_backend>{[&](std::string_view, std::int64_t k, double) { return static_cast<double>(k) / 8; }, front(3), back(5)}.run();
    const auto moved = subject<only_log_sum_exp, reference_backend>{fill, front(3), back(5)}.run();
    for (std::size_t k = 0; k < 3; ++k) CHECK(moved.at("y")[k] - shift == doctest::Approx(plain.at("y")[k]).epsilon(1e-12));
    for (std::size_t k = 0; k < 15; ++k) CHECK(moved.at("d x")[k] == doctest::Approx(plain.at("d x")[k]).epsilon(1e-10));
    akin_test::check_cpu<only_log_sum_exp>(fill, 1e-4, front(3), back(5));
  }
  const auto nothing = [](std::string_view, std::int64_t, double) { return -INFINITY; };
  CHECK(subject<only_log_sum_exp, reference_backend>{nothing, front(2), back(3)}.run().at("y") == std::vector<double>{-INFINITY, -INFINITY});
  CHECK(subject<only_log_sum_exp, akin_test::tested_backend>{nothing, front(2), back(3)}.run().at("y") == std::vector<double>{-INFINITY, -INFINITY});
  CHECK(subject<only_log_sum_exp, reference_backend>{ordinary, front(2), back(0)}.run().at("y") == std::vector<double>{-INFINITY, -INFINITY});
  CHECK(subject<only_log_sum_exp, akin_test::tested_backend>{ordinary, front(2), back(0)}.run().at("y") == std::vector<double>{-INFINITY, -INFINITY});
}

TEST_CASE("one entry that is no number is seen by every reduction over it") {
  for (const std::int64_t place : {0, 7, 2500, 4999}) {
    const auto fill = [&](std::string_view, std::int64_t k, double drawn) { return k == place ? NAN : drawn; };
    for (const auto& got : {subject<only_log_sum_exp, akin_test::tested_backend>{fill, front(1), back(5000)}.run(), subject<only_log_sum_exp, reference_backend>{fill, front(1), back(5000)}.run()}) {
      CHECK(std::isnan(got.at("y")[0]));
      CHECK(std::isnan(got.at("z")[static_cast<std::size_t>(place)]));
    }
  }
}

TEST_CASE("log_sum_exp of an infinity is infinity, along either axis and in pairs") {
  for (const std::int64_t place : {0, 7, 2500, 4999}) {
    const auto fill = [&](std::string_view, std::int64_t k, double drawn) { return k == place ? INFINITY : drawn; };
    for (const auto& got : {subject<only_log_sum_exp, akin_test::tested_backend>{fill, front(1), back(5000)}.run(), subject<only_log_sum_exp, reference_backend>{fill, front(1), back(5000)}.run()}) {
      CHECK(got.at("y")[0] == INFINITY);
      for (std::size_t k = 0; k < 5000; ++k) CHECK((got.at("z")[k] == INFINITY) == (static_cast<std::int64_t>(k) == place));
    }
  }
  const auto infinite_column = [](std::string_view name, std::int64_t k, double drawn) { return name == "bias" && k == 1 ? INFINITY : drawn; };
  for (const std::int64_t n : {2, 97})
    for (const auto& got : {subject<log_sum_exp_of_pairs, akin_test::tested_backend>{infinite_column, rows(n), columns(n + 33), back(3)}.run(),
                            subject<log_sum_exp_of_pairs, reference_backend>{infinite_column, rows(n), columns(n + 33), back(3)}.run()}) {
      for (const double x : got.at("of rows")) CHECK(x == INFINITY);
      for (std::size_t k = 0; k < got.at("of columns").size(); ++k) CHECK(std::isfinite(got.at("of columns")[k]) == (k != 1));
      CHECK(got.at("of columns")[1] == INFINITY);
      CHECK(got.at("of all")[0] == INFINITY);
    }
}

TEST_CASE("log_sum_exp and max do not depend on the order of entries") {
  const auto forward = subject<only_log_sum_exp, akin_test::tested_backend>{ordinary, front(1), back(300)}.run();
  subject<only_log_sum_exp, akin_test::tested_backend> s{ordinary, front(1), back(300)};
  std::reverse(s.reals["x"].begin(), s.reals["x"].end());
  CHECK(s.run().at("y")[0] == doctest::Approx(forward.at("y")[0]).epsilon(1e-6));
}

TEST_CASE("l2_normalize: unit rows, any scale, rows of zeros") {
  const auto fill = [](std::string_view name, std::int64_t k, double drawn) { return name == "x" && k / 4 == 1 ? 0.0 : drawn; };
  subject<normalized, reference_backend> s{fill, front(3), back(4)};
  const auto got = s.run();
  for (std::size_t i : {0u, 2u}) {
    double square = 0, along = 0;
    for (std::size_t k = 0; k < 4; ++k) square += got.at("y")[i * 4 + k] * got.at("y")[i * 4 + k], along += got.at("y")[i * 4 + k] * got.at("d x")[i * 4 + k];
    CHECK(square == doctest::Approx(1).epsilon(1e-14));
    CHECK(std::abs(along) < 1e-14);  // the gradient is orthogonal to the row
  }
  for (std::size_t k = 4; k < 8; ++k) {
    CHECK(got.at("y")[k] == 0);
    CHECK(got.at("d x")[k] == 0);
  }
  for (double& x : s.reals["x"]) x *= 1000;
  const auto scaled = s.run();
  for (std::size_t k = 0; k < 12; ++k) CHECK(scaled.at("y")[k] == doctest::Approx(got.at("y")[k]).epsilon(1e-13));
  akin_test::check_cpu<normalized>(fill, 2e-6, front(3), back(4));
  akin_test::check_cpu<normalized>(ordinary, 2e-6, front(67), back(129));
}
