// SPDX-License-Identifier: Apache-2.0
// NT-Xent: golden values, every similarity, which pairs are positives, one example.
#include "loss/golden.hpp"

using namespace akin;

inline constexpr struct views : batch<"views"> {} views;
inline constexpr struct others : batch<"others"> {} others;

struct golden {
  static constexpr auto define(model& m) {
    const auto z = l2_normalize(concatenate(x_of(m), y_of(m), views));
    return nt_xent(dot(z, rename(z, views, others)) * scale(m), images);
  }
};

TEST_CASE("golden values") { akin_test::check_golden<golden>("nt_xent"); }

struct as_dot {
  static constexpr auto of(auto a, auto b) { return dot(a, b); }
};
struct as_cosine {
  static constexpr auto of(auto a, auto b) { return cosine(a, b) / 0.5; }
};
struct as_squared_distance {
  static constexpr auto of(auto a, auto b) { return -squared_distance(a, b); }
};
struct as_distance {
  static constexpr auto of(auto a, auto b) { return -euclidean_distance(a, b); }
};

/// Both views from one encoder: two inputs of the same axes.
template <class Similarity>
struct of_one_axis {
  static constexpr auto define(model& m) {
    const auto z = concatenate(m.input<"first">(images, embed), m.input<"second">(images, embed), views);
    const auto s = Similarity::of(z, rename(z, views, others));
    m.output<"positives">(sum(as_real(other_view(m, views, others, images)) * broadcast(as_real(position(m, others)), views), over(others)));
    return nt_xent(s, images);
  }
};

template <class Similarity>
void check() {
  using model_type = of_one_axis<Similarity>;
  for (const auto& [n, d] : {std::pair<int, int>{5, 3}, {1, 2}, {40, 4}, {0, 2}}) akin_test::check_cpu<model_type>(akin_test::ordinary, 1e-5, images(n), embed(d));
  akin_test::check_gradients<model_type>(akin_test::ordinary, images(4), embed(3));
}

TEST_CASE("every similarity") {
  check<as_dot>();
  check<as_cosine>();
  check<as_squared_distance>();
  check<as_distance>();
}

TEST_CASE("row i and row i + n are positives of each other; one example has nobody else to find") {
  const auto got = akin_test::finite_results<of_one_axis<as_cosine>>(akin_test::ordinary, images(3), embed(4));
  CHECK(got.at("positives") == std::vector<double>{3, 4, 5, 0, 1, 2});
  CHECK(akin_test::finite_results<of_one_axis<as_cosine>>(akin_test::ordinary, images(1), embed(4)).at("loss")[0] == doctest::Approx(0).epsilon(1e-12));
}

TEST_CASE("log(2 n - 1) where all logits are equal") {
  const auto got = akin_test::finite_results<of_one_axis<as_dot>>([](std::string_view, std::int64_t, double) { return 0.0; }, images(4), embed(2));
  CHECK(got.at("loss")[0] == doctest::Approx(std::log(7.0)).epsilon(1e-13));
}
