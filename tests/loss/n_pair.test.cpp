// SPDX-License-Identifier: Apache-2.0
// N-pair: golden values, every similarity, and the form of the paper.
#include "loss/golden.hpp"

using namespace akin;

struct golden {
  static constexpr auto define(model& m) { return n_pair(0.1 * dot(x_of(m), y_of(m)), own, over(texts)); }
};

TEST_CASE("golden values") { akin_test::check_golden<golden>("n_pair"); }

template <class Similarity>
struct on_its_own {
  static constexpr auto define(model& m) { return n_pair(Similarity::of(m), own, over(texts)); }
};
struct regularised {
  static constexpr auto define(model& m) {
    const auto x = x_of(m);
    const auto y = y_of(m);
    const auto s = dot(x, y);
    const auto positive = predicate(m, own);
    const auto violations = where(positive, 0, exp(s - select(s, positive, over(texts))));
    m.output<"as in the paper">(mean(log(1 + sum(violations, over(texts)))));
    const auto loss = n_pair(s, positive, over(texts));
    m.output<"n_pair">(loss);
    return loss + 0.02 * (squared_norm(x) + squared_norm(y));
  }
};

TEST_CASE("every similarity, more rows than columns and fewer") { akin_test::check_similarities<on_its_own>(); }

TEST_CASE("log(1 + sum of exp(s_negative - s_positive)), and a norm beside it") {
  const auto got = akin_test::subject<regularised, reference_backend>{akin_test::ordinary, images(6), texts(6), embed(3)}.run();
  CHECK(got.at("n_pair")[0] == doctest::Approx(got.at("as in the paper")[0]).epsilon(1e-13));
  akin_test::check_objective<regularised>();
}
