// SPDX-License-Identifier: Apache-2.0
// split, merge, rename (the same numbers), take, take_first, prepend and concatenate: axes, round trips, gradients.
#include "check_model.hpp"

using namespace akin;
using akin_test::ordinary;
using akin_test::subject;

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct others : batch<"others"> {} others;
inline constexpr struct tokens : axis<"tokens"> {} tokens;
inline constexpr struct longer : axis<"longer"> {} longer;
inline constexpr struct embed : axis<"embed"> {} embed;
inline constexpr struct heads : axis<"heads"> {} heads;
inline constexpr struct head_width : axis<"head_width"> {} head_width;
inline constexpr struct flat : axis<"flat"> {} flat;

template <class E, class Axes>
inline constexpr bool has_axes = std::is_same_v<typename std::remove_cvref_t<E>::axes_type, Axes>;
using ite = expr<real, axes<struct images, struct tokens, struct embed>>;
constexpr ite in(model& m) { return m.input<"x">(images, tokens, embed); }
constexpr bool laws() {
  model m;
  const auto x = in(m);
  const auto s = split(x, embed, heads, head_width);
  static_assert(has_axes<decltype(s), axes<struct images, struct tokens, struct heads, struct head_width>>);
  static_assert(has_axes<decltype(merge(s, tokens, heads, flat)), axes<struct images, struct flat, struct head_width>>);
  static_assert(has_axes<decltype(merge(s, heads, head_width, embed)), axes<struct images, struct tokens, struct embed>>);
  static_assert(has_axes<decltype(rename(x, images, others)), axes<struct others, struct tokens, struct embed>>);
  static_assert(has_axes<decltype(take(x, tokens, 0)), axes<struct images, struct embed>>);
  static_assert(has_axes<decltype(take_first(x, tokens, longer)), axes<struct images, struct longer, struct embed>>);
  static_assert(has_axes<decltype(prepend(take(x, tokens, 0), x, tokens, longer)), axes<struct images, struct longer, struct embed>>);
  return true;
}
static_assert(laws());

struct shapes {
  static constexpr auto define(model& m) {
    const auto x = in(m);
    const auto token = m.input<"token">(embed);
    const auto s = split(x, embed, heads, head_width) * m.data<"w">(heads);
    const auto back = merge(s, heads, head_width, embed);
    const auto flattened = merge(x * x, tokens, embed, flat);
    const auto second = take(x, tokens, 1);
    const auto corner = take(x, embed, 2);
    const auto row = take(exp(x), images, 0);
    const auto whole = prepend(token * 2, x, tokens, longer);
    const auto per_image = prepend(second, back, tokens, longer);
    m.output<"back">(back), m.output<"flattened">(flattened), m.output<"second">(second), m.output<"corner">(corner), m.output<"row">(row), m.output<"whole">(whole), m.output<"per_image">(per_image);
    return sum(back * sin(x)) + sum(flattened * m.data<"v">(flat)) + sum(second * second) + sum(corner * corner) + sum(row) + sum(whole * whole * per_image);
  }
};

/// Parts along the first axis are the same numbers, others are copies; a part of an input, of a parameter and of what is computed.
struct first_entries {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, tokens, embed);
    const auto table = m.input<"table">(flat, embed);
    const auto some_images = take_first(x, images, others);
    const auto some_tokens = take_first(x, tokens, longer);
    const auto third = take(exp(table), flat, 2);
    m.output<"some_images">(some_images), m.output<"some_tokens">(some_tokens), m.output<"third">(third), m.output<"second">(take(table, flat, 1));
    return sum(sin(some_images)) + sum(some_tokens * some_tokens) + sum(third) + sum(dot(some_images, take_first(table, flat, heads), over(embed)));
  }
};

/// dot(z, z) of one set with itself.
struct with_itself {
  static constexpr auto define(model& m) {
    const auto z = m.input<"z">(images, embed);
    return sum(log_sum_exp(dot(z, rename(z, images, others)), over(others)));
  }
};

