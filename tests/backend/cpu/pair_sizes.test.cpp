// SPDX-License-Identifier: Apache-2.0
// Pair passes of every small size and of a very long one, of smaller extents than were bound, and of embeddings whose axes are in the other order.
#include "backend/cpu/pair_models.hpp"

using namespace pair_models;

namespace {

/// Either embedding with its axes in the other order.
template <bool TurnX, bool TurnY>
struct turned {
  static constexpr auto define(model& m) {
    const auto x = [&] {
      if constexpr (TurnX) return m.input<"x">(embed, images);
      else return m.input<"x">(images, embed);
    }();
    const auto y = [&] {
      if constexpr (TurnY) return m.input<"y">(embed, texts);
      else return m.input<"y">(texts, embed);
    }();
    return info_nce(dot(x, y) * exp(m.input<"t">()), paired(images, texts));
  }
};

std::vector<double> transposed(const std::vector<double>& v, std::int64_t rows, std::int64_t columns) {
  std::vector<double> t(v.size());
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) t[static_cast<std::size_t>(j * rows + i)] = v[static_cast<std::size_t>(i * columns + j)];
  return t;
}

/// Gradients may cancel to nothing: within 1e-5 of what their terms come to.
template <class Model>
void check_against_reference(const embeddings& e, double gathered) {
  CAPTURE(e.n);
  CAPTURE(e.m);
  CAPTURE(e.d);
  const double s = 14.3;
  const auto expected = results_of<Model, reference_backend>(e, s), got = results_of<Model, cpu_backend>(e, s, 2);
  const double loss = expected.at("loss")[0];
  CHECK(std::abs(got.at("loss")[0] - loss) <= 1e-5 * std::max(1.0, std::abs(loss)));
  for (const char* name : {"d x", "d y", "d t"}) {
    CAPTURE(name);
    CHECK(distance(got.at(name), expected.at(name)) <= std::max(1e-5 * s * gathered / static_cast<double>(std::min(e.n, e.m)), 1e-6 * largest(expected.at(name))));
  }
}

}  // namespace

TEST_CASE("one image, one text, one number, and all of their combinations with more") {
  for (const std::int64_t n : {1, 2, 29})
    for (const std::int64_t m : {1, 3, 66})
      for (const std::int64_t d : {1, 2, 33}) {
        const embeddings e = drawn(rows::random, n, m, d);
        const double gathered = concentration(e, 14.3);
        check_against_reference<clip>(e, gathered);
        check_against_reference<hard>(e, gathered);
        check_against_reference<sigmoids>(e, gathered);
      }
}

TEST_CASE("axes in the other order change no more than rounding") {
  for (const std::int64_t d : {1, 40}) {
    const embeddings e = drawn(rows::random, 70, 90, d);
    const double gathered = concentration(e, 14.3);
    embeddings x = e, y = e, both = e;
    x.x = both.x = transposed(e.x, e.n, d);
    y.y = both.y = transposed(e.y, e.m, d);
    check_against_reference<turned<true, false>>(x, gathered);
    check_against_reference<turned<false, true>>(y, gathered);
    check_against_reference<turned<true, true>>(both, gathered);
    const auto straight = results_of<turned<false, false>, cpu_backend>(e, 14.3, 2), other = results_of<turned<true, true>, cpu_backend>(both, 14.3, 2);
    CHECK(akin_test::difference(transposed(other.at("d x"), d, e.n), straight.at("d x")) <= 2e-6);
    CHECK(akin_test::difference(transposed(other.at("d y"), d, e.m), straight.at("d y")) <= 2e-6);
  }
}

namespace {

/// Bound for `large`, then run for `small`.
template <class Model>
akin_test::results resized(const embeddings& large, const embeddings& small, precision pairs, std::int64_t budget) {
  parameters<Model> weights;
  program<Model, cpu_backend> p{weights, 2, pairs};
  p.pair_budget(budget);
  p.bind(images(large.n), texts(large.m), embed(large.d));
  const auto floats = [](const std::vector<double>& v) { return std::vector<float>(v.begin(), v.end()); };
  const auto run = [&](const embeddings& e) {
    const std::vector<float> x = floats(e.x), y = floats(e.y), t{static_cast<float>(std::log(14.3))};
    p.template set<"x">(x);
    p.template set<"y">(y);
    p.template set<"t">(t);
    akin_test::results r;
    r["loss"] = {static_cast<double>(p.forward())};
    p.backward();
    const auto dx = p.template gradient<"x">(), dy = p.template gradient<"y">();
    r["d x"].assign(dx.data, dx.data + dx.size());
    r["d y"].assign(dy.data, dy.data + dy.size());
    return r;
  };
  if (large.n < 1000 && large.d < 1000) run(large);  // what it leaves behind must not matter
  p.resize(images(small.n), texts(small.m), embed(small.d));
  return run(small);
}

}  // namespace

