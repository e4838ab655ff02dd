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