TEST_CASE("values: the same numbers in other places") {
  subject<shapes, reference_backend> s{ordinary, images(2), tokens(3), embed(4), heads(2)};
  const auto got = s.run();
  const auto& x = s.reals["x"];
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t t = 0; t < 3; ++t)
      for (std::size_t e = 0; e < 4; ++e) {
        const std::size_t k = (i * 3 + t) * 4 + e;
        CHECK(got.at("back")[k] == x[k] * s.reals["w"][e / 2]);
        CHECK(got.at("flattened")[k] == x[k] * x[k]);
        CHECK(got.at("whole")[(i * 4 + t + 1) * 4 + e] == x[k]);
        CHECK(got.at("per_image")[(i * 4 + t + 1) * 4 + e] == got.at("back")[k]);
        if (t == 0) {
          CHECK(got.at("second")[i * 4 + e] == x[(i * 3 + 1) * 4 + e]);
          CHECK(got.at("whole")[i * 16 + e] == 2 * s.reals["token"][e]);
          CHECK(got.at("per_image")[i * 16 + e] == got.at("second")[i * 4 + e]);
        }
        if (e == 2) CHECK(got.at("corner")[i * 3 + t] == x[k]);
        if (i == 0) CHECK(got.at("row")[t * 4 + e] == std::exp(x[k]));
      }
}

/// A map reads a product element by element, and one row of it for all: it may not write its result over the product.
struct less_its_first {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto w = m.input<"w">(flat, embed);
    const auto v = dot(x, w, over(embed));
    return sum(dot(v - take(v, images, 0), w, over(flat)) * x);
  }
};

TEST_CASE("gradients, and cpu against reference") {
  akin_test::check_gradients<less_its_first>(ordinary, images(3), embed(4), flat(5));
  akin_test::check_cpu<less_its_first>(ordinary, 1e-5, images(33), embed(20), flat(17));
  akin_test::check_gradients<shapes>(ordinary, images(2), tokens(3), embed(4), heads(2));
  akin_test::check_gradients<with_itself>(ordinary, images(4), embed(3));
  akin_test::check_cpu<shapes>(ordinary, 5e-6, images(2), tokens(3), embed(4), heads(2));
  akin_test::check_cpu<shapes>(ordinary, 5e-6, images(9), tokens(17), embed(60), heads(5));
  akin_test::check_cpu<shapes>(ordinary, 5e-6, images(1), tokens(2), embed(3), heads(3));
  akin_test::check_cpu<with_itself>(ordinary, 1e-5, images(4), embed(3));
  akin_test::check_cpu<with_itself>(ordinary, 1e-5, images(65), embed(20));
}

TEST_CASE("take_first, and parts along the first axis") {
  subject<first_entries, reference_backend> s{ordinary, images(4), others(3), tokens(5), longer(2), flat(6), heads(4), embed(3)};
  const auto got = s.run();
  const auto &x = s.reals["x"], &table = s.reals["table"];
  for (std::size_t k = 0; k < 3 * 15; ++k) CHECK(got.at("some_images")[k] == x[k]);
  for (std::size_t k = 0; k < 4 * 6; ++k) CHECK(got.at("some_tokens")[k] == x[k / 6 * 15 + k % 6]);
  for (std::size_t k = 0; k < 3; ++k) CHECK(got.at("third")[k] == std::exp(table[6 + k]));
  for (std::size_t k = 0; k < 3; ++k) CHECK(got.at("second")[k] == table[3 + k]);
  akin_test::check_gradients<first_entries>(ordinary, images(4), others(3), tokens(5), longer(2), flat(6), heads(4), embed(3));
  akin_test::check_cpu<first_entries>(ordinary, 5e-6, images(4), tokens(5), longer(2), flat(6), heads(4), embed(20));
  using too_many = subject<first_entries, reference_backend>;
  CHECK_THROWS_WITH((too_many{ordinary, images(2), others(3), tokens(5), longer(2), flat(6), heads(4), embed(3)}),
                    "bind: axis 'others' has extent 3, but 'images' has only 2");
}

inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct both : batch<"both"> {} both;
inline constexpr struct words : axis<"words"> {} words;

// Laws: operands that differ in one axis are joined along it, those with the same axes along the first.
using ie = axes<struct images, struct embed>;
static_assert(has_axes<decltype(concatenate(expr<real, ie>{}, expr<real, axes<struct texts, struct embed>>{}, both)), axes<struct both, struct embed>>);
static_assert(has_axes<decltype(concatenate(expr<real, ie>{}, expr<real, ie>{}, both)), axes<struct both, struct embed>>);
static_assert(has_axes<decltype(concatenate(ite{}, expr<real, axes<struct images, struct words, struct embed>>{}, longer)), axes<struct images, struct longer, struct embed>>);
static_assert(std::is_same_v<decltype(concatenate(expr<integer, axes<struct images>>{}, expr<integer, axes<struct texts>>{}, both)), expr<integer, axes<struct both>>>);

/// Joined along a batch axis (with itself too), along an inner axis, and integers.
struct joined {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, tokens, embed);
    const auto y = m.input<"y">(texts, tokens, embed);
    const auto z = m.input<"z">(images, words, embed);
    const auto rows = concatenate(x, sin(y), both);
    const auto inner = concatenate(x, z, longer);
    const auto twice = concatenate(take(x, tokens, 0), take(x, tokens, 0), flat);
    const auto ids = concatenate(m.indices<"a">(images), m.indices<"b">(texts), both);
    m.output<"rows">(rows), m.output<"inner">(inner), m.output<"twice">(twice), m.output<"ids">(as_real(ids));
    return sum(rows * rows * m.data<"w">(both, embed)) + sum(exp(inner)) + sum(twice * m.data<"v">(flat)) + sum(as_real(ids) * sum(take(rows, tokens, 0), over(embed)));
  }
};

TEST_CASE("concatenate: first the entries of a, then those of b") {
  subject<joined, reference_backend> s{ordinary, images(3), texts(2), tokens(2), words(3), embed(2)};
  const auto got = s.run();
  const auto& x = s.reals["x"];
  for (std::size_t k = 0; k < 12; ++k) CHECK(got.at("rows")[k] == x[k]);
  for (std::size_t k = 0; k < 8; ++k) CHECK(got.at("rows")[12 + k] == std::sin(s.reals["y"][k]));
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < 10; ++k) CHECK(got.at("inner")[i * 10 + k] == (k < 4 ? x[i * 4 + k] : s.reals["z"][i * 6 + k - 4]));
  for (std::size_t k = 0; k < 12; ++k) CHECK(got.at("twice")[k] == x[k % 6 / 2 * 4 + k % 2]);
  for (std::size_t k = 0; k < 5; ++k) CHECK(got.at("ids")[k] == (k < 3 ? s.integers["a"][k] : s.integers["b"][k - 3]));
}

TEST_CASE("concatenate: gradients, and cpu against reference, down to nothing to join") {
  akin_test::check_gradients<joined>(ordinary, images(3), texts(2), tokens(2), words(3), embed(2));
  for (const auto& [n, m] : {std::pair<int, int>{3, 2}, {1, 1}, {0, 3}, {3, 0}, {65, 129}})
    akin_test::check_cpu<joined>(ordinary, 5e-6, images(n), texts(m), tokens(2), words(n % 2), embed(5));
}

TEST_CASE("an entry that is not there is one sentence") {
  subject<shapes, reference_backend> s{ordinary, images(2), tokens(1), embed(4), heads(2)};
  CHECK_THROWS_WITH_AS(s.forward(), "take: entry 1 of an axis of extent 1", error);
}
