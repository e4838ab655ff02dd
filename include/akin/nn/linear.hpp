// SPDX-License-Identifier: Apache-2.0
// A linear layer, with its bias and without.
#pragma once

#include <akin/expr/dot.hpp>

#include <string_view>

namespace akin::inline v0 {

/// x W^T + b, with the parameters name.weight [out, in] and name.bias [out].
/// shapes:   [A, in] -> [A, out]
/// values:   starts as in PyTorch, both uniform within 1 / sqrt(|in|), unless given otherwise
/// cost:     2 |A| |in| |out| operations
/// errors:   compile time "akin: dot: operands share no axis"
/// gradient: dx = G W, dW = G^T x, db = sum of G
template <class Axes, some_axis In, some_axis Out>
constexpr auto linear(model& m, std::string_view name, expr<real, Axes> x, In in, Out out, initial weight = initial::uniform(1, In{}),
                      initial bias = initial::uniform(1, In{})) {
  const auto scope = m.scope(name);
  return dot(x, m.parameter<"weight">(weight, out, in), over(in)) + m.parameter<"bias">(bias, out);
}

/// x W^T, with the parameter name.weight [out, in].
/// shapes:   [A, in] -> [A, out]
template <class Axes, some_axis In, some_axis Out>
constexpr auto linear_without_bias(model& m, std::string_view name, expr<real, Axes> x, In in, Out out,
                                   initial weight = initial::uniform(1, In{})) {
  const auto scope = m.scope(name);
  return dot(x, m.parameter<"weight">(weight, out, in), over(in));
}

}  // namespace akin::inline v0
