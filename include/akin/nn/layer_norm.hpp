// SPDX-License-Identifier: Apache-2.0
// Layer normalisation, written as the expression that it is.
#pragma once

#include <akin/expr/reduce.hpp>

#include <string_view>

namespace akin::inline v0 {

/// Rows shifted and scaled to mean 0 and variance 1, then name.weight times that plus name.bias.
/// shapes:   [A, width] -> [A, width]
/// values:   the variance is the mean of the squares of what is centred, and not a difference of two sums: no cancellation for rows
///           far from 0; invariant to a shift of a row, and to its scale up to eps
/// cost:     three passes over x, three over its gradient
/// errors:   compile time "akin: reduction: the operand does not have this axis"
/// source:   Ba, Kiros and Hinton 2016; eps as in CLIP
template <class Axes, some_axis Width>
constexpr auto layer_norm(model& m, std::string_view name, expr<real, Axes> x, over_axes<Width> width, double eps = 1e-5) {
  const auto scope = m.scope(name);
  const auto centred = x - mean(x, width);
  const auto variance = mean(square(centred), width);
  const auto weight = m.parameter<"weight">(initial::constant(1), Width{}), bias = m.parameter<"bias">(initial::constant(0), Width{});
  return centred * (1 / sqrt(variance + eps)) * weight + bias;
}

}  // namespace akin::inline v0
