// SPDX-License-Identifier: Apache-2.0
// Contractions: one shared axis, batched axes, several free axes, operands in any order of axes; against loops and differences.
#include "check_model.hpp"

using namespace akin;
using akin_test::ordinary;
using akin_test::subject;

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct heads : axis<"heads"> {} heads;
inline constexpr struct queries : axis<"queries"> {} queries;
inline constexpr struct keys : axis<"keys"> {} keys;
inline constexpr struct depth : axis<"depth"> {} depth;

template <class E, class Axes>
inline constexpr bool has_axes = std::is_same_v<typename std::remove_cvref_t<E>::axes_type, Axes>;
template <class... A>
using e = expr<real, axes<A...>>;
using I = struct images;
using H = struct heads;
using Q = struct queries;
using K = struct keys;
using D = struct depth;
static_assert(has_axes<decltype(dot(e<I, D>{}, e<D, Q>{})), axes<I, Q>>);
static_assert(has_axes<decltype(dot(e<Q, D>{}, e<I, D>{})), axes<Q, I>>);
static_assert(has_axes<decltype(dot(e<D>{}, e<D>{})), axes<>>);
static_assert(has_axes<decltype(dot(e<H, Q, D>{}, e<H, K, D>{}, over(depth))), axes<H, Q, K>>);
static_assert(has_axes<decltype(dot(e<I, H, Q, D>{}, e<I, H, K, D>{}, over(depth))), axes<I, H, Q, K>>);
static_assert(has_axes<decltype(dot(e<I, D>{}, e<I, D>{}, over(depth))), axes<I>>);
static_assert(has_axes<decltype(dot(e<I, H, Q, D>{}, e<I, H, K, D>{}, over(heads, depth))), axes<I, Q, K>>);
static_assert(has_axes<decltype(dot(e<H, D>{}, e<H, D>{}, over(heads, depth))), axes<>>);

struct products {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, depth);
    const auto w = m.input<"w">(depth, keys);
    const auto turned = m.input<"turned">(keys, depth);
    const auto q = m.input<"q">(images, heads, queries, depth);
    const auto k = m.input<"k">(images, keys, heads, depth);
    const auto v = m.input<"v">(depth);
    const auto a = dot(x, w);
    const auto b = dot(turned, x);
    const auto c = dot(q, k, over(depth));                    // attention scores: [images, heads, queries, keys]
    const auto d = dot(c, k, over(keys));                     // and values: [images, heads, queries, depth]
    const auto f = dot(q, v);                                 // matrix and vector
    const auto g = dot(x, x, over(depth));                    // one number for each row
    const auto h = dot(v, v);
    const auto l = dot(q, w);                                 // several free axes
    const auto n = dot(q, k, over(heads, depth));             // two axes at once: [images, queries, keys]
    m.output<"n">(n), m.output<"a">(a), m.output<"b">(b), m.output<"c">(c), m.output<"d">(d), m.output<"f">(f), m.output<"g">(g), m.output<"h">(h), m.output<"l">(l);
    return sum(a * a) + sum(b * sin(b)) + sum(c * c) / 50 + sum(d * m.data<"r">(images, heads, queries, depth)) + sum(f * f) + sum(g) * h + sum(l * c) + sum(n * n) / 50;
  }
};

/// Products of pairs, with a row and a column vector beside them, and a sum of pairs weighted by a column.
struct pairs {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, depth);
    const auto y = m.input<"y">(depth, texts);
    const auto row = m.input<"row">(images);
    const auto column = m.input<"column">(texts);
    const auto s = dot(x, y) * 0.3;
    const auto weighted = dot(sigmoid(s), column);
    const auto pooled = dot(tanh(s), m.data<"values">(texts, depth), over(texts));
    m.output<"weighted">(weighted), m.output<"pooled">(pooled);
    return sum(s * s * row) + sum(weighted * weighted) + sum(pooled * x) + sum(log_sum_exp(s + column, over(texts)));
  }
};

