// SPDX-License-Identifier: Apache-2.0
// Dropout: one mask forward and backward, the same bits for every number of threads and on both backends, the rate, evaluation.
#include "check_model.hpp"

#include <akin/expr/repeat.hpp>

using namespace akin;
using akin_test::subject;

inline constexpr struct rows : axis<"rows"> {} rows;
inline constexpr struct columns : axis<"columns"> {} columns;
inline constexpr struct layers : axis<"layers"> {} layers;

struct drops {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(rows, columns);
    const auto y = dropout(x, 0.3);
    const auto z = dropout(x, 0.3);  // another draw
    m.output<"y">(y), m.output<"z">(z);
    return sum(y) + 0 * sum(z);
  }
};

struct in_layers {
  static constexpr auto define(model& m) {
    const auto y = repeat(m, layers, "blocks", m.input<"x">(rows, columns), [](auto h) { return dropout(h, 0.5); });
    m.output<"y">(y);
    return sum(y);
  }
};

struct no_rate {
  static constexpr auto define(model& m) { return sum(dropout(m.input<"x">(rows, columns), 0)); }
};

const auto ones = [](std::string_view, std::int64_t, double) { return 1.0; };

TEST_CASE("what is kept is scaled, what is dropped is 0, and the gradient has the same mask") {
  subject<drops, reference_backend> s{ones, rows(40), columns(25)};
  s.program().seed(9);
  const auto got = s.run();
  const double kept = 1 / (1 - 0.3);
  for (std::size_t k = 0; k < 1000; ++k) {
    CHECK((got.at("y")[k] == 0 || got.at("y")[k] == kept));
    CHECK(got.at("d x")[k] == got.at("y")[k]);
  }
  CHECK(got.at("y") != got.at("z"));
}

TEST_CASE("both backends under every setting draw the same mask; another seed draws another") {
  subject<drops, reference_backend> reference{ones, rows(130), columns(77)};
  reference.program().seed(5);
  const auto expected = reference.run();
  for (const auto& setting : akin_test::tested_settings) {
    subject<drops, akin_test::tested_backend> s{std::tuple{setting}, ones, rows(130), columns(77)};
    s.program().seed(5);
    akin_test::compare(s.run(), expected, 1e-6);
    s.program().seed(6);
    CHECK(akin_test::difference(s.run().at("y"), expected.at("y")) > 0.5);
  }
}

TEST_CASE("the rate, over 250,000 draws, within five deviations; two draws and neighbours are independent") {
  subject<drops, akin_test::tested_backend> s{ones, rows(500), columns(500)};
  for (std::uint64_t seed : {1u, 2u, 77u}) {
    s.program().seed(seed);
    const auto got = s.run();
    double dropped = 0, both = 0, neighbours = 0;
    const std::size_t n = 250000;
    for (std::size_t k = 0; k < n; ++k) {
      dropped += got.at("y")[k] == 0 ? 1 : 0;
      both += got.at("y")[k] == 0 && got.at("z")[k] == 0 ? 1 : 0;
      neighbours += k + 1 < n && got.at("y")[k] == 0 && got.at("y")[k + 1] == 0 ? 1 : 0;
    }
    CHECK(std::abs(dropped / n - 0.3) < 5 * std::sqrt(0.3 * 0.7 / n));
    CHECK(std::abs(both / n - 0.09) < 5 * std::sqrt(0.09 * 0.91 / n));
    CHECK(std::abs(neighbours / n - 0.09) < 6 * std::sqrt(0.09 * 0.91 / n));
  }
}

TEST_CASE("the identity in evaluation and where the rate is 0") {
  subject<drops, reference_backend, mode::evaluation> s{akin_test::ordinary, rows(3), columns(5)};
  const auto got = s.run();
  CHECK(got.at("y") == s.reals["x"]);
  CHECK(full_graph<no_rate, mode::training>.forward_size == 2);  // the input and its sum
}

TEST_CASE("every layer draws a mask of its own, and its gradient draws it again") {
  for (const auto& got : {subject<in_layers, reference_backend>{ones, rows(40), columns(50), layers(3)}.run(), subject<in_layers, akin_test::tested_backend>{ones, rows(40), columns(50), layers(3)}.run()}) {
    double kept = 0;
    for (std::size_t k = 0; k < 2000; ++k) {
      CHECK((got.at("y")[k] == 0 || got.at("y")[k] == 8));
      CHECK(got.at("d x")[k] == got.at("y")[k]);
      kept += got.at("y")[k] != 0 ? 1 : 0;
    }
    CHECK(std::abs(kept / 2000 - 0.125) < 5 * std::sqrt(0.125 * 0.875 / 2000));  // three independent masks of one half
  }
}
