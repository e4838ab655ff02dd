// SPDX-License-Identifier: Apache-2.0
// Batch normalisation: the batch's statistics in training, running ones in evaluation.
#pragma once

#include <akin/expr/reduce.hpp>

namespace akin::inline v0 {

/// Normalises each channel over the given axes, then scales and shifts it.
/// shapes:   x [images, height, width, channels], over(images, height, width) -> the same
/// values:   training: (x - mean) / sqrt(variance + eps) of this batch, and the running statistics move by `momentum` towards it
///           (variance unbiased, as in PyTorch); evaluation: the running statistics
/// cost:     two passes over x for the moments, one to normalise; two for the gradient
/// gradient: through the batch's statistics
/// names:    name.weight, name.bias, name.running_mean, name.running_var; in a repeat each layer has its own
/// source:   Ioffe and Szegedy 2015
template <class Axes, some_axis Channels, class... O>
constexpr expr<real, Axes> batch_norm(model& m, std::string_view name, expr<real, Axes> x, Channels channels, over_axes<O...> o, double momentum = 0.1,
                                      double eps = 1e-5, initial start = initial::constant(1)) {
  const auto scope = m.scope(name);
  const auto weight = m.parameter<"weight">(start, channels);
  const auto bias = m.parameter<"bias">(initial::constant(0), channels);
  const auto running_mean = m.state<"running_mean">(initial::constant(0), channels);
  const auto running_variance = m.state<"running_var">(initial::constant(1), channels);
  if (!m.training()) return (x - running_mean) * (weight / sqrt(running_variance + eps)) + bias;

  // The variance is the mean of the squares of what is centred: as the difference of two sums it costs a pass less, and its gradient cancels.
  const auto average = mean(x, o);
  const auto centred = x - average;
  const auto variance = mean(square(centred), o);
  const auto number = count(m, O{}...);
  m.update(running_mean, (1 - momentum) * running_mean + momentum * stop_gradient(average));
  m.update(running_variance, (1 - momentum) * running_variance + momentum * stop_gradient(variance) * (number / maximum(number - 1, 1)));
  return centred * (weight / sqrt(variance + eps)) + bias;
}

}  // namespace akin::inline v0