/// Embeddings weighted by pairs, whose result the same pairs weigh again: a pass waits for a result of another one that has the same pair values.
struct pairs_again {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, depth);
    const auto y = m.input<"y">(texts, depth);
    const auto p = exp(0.3 * dot(x, y));
    const auto seen = dot(p, y, over(texts));
    const auto back = dot(p, seen, over(images));
    return sum(square(x - seen)) + sum(back * y);
  }
};

TEST_CASE("cpu against reference") {
  akin_test::check_cpu<products>(ordinary, 1e-5, images(3), heads(2), queries(5), keys(4), depth(7));
  akin_test::check_cpu<products>(ordinary, 1e-5, images(1), heads(1), queries(1), keys(1), depth(1));
  akin_test::check_cpu<products>(ordinary, 1e-5, images(2), heads(3), queries(17), keys(33), depth(64));
  akin_test::check_cpu<products>(ordinary, 1e-5, images(2), heads(2), queries(3), keys(4), depth(0));
  akin_test::check_cpu<products>(ordinary, 1e-5, images(2), heads(0), queries(3), keys(4), depth(2));
}

TEST_CASE("gradients") {
  akin_test::check_gradients<products>(ordinary, images(2), heads(2), queries(2), keys(3), depth(3));
  akin_test::check_gradients<pairs>(ordinary, images(3), texts(4), depth(2));
  akin_test::check_gradients<pairs_again>(ordinary, images(3), texts(4), depth(2));
}

TEST_CASE("pair products of the cpu backend, in tiles") {
  akin_test::check_cpu<pairs>(ordinary, 2e-5, images(3), texts(4), depth(5));
  akin_test::check_cpu<pairs>(ordinary, 2e-5, images(1), texts(1), depth(1));
  akin_test::check_cpu<pairs>(ordinary, 2e-5, images(29), texts(200), depth(33));
  akin_test::check_cpu<pairs>(ordinary, 2e-5, images(130), texts(65), depth(3));
  akin_test::check_cpu<pairs_again>(ordinary, 2e-5, images(3), texts(4), depth(5));
  akin_test::check_cpu<pairs_again>(ordinary, 2e-5, images(300), texts(129), depth(3));
}

TEST_CASE("values by loops") {
  subject<products, reference_backend> s{ordinary, images(2), heads(2), queries(3), keys(4), depth(5)};
  const auto got = s.run();
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 4; ++j) {
      double a = 0, b = 0;
      for (std::size_t d = 0; d < 5; ++d) a += s.reals["x"][i * 5 + d] * s.reals["w"][d * 4 + j], b += s.reals["x"][i * 5 + d] * s.reals["turned"][j * 5 + d];
      CHECK(got.at("a")[i * 4 + j] == doctest::Approx(a).epsilon(1e-13));
      CHECK(got.at("b")[j * 2 + i] == doctest::Approx(b).epsilon(1e-13));
      for (std::size_t h = 0; h < 2; ++h)
        for (std::size_t q = 0; q < 3; ++q) {
          double c = 0;
          for (std::size_t d = 0; d < 5; ++d) c += s.reals["q"][((i * 2 + h) * 3 + q) * 5 + d] * s.reals["k"][((i * 4 + j) * 2 + h) * 5 + d];
          CHECK(got.at("c")[((i * 2 + h) * 3 + q) * 4 + j] == doctest::Approx(c).epsilon(1e-12));
        }
    }
}

TEST_CASE("linear in each operand; a permutation of rows permutes the result") {
  subject<products, reference_backend> s{ordinary, images(3), heads(1), queries(2), keys(4), depth(5)};
  const auto before = s.run();
  for (double& x : s.reals["x"]) x *= -2;
  const auto scaled = s.run();
  for (std::size_t k = 0; k < 12; ++k) CHECK(scaled.at("a")[k] == -2 * before.at("a")[k]);
  for (double& x : s.reals["x"]) x /= -2;
  std::rotate(s.reals["x"].begin(), s.reals["x"].begin() + 5, s.reals["x"].end());
  const auto moved = s.run();
  for (std::size_t k = 0; k < 12; ++k) CHECK(moved.at("a")[k] == before.at("a")[(k + 4) % 12]);
}
