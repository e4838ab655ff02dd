// SPDX-License-Identifier: Apache-2.0
// Predicates and their counts; positions as reals, broadcast to pairs.
#include "check_model.hpp"

using namespace akin;
using akin_test::ordinary;
using akin_test::subject;

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct embed : axis<"embed"> {} embed;

template <class E, class Axes>
inline constexpr bool has_axes = std::is_same_v<typename std::remove_cvref_t<E>::axes_type, Axes>;
using rows = axes<struct images>;
using columns = axes<struct texts>;
using pairs = axes<struct images, struct texts>;

// Laws: predicates on two indices have the axes of both; a broadcast adds one at the end; counts lose those that they run over.
static_assert(has_axes<decltype(same(expr<real, rows>{}, expr<real, columns>{})), pairs> && has_axes<decltype(same(expr<real, rows>{}, expr<real, rows>{})), rows>);
static_assert(has_axes<decltype(broadcast(expr<real, rows>{}, texts)), pairs> && has_axes<decltype(broadcast(expr<real, axes<>>{}, texts)), columns>);
static_assert(has_axes<decltype(count(expr<boolean, pairs>{}, over(texts))), rows> && has_axes<decltype(count(expr<boolean, pairs>{})), axes<>>);
static_assert(has_axes<decltype(mean_where(expr<boolean, rows>{}, expr<real, rows>{})), axes<>>);
static_assert(std::is_same_v<decltype(as_real(expr<integer, rows>{})), expr<real, rows>>);

struct numbers {
  static constexpr auto define(model& m) {
    const auto i = as_real(position(m, images));
    const auto j = as_real(position(m, texts));
    const auto w = m.input<"w">(images);
    const auto s = dot(m.input<"x">(images, embed), m.input<"y">(texts, embed));
    m.output<"squares">(i * i + w);
    m.output<"ids">(as_real(m.indices<"ids">(images)) * 2);
    m.output<"next">(count(same(i + 1, j), over(texts)));
    m.output<"large">(count(s > 0, over(images)));
    m.output<"all">(count(s > 0));
    const auto near = exp(-abs(broadcast(i, texts) - j) / 3);  // a weight that is a function of (i, j)
    m.output<"weighted">(sum(near * s, over(texts)));
    return sum(near * broadcast(w, texts) * s) + mean_where(w > 0, log(where(w > 0, w, 1)));
  }
};

TEST_CASE("values are those of loops") {
  for (const auto& [n, m] : {std::pair<int, int>{5, 7}, {1, 1}, {1, 6}, {9, 1}}) {
    const auto count = static_cast<std::size_t>(n), others = static_cast<std::size_t>(m);
    subject<numbers, reference_backend> s{ordinary, images(n), texts(m), embed(3)};
    const auto got = s.run();
    double all = 0;
    for (std::size_t a = 0; a < count; ++a) {
      const double number = static_cast<double>(a);
      CHECK(got.at("squares")[a] == number * number + s.reals["w"][a]);
      CHECK(got.at("ids")[a] == 2 * s.integers["ids"][a]);
      CHECK(got.at("next")[a] == (a + 1 < others ? 1 : 0));
      double weighted = 0;
      for (std::size_t b = 0; b < others; ++b) {
        double product = 0;
        for (std::size_t k = 0; k < 3; ++k) product += s.reals["x"][a * 3 + k] * s.reals["y"][b * 3 + k];
        weighted += std::exp(-std::abs(number - static_cast<double>(b)) / 3) * product;
        all += product > 0 ? 1 : 0;
      }
      CHECK(got.at("weighted")[a] == doctest::Approx(weighted).epsilon(1e-13));
    }
    CHECK(got.at("all")[0] == all);
  }
}

TEST_CASE("cpu against reference, gradients against differences") {
  for (const auto& [n, m] : {std::pair<int, int>{5, 7}, {1, 1}, {61, 130}, {0, 3}, {3, 0}}) akin_test::check_cpu<numbers>(ordinary, 2e-6, images(n), texts(m), embed(3));
  akin_test::check_gradients<numbers>(ordinary, images(5), texts(7), embed(3));
}

struct pairings {
  static constexpr auto define(model& m) {
    const auto s = dot(m.input<"x">(images, embed), m.input<"y">(texts, embed));
    const auto own = paired(images, texts);
    const auto large = s > 0;
    return sum(where(own, s, 2 * s)) + sum(where(own, 3, s)) + 5 * count(own && large) + 7 * count(large || own) + 11 * count(!paired(m, images, texts));
  }
};

TEST_CASE("a pairing is a condition wherever a model is at hand") {
  subject<pairings, reference_backend> s{ordinary, images(5), texts(7), embed(3)};
  double expected = 0;
  for (std::size_t a = 0; a < 5; ++a)
    for (std::size_t b = 0; b < 7; ++b) {
      double product = 0;
      for (std::size_t k = 0; k < 3; ++k) product += s.reals["x"][a * 3 + k] * s.reals["y"][b * 3 + k];
      expected += (a == b ? 1 : 2) * product + (a == b ? 3 : product) + (a == b && product > 0 ? 5 : 0) + (a == b || product > 0 ? 7 : 0) + (a == b ? 0 : 11);
    }
  CHECK(s.run().at("loss")[0] == doctest::Approx(expected).epsilon(1e-13));
}

TEST_CASE("the mean of no entry is 0, with gradient 0") {
  const auto got = subject<numbers, reference_backend>{[](std::string_view name, std::int64_t, double drawn) { return name == "w" ? -1 : name == "x" ? 0 : drawn; }, images(3), texts(2), embed(1)}.run();
  CHECK(got.at("loss")[0] == 0);
  CHECK(got.at("d w") == std::vector<double>(3, 0.0));
}
