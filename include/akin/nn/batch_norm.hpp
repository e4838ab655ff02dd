// SPDX-License-Identifier: Apache-2.0
// Batch normalisation: the batch's statistics in training, running ones in evaluation.
#pragma once

#include <akin/expr/reduce.hpp>

namespace akin::inline v0 {

/// Normalises each channel over the given axes, then scales and shifts it.
/// shapes:   x [images, height, width, channels], over(images, height, width) -> the same
/// values:   training: (x - mean) / sqrt(variance + eps) of this batch, and the running statistics move by `momentum` towards it
///           (variance unbiased, as in PyTorch); evaluation: the running statistics
/// cost:     one pass over x for both moments, one to normalise; two for the gradient
/// gradient: through the batch's statistics
/// names:    name.weight, name.bias, name.running_mean, name.running_var
/// source:   Ioffe and Szegedy 2015
template <class Axes, some_axis Channels, class... O>
constexpr expr<real, Axes> batch_norm(model& m, std::string_view name, expr<real, Axes> x, Channels channels, over_axes<O...> o, double momentum = 0.1,
                                      double eps = 1e-5) {
  const auto scope = m.scope(name);
  const auto weight = m.parameter<"weight">(initial::constant(1), channels);
  const auto bias = m.parameter<"bias">(initial::constant(0), channels);
  const auto running_mean = m.state<"running_mean">(initial::constant(0), channels);
  const auto running_variance = m.state<"running_var">(initial::constant(1), channels);
  if (!m.training()) return (x - running_mean) * (weight / sqrt(running_variance + eps)) + bias;

  // Both moments in one pass, about the running mean: it is close to the batch's, so that little cancels.
  const auto shifted = x - running_mean;
  const auto first = mean(shifted, o);
  const auto variance = maximum(mean(shifted * shifted, o) - first * first, 0);
  const auto number = count(m, O{}...);
  m.update(running_mean, running_mean + momentum * stop_gradient(first));
  m.update(running_variance, (1 - momentum) * running_variance + momentum * stop_gradient(variance) * (number / maximum(number - 1, 1)));
  const auto scale = weight / sqrt(variance + eps);
  return shifted * scale + (bias - first * scale);
}

}  // namespace akin::inline v0
