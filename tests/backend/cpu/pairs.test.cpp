// SPDX-License-Identifier: Apache-2.0
// Pair passes of the cpu backend against whole tensors in double precision: tiles at every edge, all sinks, ties found again.
#include "check_model.hpp"

using namespace akin;
using akin_test::ordinary;
using akin_test::subject;

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct embed : axis<"embed"> {} embed;
inline constexpr struct other_embed : axis<"other_embed"> {} other_embed;

/// Every kind of sink and operand: two products, row and column vectors, integers, positions, all reductions over rows, columns and both.
struct everything {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto y = m.input<"y">(texts, embed);
    const auto s = dot(x, y) * 0.3 + m.input<"row">(images);
    const auto r = dot(m.input<"p">(other_embed, images), m.input<"q">(texts, other_embed)) - m.input<"column">(texts);
    const auto equal = same(m.indices<"a">(images), m.indices<"b">(texts));
    const auto z = where(equal, s, r) * sigmoid(r);
    const auto rows = log_sum_exp(z, over(texts)) + max(z, over(texts)) * sum(s, over(texts)) + min(r, over(texts));
    const auto columns = log_sum_exp(z, over(images)) + max(z, over(images)) + min(s, over(images)) * 0.5 + sum(r * s, over(images));
    m.output<"rows">(rows), m.output<"columns">(columns);
    return mean(rows * rows) + mean(sin(columns)) + log_sum_exp(z, over(images, texts)) + max(s, over(images, texts)) + min(z, over(images, texts)) + mean(z * z);
  }
};

/// The gradient of a maximum compares products that a second pass computes again, beside a product that the gradient uses elsewhere:
/// were the compiler free to contract one of the two to a fused multiply-add, no entry would attain the maximum.
struct maximum_again {
  static constexpr auto define(model& m) {
    const auto c = dot(m.input<"x">(images, embed), m.input<"y">(texts, embed));
    const auto s = c * exp(m.parameter<"t">(initial::constant(0.7))) + m.parameter<"bias">(initial::constant(0.123));
    return sum(max(s, over(texts))) + sum(max(s * c + m.input<"row">(images), over(images)));
  }
};

TEST_CASE("all operands and sinks, at the edges of tiles") {
  for (const auto& sizes : {std::pair{1, 1}, {2, 65}, {28, 64}, {29, 63}, {57, 129}, {513, 30}, {30, 513}}) {
    const int n = sizes.first, m = sizes.second;
    CAPTURE(n);
    CAPTURE(m);
    const auto expected = subject<everything, reference_backend>{ordinary, images(n), texts(m), embed(9), other_embed(5)}.run();
    const auto got = subject<everything, cpu_backend>{std::tuple{1}, ordinary, images(n), texts(m), embed(9), other_embed(5)}.run();
    akin_test::compare(got, expected, 5e-5);
    for (int threads : {2, 3, 8}) CHECK(subject<everything, cpu_backend>{std::tuple{threads}, ordinary, images(n), texts(m), embed(9), other_embed(5)}.run() == got);
  }
}

/// Two products that two passes read.
struct twice {
  static constexpr auto define(model& m) {
    const auto s = dot(m.input<"x">(images, embed), m.input<"y">(texts, embed));
    const auto r = dot(m.input<"p">(images, other_embed), m.input<"q">(texts, other_embed));
    return mean(log_sum_exp(s * 0.2 + r, over(texts))) + mean(log_sum_exp(s * 0.2 + r, over(images))) - mean(sigmoid(s) * r);
  }
};

akin_test::results with_budget(std::int64_t bytes, int n, int m) {
  subject<twice, cpu_backend> s{std::tuple{2}, ordinary, images(n), texts(m), embed(9), other_embed(5)};
  s.program().pair_budget(bytes);
  s.program().bind(images(n), texts(m), embed(9), other_embed(5));
  s.lend();
  return s.run();
}

TEST_CASE("products that are kept between passes change no bit, and memory only within the budget") {
  for (const auto& [n, m] : {std::pair{3, 2}, {57, 129}, {600, 513}}) {
    const auto never = with_budget(0, n, m);
    CHECK(with_budget(std::int64_t{1} << 30, n, m) == never);
    CHECK(with_budget(std::int64_t{4} * (n + 60) * (m + 130), n, m) == never);  // room for one of the two
    akin_test::compare(never, subject<twice, reference_backend>{ordinary, images(n), texts(m), embed(9), other_embed(5)}.run(), 5e-5);
  }
  parameters<twice> weights;
  program<twice, cpu_backend> p{weights, 1};
  const auto bytes = [&](std::int64_t budget) {
    p.pair_budget(budget);
    p.bind(images(600), texts(513), embed(9), other_embed(5));
    return p.bytes();
  };
  const auto none = bytes(0);
  CHECK(bytes(std::int64_t{4} * 600 * 513 - 1) == none);
  CHECK(bytes(std::int64_t{1} << 30) >= none + std::int64_t{2} * 4 * 600 * 513);
}

