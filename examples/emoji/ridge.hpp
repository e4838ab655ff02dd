// SPDX-License-Identifier: Apache-2.0
// Ridge regression from sparse rows to dense ones, exactly.
#pragma once

#include <akin/support/error.hpp>
#include <akin/support/threads.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace emoji_program {

/// A row of zeros and ones: where the ones stand.
using bag = std::vector<std::int32_t>;

/// The sum of the weights' rows that a bag names.
inline std::vector<float> predict(std::span<const float> weights, const bag& words, std::size_t width) {
  std::vector<float> sum(width);
  for (const std::int32_t w : words)
    for (std::size_t c = 0; c < width; ++c) sum[c] += weights[static_cast<std::size_t>(w) * width + c];
  return sum;
}

namespace detail {

inline constexpr std::size_t together = 32;  // columns that are solved side by side

}  // namespace detail

/// W [words, width] that makes |X W - Y|^2 + ridge |W|^2 least, where X are the bags: (X^T X + ridge) W = X^T Y, by Cholesky's
/// decomposition in double.
/// shapes: bags [rows], targets [rows, width] -> [words, width]
/// cost:   words^3 / 3 + 2 words^2 width operations
/// source: Hoerl and Kennard 1970
inline std::vector<float> ridge_regression(std::span<const bag> bags, std::span<const float> targets, std::size_t words,
                                           std::size_t width, double ridge, akin::thread_pool& pool) {
  if (targets.size() != bags.size() * width) akin::fail("ridge: ", targets.size(), " numbers are no ", bags.size(), " rows of ", width);
  std::vector<double> upper(words * words);  // R with R^T R = X^T X + ridge, row by row
  for (std::size_t k = 0; k < words; ++k) upper[k * words + k] = ridge;
  for (const bag& row : bags)
    for (const std::int32_t a : row)
      for (const std::int32_t b : row) upper[static_cast<std::size_t>(a) * words + static_cast<std::size_t>(b)] += 1;
  for (std::size_t k = 0; k < words; ++k) {
    const double pivot = std::sqrt(upper[k * words + k]);
    for (std::size_t c = k; c < words; ++c) upper[k * words + c] /= pivot;
    for (std::size_t r = k + 1; r < words; ++r) {
      const double factor = upper[k * words + r];
      if (factor == 0) continue;  // most words never meet
      for (std::size_t c = r; c < words; ++c) upper[r * words + c] -= factor * upper[k * words + c];
    }
  }

  using detail::together;
  std::vector<float> weights(words * width);
  pool.run(static_cast<std::int64_t>((width + together - 1) / together), [&](std::int64_t block, int) {
    const std::size_t first = static_cast<std::size_t>(block) * together, count = std::min(std::size_t{together}, width - first);
    std::vector<std::array<double, together>> x(words);
    for (std::size_t n = 0; n < bags.size(); ++n)
      for (const std::int32_t w : bags[n])
        for (std::size_t c = 0; c < count; ++c) x[static_cast<std::size_t>(w)][c] += static_cast<double>(targets[n * width + first + c]);
    const auto subtract = [](std::array<double, together>& from, double factor, const std::array<double, together>& row) {
      for (std::size_t c = 0; c < together; ++c) from[c] -= factor * row[c];
    };
    const auto divide = [](std::array<double, together>& row, double by) {
      for (double& value : row) value /= by;
    };
    for (std::size_t k = 0; k < words; ++k) {  // R^T z = X^T Y
      divide(x[k], upper[k * words + k]);
      for (std::size_t r = k + 1; r < words; ++r)
        if (const double factor = upper[k * words + r]; factor != 0) subtract(x[r], factor, x[k]);
    }
    for (std::size_t k = words; k-- > 0;) {  // R W = z
      for (std::size_t r = k + 1; r < words; ++r)
        if (const double factor = upper[k * words + r]; factor != 0) subtract(x[k], factor, x[r]);
      divide(x[k], upper[k * words + k]);
    }
    for (std::size_t k = 0; k < words; ++k)
      for (std::size_t c = 0; c < count; ++c) weights[k * width + first + c] = static_cast<float>(x[k][c]);
  });
  return weights;
}

}  // namespace emoji_program