TEST_CASE("smaller extents than were bound: the bits of a program that was bound for them") {
  const auto check = [](const embeddings& large, const embeddings& small) {
    CAPTURE(large.n);
    CAPTURE(small.n);
    CAPTURE(small.m);
    CAPTURE(small.d);
    for (const precision pairs : {precision::fp32, precision::bf16_split, precision::bf16})
      for (const std::int64_t budget : {std::int64_t{0}, std::int64_t{1} << 30})
        CHECK(resized<clip>(large, small, pairs, budget) == resized<clip>(small, small, pairs, budget));
  };
  const auto of = [](std::int64_t n, std::int64_t m, std::int64_t d) { return drawn(rows::random, n, m, d); };
  check(of(600, 530, 40), of(57, 129, 40));
  check(of(600, 530, 40), of(511, 511, 7));
  check(of(530, 600, 40), of(1, 600, 1));
  check(of(300, 300, 40), of(299, 65, 39));
  // Smaller tiles, of which more are packed at once than of the larger.
  check(of(2048, 16, 5000), of(500, 16, 5000));
  check(of(2048, 2048, 1500), of(510, 511, 1500));
  check(of(2048, 16, 5000), of(2047, 16, 900));
}

TEST_CASE("100,003 images and 1,009 texts") {
  const std::int64_t n = 100'003, m = 1'009, d = 4;
  const double s = 10;
  embeddings e = drawn(rows::random, n, m, d);
  akin_test::subject<clip, cpu_backend> program{std::tuple{2}, e.at_scale(s), images(n), texts(m), embed(d)};
  const auto got = program.run();

  const auto z = [](std::int64_t k) { return static_cast<std::size_t>(k); };
  const auto logit = [&](std::int64_t i, std::int64_t j) {
    double sum = 0;
    for (std::int64_t k = 0; k < d; ++k) sum += e.x[z(i * d + k)] * e.y[z(j * d + k)];
    return s * sum;
  };
  // Images beyond the last text have no positive, and are left out of the mean over images; every text has one.
  std::vector<double> row(z(n)), column(z(m));
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < m; ++j) {
      const double exponential = std::exp(logit(i, j));
      row[z(i)] += exponential;
      column[z(j)] += exponential;
    }
  double loss = 0;
  for (std::int64_t j = 0; j < m; ++j) loss += (std::log(row[z(j)]) + std::log(column[z(j)]) - 2 * logit(j, j)) / (2 * static_cast<double>(m));
  CHECK(std::abs(got.at("loss")[0] - loss) <= 1e-5 * loss);

  const auto weight = [&](std::int64_t i, std::int64_t j) {
    const double own = i == j ? 2 : 0, of_row = i < m ? 1 / row[z(i)] : 0;
    return (std::exp(logit(i, j)) * (of_row + 1 / column[z(j)]) - own) / (2 * static_cast<double>(m));
  };
  double worst_x = 0, worst_y = 0;
  for (const std::int64_t i : {std::int64_t{0}, std::int64_t{7}, m - 1, m, std::int64_t{50'000}, n - 1})
    for (std::int64_t k = 0; k < d; ++k) {
      double g = 0;
      for (std::int64_t j = 0; j < m; ++j) g += s * weight(i, j) * e.y[z(j * d + k)];
      worst_x = std::max(worst_x, std::abs(got.at("d x")[z(i * d + k)] - g));
    }
  for (const std::int64_t j : {std::int64_t{0}, std::int64_t{8}, std::int64_t{500}, m - 1})
    for (std::int64_t k = 0; k < d; ++k) {
      double g = 0;
      for (std::int64_t i = 0; i < n; ++i) g += s * weight(i, j) * e.x[z(i * d + k)];
      worst_y = std::max(worst_y, std::abs(got.at("d y")[z(j * d + k)] - g));
    }
  if (std::getenv("AKIN_TEST_VERBOSE")) std::cout << "long: " << worst_x * 1e5 * static_cast<double>(m) / s << " " << worst_y * 1e5 * static_cast<double>(m) / s << "\n";
  CHECK(worst_x <= 1e-5 * s / static_cast<double>(m));
  CHECK(worst_y <= 1e-5 * s / static_cast<double>(m));
}