TEST_CASE("embeddings wider than one visit of the product, and more blocks than are packed at once") {
  for (const auto& [n, m, d] : {std::tuple{40, 70, 1200}, {300, 70, 5000}, {60, 900, 5000}}) {
    const auto narrow = [d = d](std::string_view, std::int64_t, double drawn) { return drawn / std::sqrt(std::sqrt(d)); };
    const auto expected = subject<twice, reference_backend>{narrow, images(n), texts(m), embed(d), other_embed(5)}.run();
    const auto got = subject<twice, cpu_backend>{std::tuple{1}, narrow, images(n), texts(m), embed(d), other_embed(5)}.run();
    akin_test::compare(got, expected, 5e-5);
    CHECK(subject<twice, cpu_backend>{std::tuple{3}, narrow, images(n), texts(m), embed(d), other_embed(5)}.run() == got);
  }
}

/// Sums of exponentials over both axes of entries between -300 and 300: whatever a tile's maximum flushes is summed again.
struct far_apart {
  static constexpr auto define(model& m) {
    const auto s = dot(m.input<"x">(images, embed), m.input<"y">(texts, embed));
    const auto rows = log_sum_exp(s, over(texts));
    const auto columns = log_sum_exp(s, over(images));
    m.output<"rows">(rows), m.output<"columns">(columns);
    return mean(rows) + mean(columns) + log_sum_exp(s, over(images, texts));
  }
};

TEST_CASE("log_sum_exp of rows and columns whose entries lie hundreds apart") {
  const auto fill = [](std::string_view name, std::int64_t k, double drawn) { return name == "y" ? 1 + 0.01 * drawn : (static_cast<double>(k % 61) - 30) * 10; };
  akin_test::check_cpu<far_apart>(fill, 2e-5, images(130), texts(90), embed(1));
  const auto columns_apart = [](std::string_view name, std::int64_t k, double drawn) { return name == "x" ? 1 + 0.01 * drawn : (static_cast<double>(k % 61) - 30) * 10; };
  akin_test::check_cpu<far_apart>(columns_apart, 2e-5, images(130), texts(90), embed(1));
  const auto with_infinity = [](std::string_view name, std::int64_t k, double drawn) { return name == "y" ? 1.0 : k == 7 ? -std::numeric_limits<double>::infinity() : drawn; };
  subject<far_apart, cpu_backend> s{std::tuple{1}, with_infinity, images(40), texts(30), embed(1)};
  const auto expected = subject<far_apart, reference_backend>{with_infinity, images(40), texts(30), embed(1)}.run();
  akin_test::results got = s.run();
  CHECK(got.at("rows")[7] == -std::numeric_limits<double>::infinity());
  for (std::size_t j = 0; j < 30; ++j) CHECK(got.at("columns")[j] == doctest::Approx(expected.at("columns")[j]).epsilon(1e-5));
}

inline constexpr struct hundred : axis<"hundred", 100> {} hundred;

/// A place below 100 as a real.
template <class Axes, class Numbers>
constexpr auto one_at(expr<integer, Axes> place, Numbers numbers) { return dot(as_real(same(place, position(*place.owner, hundred))), numbers); }

inline constexpr struct list : axis<"list"> {} list;

/// Positives from a list, along either axis.
template <bool Turned>
struct with_list {
  static constexpr auto define(model& m) {
    const auto s = dot(m.input<"x">(images, embed), m.input<"y">(texts, embed));
    const auto i = m.indices<"i">(list);
    const auto j = m.indices<"j">(list);
    if constexpr (Turned) return info_nce(s, listed(i, j, texts, images));
    else return info_nce(s, listed(i, j, images, texts)) + sum(where(!listed(i, j, images, texts), s * s, 0)) * 0.01;
  }
};

