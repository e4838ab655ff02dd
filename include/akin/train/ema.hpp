// SPDX-License-Identifier: Apache-2.0
// A moving average of the weights, which often classifies better than the weights themselves.
#pragma once

#include <akin/train/checkpoint.hpp>
#include <akin/train/optimizer.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace akin::inline v0 {

/// One number's step towards the weight.
template <class Real>
struct average_update {
  const Real* weights;
  Real* averages;
  Real part;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const { averages[k] += part * (weights[k] - averages[k]); }
};

/// The exponential moving average of all that a model has, running statistics included.
/// values: starts as the weights; average += (1 - decay) * (weight - average), so that what stays as it is keeps its bits
/// cost:   one more copy of the weights, and a pass over both in each step
/// source: Polyak and Juditsky 1992; as timm's ModelEmaV2
/// example: ema<float> average{weights, 0.999}; ... optimizer.step(program, rate); average.step(program);
///          average.exchange(); evaluate(); average.exchange();
template <class Real>
class ema {
 public:
  /// errors: run time: weights that are not bound, a decay that is not between 0 and 1
  ema(parameter_store<Real>& weights, double decay)
      : weights_{weights}, part_{static_cast<Real>(1 - decay)}, averages_{"averages", weights.size()} {
    if (!weights.bound()) fail("ema: the weights are not bound; call weights.bind(seed, ...) first");
    if (!(decay >= 0 && decay < 1)) fail("ema: the decay is ", decay, ", expected at least 0 and less than 1");
    std::ranges::copy(std::as_const(weights).values(), averages_.host().begin());
  }

  /// After an optimiser's step, where the program has computed.
  void step(some_program auto& program) { update(program.backend()); }
  void step() {
    host_backend host;
    update(host);
  }

  /// The averages become the weights that programs see, and the weights wait here until the next exchange.
  void exchange() { std::ranges::swap_ranges(weights_.values(), averages_.host()); }

  /// Laid out as the weights are.
  std::span<Real> values() { return averages_.host(); }

  /// What a checkpoint keeps: average.NAME for each tensor.
  std::vector<kept_series> series() {
    std::vector<kept_series> all;
    for (const auto& t : weights_.tensors()) all.push_back({"average." + t.name, t.shape, part_of(t)});
    return all;
  }
  /// Goes on from a checkpoint with the same bits.
  /// errors: run time, naming the tensor that the file lacks or that has another shape
  void load(const safetensors_file& file) {
    for (const auto& t : weights_.tensors()) read_kept(file, "average." + t.name, t.shape, part_of(t));
  }

 private:
  template <class Backend>
  void update(Backend& backend) {
    const Real* const weights = weights_.numbers().read_on(backend);
    backend.each(averages_.size(), average_update<Real>{weights, averages_.update_on(backend), part_});
  }
  std::span<Real> part_of(const named_tensor<Real>& t) { return averages_.host().subspan(static_cast<std::size_t>(t.offset), t.values.size()); }

  parameter_store<Real>& weights_;
  Real part_;
  shared_numbers<Real> averages_;
};

}  // namespace akin::inline v0
