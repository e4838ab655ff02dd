// SPDX-License-Identifier: Apache-2.0
// SGD with momentum and AdamW over the flat buffer of the weights, with weight-decay groups and gradient-norm clipping.
#pragma once

#include <akin/backend/memory.hpp>
#include <akin/graph/parameters.hpp>

#include <cmath>
#include <concepts>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace akin::inline v0 {

/// Which tensors weight decay leaves out. Both generations of open_clip are offered by name.
enum class decay_policy {
  legacy,      // fewer than two dimensions, or "bn", "ln", "bias" or "logit_scale" in the name: all published weights
  open_clip_4  // at most one dimension, and the positional and class embeddings of transformers
};

/// Whether weight decay reaches a tensor, by its full name and the number of its axes.
inline bool decays(decay_policy policy, std::string_view name, std::size_t rank) {
  const auto has = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  if (policy == decay_policy::legacy) return rank >= 2 && !has("bn") && !has("ln") && !has("bias") && !has("logit_scale");
  const bool of_tower = name.ends_with("positional_embedding") && !name.ends_with("attnpool.positional_embedding");
  return rank > 1 && !of_tower && !name.ends_with("class_embedding");
}

/// What the rate of a step is multiplied by for a tensor, by its full name; 0 freezes it. train/tower_rates.hpp has some.
using rate_of_tensor = std::function<double(std::string_view name)>;

/// A stretch of the flat buffer that one rule applies to. Frozen tensors and states are in none.
struct parameter_group {
  std::int64_t begin = 0, size = 0;
  bool decays = false;
  double rate = 1;  // times that of the step
};

/// The stretches of trained tensors, neighbours under one rule as one. A tensor whose rate is 0 is in none.
/// errors: run time, where the weights are not bound
template <class Real>
std::vector<parameter_group> parameter_groups(const parameter_store<Real>& weights, decay_policy policy, const rate_of_tensor& rate = {}) {
  if (!weights.bound()) fail("optimizer: the weights are not bound; call weights.bind(seed, ...) first");
  std::vector<parameter_group> groups;
  for (const auto& e : weights.entries()) {
    if (e.role != named_value::role_kind::parameter) continue;
    for (std::int64_t k = 0; k < e.count; ++k) {
      const parameter_group next{e.offset + k * e.slice, e.slice, decays(policy, e.pattern, e.shape.size()),
                                 rate ? rate(parameter_store<Real>::name_of_layer(e, k)) : 1};
      if (next.rate == 0) continue;
      const bool joins = k > 0 && !groups.empty() && groups.back().begin + groups.back().size == next.begin && groups.back().rate == next.rate;
      if (joins) groups.back().size += next.size;
      else groups.push_back(next);
    }
  }
  return groups;
}

/// What an optimiser asks of a program.
template <class Program>
concept some_program = requires(Program& p) {
  p.backend();
  p.gradient_numbers();
};

/// How an optimiser steps, by gradients on the host or by a program's; what an update is, it says itself.
/// errors: run time, where there are not as many gradients as weights
template <class Optimizer, class Real>
class steps_by_gradients {
 public:
  /// One update; gradients are laid out as the weights are.
  void step(std::span<const Real> gradients, double rate) {
    host_backend host;
    step_on(host, gradients.data(), std::ssize(gradients), rate);
  }
  /// One update by a program's gradients, where it has computed them.
  void step(some_program auto& program, double rate) {
    auto& gradients = program.gradient_numbers();
    step_on(program.backend(), gradients.read_on(program.backend()), gradients.size(), rate);
  }

 protected:
  explicit steps_by_gradients(parameter_store<Real>& weights) : weights_{weights} {}
  parameter_store<Real>& weights_;

 private:
  void step_on(auto& backend, const Real* gradients, std::int64_t count, double rate) {
    if (count != weights_.size()) fail("optimizer: got ", count, " gradients for ", weights_.size(), " weights; is the program bound?");
    static_cast<Optimizer&>(*this).update(backend, gradients, rate);
  }
};

template <class Real>
struct square_of {
  const Real* numbers;
  AKIN_HOST_DEVICE double operator()(std::int64_t k) const { return static_cast<double>(numbers[k]) * static_cast<double>(numbers[k]); }
};
template <class Real>
struct scale_by {
  Real* numbers;
  double factor;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const { numbers[k] = static_cast<Real>(static_cast<double>(numbers[k]) * factor); }
};

namespace detail {

/// visit(first, size) for the groups' numbers, those that follow each other together: a sum of each makes a device wait.
template <class Visit>
void for_each_stretch(const std::vector<parameter_group>& groups, Visit visit) {
  for (std::size_t k = 0; k < groups.size();) {
    const std::int64_t begin = groups[k].begin;
    std::int64_t end = begin;
    for (; k < groups.size() && groups[k].begin == end; ++k) end += groups[k].size;
    visit(begin, end - begin);
  }
}

template <class Backend, class Real>
double clip_norm(Backend& backend, Real* gradients, const std::vector<parameter_group>& groups, double largest) {
  double squares = 0;
  for_each_stretch(groups, [&](std::int64_t first, std::int64_t size) { squares = backend.sum(squares, size, square_of<Real>{gradients + first}); });
  const double norm = std::sqrt(squares);
  if (largest > 0 && norm > largest)
    for_each_stretch(groups, [&](std::int64_t first, std::int64_t size) { backend.each(size, scale_by<Real>{gradients + first, largest / norm}); });
  return norm;
}

}  // namespace detail

