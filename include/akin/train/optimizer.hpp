// SPDX-License-Identifier: Apache-2.0
// SGD with momentum and AdamW over the flat buffer of the weights, with weight-decay groups and clipping of the gradient norm.
#pragma once

#include <akin/backend/index_work.hpp>
#include <akin/graph/parameters.hpp>

#include <cmath>
#include <concepts>
#include <functional>
#include <span>
#include <string_view>
#include <type_traits>
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

template <class Real>
struct square_of {
  const Real* numbers;
  AKIN_HOST_DEVICE double operator()(std::int64_t k) const { return static_cast<double>(numbers[k]) * static_cast<double>(numbers[k]); }
};
/// From the squares' sum, in numbers[0], the norm, and behind it what the gradients are multiplied with.
struct norm_and_factor {
  double* numbers;
  double largest;
  AKIN_HOST_DEVICE void operator()(std::int64_t) const {
    numbers[0] = std::sqrt(numbers[0]);
    numbers[1] = largest > 0 && numbers[0] > largest ? largest / numbers[0] : 1;
  }
};
template <class Real>
struct scale_by {
  Real* numbers;
  const double* factor;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    if (*factor != 1) numbers[k] = static_cast<Real>(static_cast<double>(numbers[k]) * *factor);
  }
};

/// How an optimiser clips and steps, by gradients on the host or by a program's, where it has computed them: nothing waits for a device. Gradients are laid
/// out as the weights are. What an update is, the optimiser says itself.
/// errors: run time, where there are not as many gradients as weights
template <class Optimizer, class Real>
class steps_by_gradients {
 public:
  /// Scales the gradients down where the Euclidean norm of all that are trained, together, exceeds `largest` (0: never).
  /// values: squares are summed in double, on the host in the order of the buffer, on a device in parts of 1,024, which are added likewise
  void clip(std::span<Real> gradients, double largest) {
    host_backend host;
    clip_on(host, gradients.data(), std::ssize(gradients), largest);
  }
  void clip(some_program auto& program, double largest) {
    auto& gradients = program.gradient_numbers();
    clip_on(program.backend(), gradients.update_on(program.backend()), gradients.size(), largest);
  }
  /// The norm that the gradients had before the last clip, 0 where there was none. Waits for a device, where it was computed there.
  double gradient_norm() const { return norm_.at(0); }

  /// One update.
  void step(std::span<const Real> gradients, double rate) {
    host_backend host;
    step_on(host, gradients.data(), std::ssize(gradients), rate);
  }
  void step(some_program auto& program, double rate) {
    auto& gradients = program.gradient_numbers();
    step_on(program.backend(), gradients.read_on(program.backend()), gradients.size(), rate);
  }

 protected:
  explicit steps_by_gradients(parameter_store<Real>& weights) : weights_{weights} {}
  parameter_store<Real>& weights_;

 private:
  Optimizer& self() { return static_cast<Optimizer&>(*this); }
  void require_count(std::int64_t count) const {
    if (count != weights_.size()) fail("optimizer: got ", count, " gradients for ", weights_.size(), " weights; is the program bound?");
  }
  void step_on(auto& backend, const Real* gradients, std::int64_t count, double rate) {
    require_count(count);
    self().update(backend, gradients, rate);
  }
  void clip_on(auto& backend, Real* gradients, std::int64_t count, double largest) {
    require_count(count);
    double* const numbers = norm_.write_on(backend);
    backend.each(1, detail::assign_zero<double>{numbers});
    for_each_stretch([&](std::int64_t first, std::int64_t size) { backend.add_sum(numbers, size, square_of<Real>{gradients + first}); });
    backend.each(1, norm_and_factor{numbers, largest});
    if constexpr (std::remove_reference_t<decltype(backend)>::computes_on_host)
      if (numbers[1] == 1) return;  // a device decides it for each number, so that the host need not wait
    for_each_stretch([&](std::int64_t first, std::int64_t size) { backend.each(size, scale_by<Real>{gradients + first, numbers + 1}); });
  }
  // visit(first, size) for the groups' numbers, those that follow each other together.
  void for_each_stretch(auto visit) {
    const std::vector<parameter_group>& groups = self().groups();
    for (std::size_t k = 0; k < groups.size();) {
      const std::int64_t begin = groups[k].begin;
      std::int64_t end = begin;
      for (; k < groups.size() && groups[k].begin == end; ++k) end += groups[k].size;
      visit(begin, end - begin);
    }
  }

  shared_numbers<double> norm_{"norm of the gradients", 2};
};

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
/// values: w -= rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps) after w *= 1 - rate * decay; by a program on the cpu products and sums are joined where
///         the instruction set does so, by gradients on the host they are not
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
    for (const auto& g : groups_) {
      const adamw_update<Real> update{gradients + g.begin, weights + g.begin, first + g.begin, second + g.begin, real(settings_.beta1), real(settings_.beta2), real(settings_.eps),
                                      real(g.decays ? 1 - rate * g.rate * settings_.weight_decay : 1), real(scale1 * g.rate), real(scale2)};
      if constexpr (requires { backend.adamw(g.size, update); }) backend.adamw(g.size, update);
      else backend.each(g.size, update);
    }
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
