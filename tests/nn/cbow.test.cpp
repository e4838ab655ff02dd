// SPDX-License-Identifier: Apache-2.0
// The bag of words against loops; the projection heads.
#include <akin/nn/cbow.hpp>
#include <akin/nn/projection.hpp>

#include <doctest/doctest.h>

#include "check_model.hpp"

using namespace akin;

namespace cbow_test {

inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct tokens : axis<"tokens"> {} tokens;
inline constexpr struct vocabulary : axis<"vocabulary"> {} vocabulary;
inline constexpr struct width : axis<"width"> {} width;
inline constexpr struct hidden : axis<"hidden"> {} hidden;
inline constexpr struct embed : axis<"embed"> {} embed;

struct bag {
  static constexpr auto define(model& m) {
    const auto y = cbow(m, "token_embedding", m.indices<"ids">(texts, tokens), vocabulary, width);
    static_assert(std::is_same_v<decltype(y), const expr<real, axes<struct texts, struct width>>>);
    m.output<"y">(y);
    return sum(y * m.data<"weight of y">(texts, width));
  }
};
struct heads {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(texts, width);
    const auto one = linear_projection<"proj">(m, x, width, embed);
    const auto two = nonlinear_projection(m, "head", x, width, hidden, embed);
    static_assert(std::is_same_v<decltype(one), const expr<real, axes<struct texts, struct embed>>> && std::is_same_v<decltype(two), decltype(one)>);
    return sum(square(one) + sin(two) + linear_without_bias(m, "plain", x, width, embed));
  }
};

// Text 0 is padding alone, text 1 has 3 in its middle twice, text 2 is full.
constexpr std::array<int, 12> ids{0, 0, 0, 0, 3, 0, 3, 5, 1, 2, 4, 4};
double fill(std::string_view input, std::int64_t k, double drawn) { return input == "ids" ? ids[static_cast<std::size_t>(k)] : drawn; }

}  // namespace cbow_test

using namespace cbow_test;

TEST_CASE("cbow is the mean of the words that are no padding") {
  akin_test::subject<bag, reference_backend> s{fill, texts(3), tokens(4), vocabulary(6), width(5)};
  const auto r = s.run();
  const auto table = s.weights.values();
  std::vector<double> y(15), gradient(30);
  for (std::size_t text = 0; text < 3; ++text) {
    double words = 0;
    for (std::size_t k = 0; k < 4; ++k) words += ids[4 * text + k] != 0 ? 1 : 0;
    for (std::size_t k = 0; k < 4; ++k)
      for (std::size_t j = 0; j < 5 && ids[4 * text + k] != 0; ++j) {
        const auto row = static_cast<std::size_t>(ids[4 * text + k]) * 5 + j;
        y[5 * text + j] += table[row] / words;
        gradient[row] += s.reals.at("weight of y")[5 * text + j] / words;
      }
  }
  CHECK(akin_test::difference(r.at("y"), y) < 1e-14);
  CHECK(akin_test::difference(r.at("d token_embedding.weight"), gradient) < 1e-14);
  for (std::size_t j = 0; j < 5; ++j) CHECK(r.at("y")[j] == 0);
}

TEST_CASE("cbow: gradients are those of central differences, and the backends agree") {
  akin_test::check_gradients<bag>(fill, texts(3), tokens(4), vocabulary(6), width(5));
  akin_test::check_cpu<bag>(fill, 1e-6, texts(3), tokens(4), vocabulary(6), width(37));
}

TEST_CASE("projections: gradients are those of central differences, and the backends agree") {
  akin_test::check_gradients<heads>(akin_test::ordinary, texts(3), width(5), hidden(7), embed(4));
  akin_test::check_cpu<heads>(akin_test::ordinary, 1e-5, texts(9), width(33), hidden(17), embed(21));
}
