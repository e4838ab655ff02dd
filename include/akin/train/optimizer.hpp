// SPDX-License-Identifier: Apache-2.0
// SGD with momentum and AdamW over the flat buffer of the weights, with weight-decay groups and gradient-norm clipping.
#pragma once

#include <akin/graph/parameters.hpp>

#include <cmath>
#include <string_view>
#include <vector>

namespace akin::inline v0 {

/// Which tensors weight decay leaves out. Both generations of open_clip are offered by name.
enum class decay_policy {
  legacy,      // fewer than two dimensions, or "bn", "ln", "bias" or "logit_scale" in the name: all published weights
  open_clip_4  // at most one dimension, and the positional and class embeddings
};

inline bool decays(decay_policy policy, std::string_view name, std::size_t rank) {
  const auto has = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  if (policy == decay_policy::legacy) return rank >= 2 && !has("bn") && !has("ln") && !has("bias") && !has("logit_scale");
  return rank > 1 && !name.ends_with("positional_embedding") && !name.ends_with("class_embedding");
}

/// A stretch of the flat buffer that one rule applies to. Frozen tensors and states are in none.
struct parameter_group {
  std::int64_t begin = 0, size = 0;
  bool decays = false;
};

template <class Real>
std::vector<parameter_group> parameter_groups(const parameter_store<Real>& weights, decay_policy policy) {
  if (!weights.bound()) fail("optimizer: the weights are not bound; call weights.bind(seed, ...) first");
  std::vector<parameter_group> groups;
  for (const auto& e : weights.entries())
    if (e.role == named_value::role_kind::parameter) groups.push_back({e.offset, e.slice * e.count, decays(policy, e.pattern, e.shape.size())});
  return groups;
}

/// The Euclidean norm of all gradients together; scales them down to `largest` where it is exceeded (0: never).
/// values: sums in double, in the order of the buffer
template <class Real>
double clip_gradient_norm(std::span<Real> gradients, const std::vector<parameter_group>& groups, double largest) {
  double squares = 0;
  for (const auto& g : groups)
    for (const Real x : gradients.subspan(static_cast<std::size_t>(g.begin), static_cast<std::size_t>(g.size))) squares += static_cast<double>(x) * static_cast<double>(x);
  const double norm = std::sqrt(squares);
  if (largest > 0 && norm > largest)
    for (const auto& g : groups)
      for (Real& x : gradients.subspan(static_cast<std::size_t>(g.begin), static_cast<std::size_t>(g.size))) x = static_cast<Real>(static_cast<double>(x) * (largest / norm));
  return norm;
}

/// w -= rate * (v = momentum * v + g + decay * w)
template <class Real>
class sgd {
 public:
  struct settings {
    double momentum = 0.9, weight_decay = 0;
    decay_policy policy = decay_policy::legacy;
  };

  sgd(parameter_store<Real>& weights, const settings& s) : weights_{weights}, settings_{s}, groups_{parameter_groups(weights, s.policy)}, velocity_(static_cast<std::size_t>(weights.size())) {}

  /// One update; gradients are laid out as the weights are.
  void step(std::span<const Real> gradients, double rate) {
    if (static_cast<std::int64_t>(gradients.size()) != weights_.size()) fail("optimizer: got ", gradients.size(), " gradients for ", weights_.size(), " weights; is the program bound?");
    const auto w = weights_.values();
    for (const auto& group : groups_) {
      const Real decay = static_cast<Real>(group.decays ? settings_.weight_decay : 0), momentum = static_cast<Real>(settings_.momentum), r = static_cast<Real>(rate);
      for (auto k = static_cast<std::size_t>(group.begin); k < static_cast<std::size_t>(group.begin + group.size); ++k) {
        velocity_[k] = momentum * velocity_[k] + gradients[k] + decay * w[k];
        w[k] -= r * velocity_[k];
      }
    }
  }

  const std::vector<parameter_group>& groups() const { return groups_; }
  std::span<Real> velocity() { return velocity_; }

 private:
  parameter_store<Real>& weights_;
  settings settings_;
  std::vector<parameter_group> groups_;
  std::vector<Real> velocity_;
};

/// Adam with decoupled weight decay.
/// values: w -= rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps) after w *= 1 - rate * decay
/// source: Loshchilov and Hutter 2019
template <class Real>
class adamw {
 public:
  struct settings {
    double beta1 = 0.9, beta2 = 0.98, eps = 1e-6, weight_decay = 0.2;
    decay_policy policy = decay_policy::legacy;
  };

  adamw(parameter_store<Real>& weights, const settings& s)
      : weights_{weights}, settings_{s}, groups_{parameter_groups(weights, s.policy)}, first_(static_cast<std::size_t>(weights.size())), second_(static_cast<std::size_t>(weights.size())) {}

  /// One update; gradients are laid out as the weights are.
  void step(std::span<const Real> gradients, double rate) {
    if (static_cast<std::int64_t>(gradients.size()) != weights_.size()) fail("optimizer: got ", gradients.size(), " gradients for ", weights_.size(), " weights; is the program bound?");
    ++steps_;
    const auto w = weights_.values();
    const Real b1 = static_cast<Real>(settings_.beta1), b2 = static_cast<Real>(settings_.beta2), eps = static_cast<Real>(settings_.eps);
    const Real scale1 = static_cast<Real>(rate / (1 - std::pow(settings_.beta1, static_cast<double>(steps_))));
    const Real scale2 = static_cast<Real>(1 / std::sqrt(1 - std::pow(settings_.beta2, static_cast<double>(steps_))));
    for (const auto& group : groups_) {
      const Real keep = static_cast<Real>(group.decays ? 1 - rate * settings_.weight_decay : 1);
      for (auto k = static_cast<std::size_t>(group.begin); k < static_cast<std::size_t>(group.begin + group.size); ++k) {
        const Real g = gradients[k];
        first_[k] = b1 * first_[k] + (1 - b1) * g;
        second_[k] = b2 * second_[k] + (1 - b2) * g * g;
        w[k] = keep * w[k] - scale1 * first_[k] / (std::sqrt(second_[k]) * scale2 + eps);
      }
    }
  }

  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }
  const std::vector<parameter_group>& groups() const { return groups_; }
  std::span<Real> first_moment() { return first_; }
  std::span<Real> second_moment() { return second_; }

 private:
  parameter_store<Real>& weights_;
  settings settings_;
  std::vector<parameter_group> groups_;
  std::vector<Real> first_, second_;
  std::int64_t steps_ = 0;
};

/// Keeps every learnable temperature exp(logit_scale) within [1, 100], by clamping logit_scale to [0, ln 100].
template <class Real>
void clamp_temperature(parameter_store<Real>& weights) {
  constexpr double ln_100 = 4.605170185988092;
  for (const auto& e : weights.entries()) {
    if (e.pattern != "logit_scale" && !e.pattern.ends_with(".logit_scale")) continue;
    Real& t = weights.values()[static_cast<std::size_t>(e.offset)];
    t = t < Real{0} ? Real{0} : t > static_cast<Real>(ln_100) ? static_cast<Real>(ln_100) : t;
  }
}

}  // namespace akin::inline v0
