// SPDX-License-Identifier: Apache-2.0
// Rows and entries chosen by integers; predicates on indices and pairs; select.
#include "check_model.hpp"

using namespace akin;
using akin_test::subject;

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct words : axis<"words"> {} words;
inline constexpr struct tokens : axis<"tokens"> {} tokens;
inline constexpr struct others : axis<"others"> {} others;
inline constexpr struct embed : axis<"embed"> {} embed;

template <class E, class Axes>
inline constexpr bool has_axes = std::is_same_v<typename std::remove_cvref_t<E>::axes_type, Axes>;
using ids_type = expr<integer, axes<struct texts, struct tokens>>;
static_assert(has_axes<decltype(gather(expr<real, axes<struct words, struct embed>>{}, ids_type{})), axes<struct texts, struct tokens, struct embed>>);
static_assert(has_axes<decltype(first_arg_max(ids_type{}, over(tokens))), axes<struct texts>>);
static_assert(has_axes<decltype(pick(expr<real, axes<struct texts, struct tokens, struct embed>>{}, expr<integer, axes<struct texts>>{}, tokens)), axes<struct texts, struct embed>>);

struct lookup {
  static constexpr auto define(model& m) {
    const auto table = m.parameter<"table">(initial::normal(1), words, embed);
    const auto ids = m.indices<"ids">(texts, tokens);
    const auto rows = gather(table, ids);
    const auto last = pick(rows * m.data<"w">(texts, tokens, embed), first_arg_max(ids, over(tokens)), tokens);
    m.output<"rows">(rows), m.output<"last">(last);
    return sum(rows * rows * rows) + sum(last * sin(last));
  }
};

/// A causal mask, said in both ways. Where condition and value have the same axes, the result has the condition's order: [others, tokens], and [tokens, others].
struct causal {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(tokens, others);
    const auto masked = where(at_most(position(m, others), position(m, tokens)), x, -5);
    const auto in_order = where(at_least(position(m, tokens), position(m, others)), x, -5);
    m.output<"masked">(masked), m.output<"in_order">(in_order);
    return sum(masked * masked);
  }
};

/// Every predicate on pairs: the diagonal, equal labels, order of indices, and combinations.
struct positives {
  static constexpr auto define(model& m) {
    const auto s = dot(m.input<"x">(images, embed), m.input<"y">(texts, embed));
    const auto a = m.indices<"a">(images);
    const auto b = m.indices<"b">(texts);
    const auto equal = same(a, b);
    const auto diagonal = predicate(m, paired(images, texts));
    const auto own = select(s, paired(images, texts));
    const auto own_of_texts = select(s, paired(images, texts), over(images));
    const auto rest = select(s, equal && !diagonal, over(texts));
    const auto either = select(s, equal || diagonal, over(images));
    const auto up_to = select(s, at_most(a, b), over(texts));
    m.output<"own">(own), m.output<"own_of_texts">(own_of_texts), m.output<"others">(rest), m.output<"either">(either), m.output<"up_to">(up_to);
    return sum(own * own) + sum(sin(rest)) + sum(either * m.data<"w">(texts)) + sum(up_to * up_to) + sum(own_of_texts);
  }
};

TEST_CASE("gather, scatter_add, pick: values, gradients, cpu") {
  const auto fill = [](std::string_view name, std::int64_t k, double drawn) { return name == "ids" ? static_cast<double>((k * 7 + k / 3) % 6) : drawn; };
  subject<lookup, reference_backend> s{fill, texts(4), tokens(5), words(6), embed(3)};
  const auto got = s.run();
  for (std::size_t k = 0; k < 20; ++k)
    for (std::size_t d = 0; d < 3; ++d) CHECK(got.at("rows")[k * 3 + d] == s.weights.values()[static_cast<std::size_t>(s.integers["ids"][k]) * 3 + d]);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto begin = s.integers["ids"].begin() + static_cast<std::ptrdiff_t>(i * 5);
    const auto first = static_cast<std::size_t>(std::max_element(begin, begin + 5) - begin);
    for (std::size_t d = 0; d < 3; ++d) CHECK(got.at("last")[i * 3 + d] == got.at("rows")[(i * 5 + first) * 3 + d] * s.reals["w"][(i * 5 + first) * 3 + d]);
  }
  akin_test::check_gradients<lookup>(fill, texts(4), tokens(5), words(6), embed(3));
  akin_test::check_cpu<lookup>(fill, 1e-5, texts(4), tokens(5), words(6), embed(3));
  akin_test::check_cpu<lookup>(fill, 1e-5, texts(70), tokens(9), words(40), embed(65));
  akin_test::check_cpu<lookup>(fill, 1e-5, texts(0), tokens(5), words(6), embed(3));
}

TEST_CASE("an id outside of the table is named with its place") {
  for (const double wrong : {-1.0, 6.0}) {
    const auto fill = [&](std::string_view name, std::int64_t k, double drawn) { return name == "ids" ? (k == 7 ? wrong : 2.0) : drawn; };
    subject<lookup, reference_backend> s{fill, texts(4), tokens(5), words(6), embed(3)};
    CHECK_THROWS_WITH_AS(s.forward(), (wrong < 0 ? "gather: id -1 at place 7 is outside of the table's 6 rows" : "gather: id 6 at place 7 is outside of the table's 6 rows"), error);
  }
}

TEST_CASE("positions make a causal mask") {
  subject<causal, reference_backend> s{akin_test::ordinary, tokens(3), others(4)};
  const auto got = s.run();
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 4; ++j) {
      CHECK(got.at("masked")[j * 3 + i] == (j <= i ? s.reals["x"][i * 4 + j] : -5));
      CHECK(got.at("in_order")[i * 4 + j] == got.at("masked")[j * 3 + i]);
      CHECK(got.at("d x")[i * 4 + j] == (j <= i ? 2 * s.reals["x"][i * 4 + j] : 0));
    }
  akin_test::check_cpu<causal>(akin_test::ordinary, 1e-6, tokens(3), others(4));
  akin_test::check_cpu<causal>(akin_test::ordinary, 1e-6, tokens(77), others(77));
}

TEST_CASE("predicates on pairs") {
  subject<positives, reference_backend> s{akin_test::ordinary, images(5), texts(7), embed(3)};
  const auto got = s.run();
  const auto& a = s.integers["a"];
  const auto& b = s.integers["b"];
  for (std::size_t i = 0; i < 5; ++i) {
    double rest = 0, up_to = 0, own = 0;
    for (std::size_t j = 0; j < 7; ++j) {
      double dot = 0;
      for (std::size_t k = 0; k < 3; ++k) dot += s.reals["x"][i * 3 + k] * s.reals["y"][j * 3 + k];
      own += i == j ? dot : 0, rest += a[i] == b[j] && i != j ? dot : 0, up_to += a[i] <= b[j] ? dot : 0;
    }
    CHECK(got.at("own")[i] == doctest::Approx(own).epsilon(1e-13));
    CHECK(got.at("others")[i] == doctest::Approx(rest).epsilon(1e-13));
    CHECK(got.at("up_to")[i] == doctest::Approx(up_to).epsilon(1e-13));
    CHECK(got.at("own_of_texts")[i] == got.at("own")[i]);
  }
  CHECK(got.at("own_of_texts")[5] == 0);
  akin_test::check_gradients<positives>(akin_test::ordinary, images(4), texts(3), embed(2));
  akin_test::check_cpu<positives>(akin_test::ordinary, 1e-5, images(5), texts(7), embed(3));
  akin_test::check_cpu<positives>(akin_test::ordinary, 1e-5, images(130), texts(67), embed(9));
}