/// The Euclidean norm of all gradients together; scales them down to `largest` where it is exceeded (0: never).
/// values: sums in double, in the order of the buffer
template <class Real>
double clip_gradient_norm(std::span<Real> gradients, const std::vector<parameter_group>& groups, double largest) {
  host_backend host;
  return detail::clip_norm(host, gradients.data(), groups, largest);
}
/// The same of a program's gradients, where it has computed them.
template <some_program Program>
double clip_gradient_norm(Program& program, const std::vector<parameter_group>& groups, double largest) {
  return detail::clip_norm(program.backend(), program.gradient_numbers().update_on(program.backend()), groups, largest);
}

/// One weight's update by sgd.
template <class Real>
struct sgd_update {
  const Real* gradients;
  Real *weights, *velocity;
  Real rate, momentum, decay;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    velocity[k] = momentum * velocity[k] + gradients[k] + decay * weights[k];
    weights[k] -= rate * velocity[k];
  }
};

/// w -= rate * (v = momentum * v + g + decay * w)
template <class Real>
class sgd : public steps_by_gradients<sgd<Real>, Real> {
 public:
  struct settings {
    double momentum = 0.9, weight_decay = 0;
    decay_policy policy = decay_policy::legacy;
    rate_of_tensor rate{};  // 1 for all where none is given
  };

  sgd(parameter_store<Real>& weights, const settings& s)
      : base{weights}, settings_{s}, groups_{parameter_groups(weights, s.policy, s.rate)}, velocity_{"velocities", weights.size()} {}

  const std::vector<parameter_group>& groups() const { return groups_; }
  std::span<Real> velocity() { return velocity_.host(); }

 private:
  using base = steps_by_gradients<sgd<Real>, Real>;
  friend base;
  template <class Backend>
  void update(Backend& backend, const Real* gradients, double rate) {
    Real *const weights = this->weights_.numbers().update_on(backend), *const velocity = velocity_.update_on(backend);
    for (const auto& g : groups_)
      backend.each(g.size, sgd_update<Real>{gradients + g.begin, weights + g.begin, velocity + g.begin, static_cast<Real>(rate * g.rate), static_cast<Real>(settings_.momentum),
                                            static_cast<Real>(g.decays ? settings_.weight_decay : 0)});
  }

  settings settings_;
  std::vector<parameter_group> groups_;
  shared_numbers<Real> velocity_;
};

/// One weight's update by Adam; the scales hold the corrections of the first steps.
template <class Real>
struct adamw_update {
  const Real* gradients;
  Real *weights, *first, *second;
  Real b1, b2, eps, keep, scale1, scale2;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    const Real g = gradients[k];
    first[k] = b1 * first[k] + (1 - b1) * g;
    second[k] = b2 * second[k] + (1 - b2) * g * g;
    weights[k] = keep * weights[k] - scale1 * first[k] / (std::sqrt(second[k]) * scale2 + eps);
  }
};

/// Adam with decoupled weight decay.
/// values: w -= rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps) after w *= 1 - rate * decay
/// source: Loshchilov and Hutter 2019
template <class Real>
class adamw : public steps_by_gradients<adamw<Real>, Real> {
 public:
  struct settings {
    double beta1 = 0.9, beta2 = 0.98, eps = 1e-6, weight_decay = 0.2;
    decay_policy policy = decay_policy::legacy;
    rate_of_tensor rate{};  // 1 for all where none is given
  };

  adamw(parameter_store<Real>& weights, const settings& s)
      : base{weights}, settings_{s}, groups_{parameter_groups(weights, s.policy, s.rate)}, first_{"first moments", weights.size()}, second_{"second moments", weights.size()} {}

  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }
  const std::vector<parameter_group>& groups() const { return groups_; }
  std::span<Real> first_moment() { return first_.host(); }
  std::span<Real> second_moment() { return second_.host(); }

 private:
  using base = steps_by_gradients<adamw<Real>, Real>;
  friend base;
  template <class Backend>
  void update(Backend& backend, const Real* gradients, double rate) {
    ++steps_;
    const auto real = [](double x) { return static_cast<Real>(x); };
    const double t = static_cast<double>(steps_), scale1 = rate / (1 - std::pow(settings_.beta1, t)), scale2 = 1 / std::sqrt(1 - std::pow(settings_.beta2, t));
    Real *const weights = this->weights_.numbers().update_on(backend), *const first = first_.update_on(backend), *const second = second_.update_on(backend);
    for (const auto& g : groups_)
      backend.each(g.size, adamw_update<Real>{gradients + g.begin, weights + g.begin, first + g.begin, second + g.begin, real(settings_.beta1), real(settings_.beta2), real(settings_.eps),
                                              real(g.decays ? 1 - rate * g.rate * settings_.weight_decay : 1), real(scale1 * g.rate), real(scale2)});
  }

  settings settings_;
  std::vector<parameter_group> groups_;
  shared_numbers<Real> first_, second_;
  std::int64_t steps_ = 0;
};

template <class Real>
struct clamp_number {
  Real* number;
  Real least, most;
  AKIN_HOST_DEVICE void operator()(std::int64_t) const { *number = *number < least ? least : *number > most ? most : *number; }
};

/// Keeps every learnable temperature exp(logit_scale) within [1, 100], by clamping logit_scale to [0, ln 100].
template <class Real, class Backend = host_backend>
void clamp_temperature(parameter_store<Real>& weights, Backend&& backend = {}) {
  Real* numbers = nullptr;
  for (const auto& e : weights.entries()) {
    if (e.pattern != "logit_scale" && !e.pattern.ends_with(".logit_scale")) continue;
    if (!numbers) numbers = weights.numbers().update_on(backend);
    backend.each(1, clamp_number<Real>{numbers + e.offset, Real{0}, static_cast<Real>(4.605170185988092)});
  }
}
/// The same where the program computes.
void clamp_temperature(some_program auto& program) { clamp_temperature(program.weights(), program.backend()); }

}  // namespace akin::inline v0
