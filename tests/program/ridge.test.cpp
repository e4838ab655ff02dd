// SPDX-License-Identifier: Apache-2.0
// The linear baseline of akin-emoji: its weights are where the gradient of what it makes least is zero.
#include "../examples/emoji/ridge.hpp"

#include <akin/support/random.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

TEST_CASE("the residual is orthogonal to the bags, but for the ridge") {
  constexpr std::size_t rows = 40, words = 23, width = 37;  // wider than one block of columns
  constexpr double ridge = 0.7;
  akin::random_stream random{3, 0};
  std::vector<emoji_program::bag> bags(rows);
  std::vector<float> targets;
  for (auto& bag : bags) {
    for (std::int32_t w = 0; w < static_cast<std::int32_t>(words); ++w)
      if (random.uniform() < 0.2) bag.push_back(w);
    for (std::size_t c = 0; c < width; ++c) targets.push_back(static_cast<float>(random.normal()));
  }
  for (const int threads : {1, 3}) {
    akin::thread_pool pool{threads};
    const auto weights = emoji_program::ridge_regression(bags, targets, words, width, ridge, pool);
    REQUIRE(weights.size() == words * width);
    std::vector<double> gradient(words * width);  // X^T (X W - Y) + ridge W
    for (std::size_t k = 0; k < gradient.size(); ++k) gradient[k] = ridge * static_cast<double>(weights[k]);
    for (std::size_t n = 0; n < rows; ++n) {
      const auto predicted = emoji_program::predict(weights, bags[n], width);
      for (const auto w : bags[n])
        for (std::size_t c = 0; c < width; ++c) gradient[static_cast<std::size_t>(w) * width + c] += static_cast<double>(predicted[c] - targets[n * width + c]);
    }
    const double largest = std::abs(*std::ranges::max_element(gradient, {}, [](double x) { return std::abs(x); }));
    CHECK(largest < 1e-5);
  }
}