TEST_CASE("positives from a list of pairs") {
  const auto ascending = [](std::string_view name, std::int64_t k, double drawn) { return name == "i" ? static_cast<double>(k / 2) : name == "j" ? static_cast<double>(k * 37 % 61) : drawn; };
  for (int n : {70, 300}) {
    akin_test::check_cpu<with_list<false>>(ascending, 2e-5, images(n), texts(91), embed(5), list(130));
    akin_test::check_cpu<with_list<true>>(ascending, 2e-5, images(91), texts(n), embed(5), list(130));
  }
  akin_test::check_cpu<with_list<false>>(ascending, 2e-5, images(7), texts(5), embed(5), list(0));
  const auto few = [](std::string_view name, std::int64_t k, double drawn) { return name == "i" ? static_cast<double>(k / 2) : name == "j" ? static_cast<double>(k % 3) : drawn; };
  akin_test::check_gradients<with_list<false>>(few, images(4), texts(5), embed(3), list(6));
  const auto falling = [](std::string_view name, std::int64_t k, double drawn) { return name == "i" ? static_cast<double>(3 - k) : name == "j" ? 0 : drawn; };
  CHECK_THROWS_WITH((subject<with_list<false>, cpu_backend>{falling, images(4), texts(5), embed(3), list(3)}.run()), "listed: pair 1 is of 2 and follows one of 3: the first ids must ascend");
  CHECK_THROWS_WITH((subject<with_list<false>, reference_backend>{few, images(4), texts(2), embed(3), list(6)}.run()), "listed: pair 2 is (1, 2), but there are 4 x 2");
}

/// The largest entries and their places, with ties, along both axes and outside of pairs.
struct largest {
  static constexpr auto define(model& m) {
    const auto s = dot(m.input<"x">(images, embed), m.input<"y">(texts, embed));
    const auto rows = kth_largest<3>(s, over(texts));
    const auto columns = kth_largest<1>(s * 0.5, over(images));
    const auto x = m.input<"p">(images, other_embed);
    m.output<"third">(rows), m.output<"first">(columns), m.output<"fifth">(kth_largest<5>(x, over(other_embed)));
    const auto numbers = m.data<"numbers">(hundred);
    m.output<"place in row">(one_at(arg_max(s, over(texts)), numbers)), m.output<"place in column">(one_at(arg_max(s, over(images)), numbers)), m.output<"place">(one_at(arg_max(x, over(other_embed)), numbers));
    return sum(where(s >= rows, s * s, 0)) + sum(columns) + sum(kth_largest<2>(x, over(images)));
  }
};

TEST_CASE("k-th largest entries and the places of the largest") {
  const auto with_ties = [](std::string_view name, std::int64_t k, double drawn) { return name == "numbers" ? static_cast<double>(k) : std::round(2 * drawn); };
  const auto without = [](std::string_view name, std::int64_t k, double drawn) { return name == "numbers" ? static_cast<double>(k) : drawn; };
  for (const auto& [n, m] : {std::pair{1, 1}, {2, 65}, {70, 90}, {90, 29}})
    for (const auto& fill : {akin_test::generator{with_ties}, akin_test::generator{without}}) {
      const auto expected = subject<largest, reference_backend>{fill, images(n), texts(m), embed(5), other_embed(7)}.run();
      const auto got = subject<largest, cpu_backend>{std::tuple{1}, fill, images(n), texts(m), embed(5), other_embed(7)}.run();
      akin_test::compare(got, expected, 2e-5);
      CHECK(subject<largest, cpu_backend>{std::tuple{3}, fill, images(n), texts(m), embed(5), other_embed(7)}.run() == got);
    }
  // Against a sort.
  subject<largest, cpu_backend> s{without, images(9), texts(40), embed(5), other_embed(7)};
  const auto third = s.run().at("third");
  for (std::size_t i = 0; i < 9; ++i) {
    std::vector<double> row(40);
    for (std::size_t j = 0; j < 40; ++j)
      for (std::size_t k = 0; k < 5; ++k) row[j] += static_cast<double>(s.reals["x"][i * 5 + k]) * static_cast<double>(s.reals["y"][j * 5 + k]);
    std::sort(row.begin(), row.end(), std::greater<>{});
    CHECK(third[i] == doctest::Approx(row[2]).epsilon(1e-5));
  }
  akin_test::check_gradients<largest>(without, images(6), texts(8), embed(3), other_embed(5));
}

TEST_CASE("the gradient of a maximum finds the entry again") {
  for (int d : {1, 3, 16, 65}) akin_test::check_cpu<maximum_again>(ordinary, 2e-5, images(70), texts(90), embed(d));
  akin_test::check_gradients<maximum_again>(ordinary, images(4), texts(5), embed(3));
}

TEST_CASE("no rows or no columns") {
  for (const auto& [n, m] : {std::pair{0, 3}, {3, 0}}) {
    const auto expected = subject<maximum_again, reference_backend>{ordinary, images(n), texts(m), embed(4)}.run();
    const auto got = subject<maximum_again, cpu_backend>{ordinary, images(n), texts(m), embed(4)}.run();
    akin_test::compare(got, expected, 1e-6);
  }
}
