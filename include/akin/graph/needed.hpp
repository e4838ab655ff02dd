// SPDX-License-Identifier: Apache-2.0
// Which steps of a plan run where some parameters stay as they are: what only leads to their gradients does not.
#pragma once

#include <akin/graph/blueprint.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace akin::inline v0 {

/// The steps that run, and for each region of a forward body the first layer that takes part in a gradient.
struct needed_steps {
  std::vector<char> step;
  std::vector<std::int64_t> first_layer;
};

namespace detail {

class needed_finder {
 public:
  needed_finder(const blueprint& b, std::span<const std::int64_t> first_trained) : b_{b}, first_trained_{first_trained}, wanted_(b.nodes.size(), 0) {
    needed_.step = std::vector<char>(b.steps.size());
    needed_.first_layer = std::vector<std::int64_t>(b.regions.size());
  }

  [[gnu::cold]] needed_steps find() {
    want(b_.result);
    for (const auto& o : b_.outputs) want(o.node);
    for (const auto& u : b_.updates) want(u.value);
    for (std::size_t k = 0; k < b_.names.size(); ++k) {
      const int gradient = b_.adjoint[static_cast<std::size_t>(b_.names[k].node)] - 1;
      const bool asked = b_.names[k].role == named_value::role_kind::input || first_trained_[k] >= 0;
      if (gradient >= 0 && asked) want(gradient);
    }
    for (const strip_group& g : b_.strips)  // passes that run in strips run all: one keeps products for another
      for (int k = g.begin; g.of_pairs && k < g.begin + g.count; ++k) take(b_.steps[static_cast<std::size_t>(k)]);
    walk(0);
    return std::move(needed_);
  }

 private:
  void want(int n) { wanted_[static_cast<std::size_t>(b_.home(n))] = 1; }

  [[gnu::cold]] void take(const plan_step& s) {
    needed_.step[b_.number_of(s)] = 1;
    for_each_read(b_.parts(), s, [&](int n) { want(n); });
  }

  // From the last step to the first, so that whoever reads has been seen.
  [[gnu::cold]] void walk(int region) {
    const bool whole = region > 0 && b_.regions[static_cast<std::size_t>(region)].forward < 0;
    const region_range& range = b_.ranges[static_cast<std::size_t>(region)];
    for (int k = range.count; k-- > 0;) {
      const plan_step& s = b_.steps[static_cast<std::size_t>(range.begin + k)];
      const int body = s.kind == step_kind::repeat ? b_.at(s.node).argument[0] : 0;
      bool needed = whole || (region == 0 && k < b_.forward_steps) || (body > 0 && first_trained_in(body) >= 0);
      for_each_result(b_.parts(), s, [&](int n) { needed = needed || wanted_[static_cast<std::size_t>(n)]; });
      if (!needed) continue;
      take(s);
      if (body > 0) enter(body, wanted_[static_cast<std::size_t>(s.node)]);
    }
  }

  [[gnu::cold]] void enter(int body, bool gradient_goes_on) {
    const region_entry& r = b_.regions[static_cast<std::size_t>(body)];
    if (r.carry_out >= 0) want(r.carry_out);
    if (r.forward >= 0 && r.parent == 0 && !gradient_goes_on) needed_.first_layer[static_cast<std::size_t>(r.forward)] = first_trained_in(body);
    walk(body);
  }

  // The first layer with a parameter whose gradient this backward body is to make; -1: there is none.
  std::int64_t first_trained_in(int body) const {
    const int forward = b_.regions[static_cast<std::size_t>(body)].forward;
    std::int64_t first = -1;
    for (std::size_t k = 0; k < b_.names.size(); ++k) {
      if (first_trained_[k] < 0) continue;
      b_.for_each_repeat_around(b_.at(b_.names[k].node).region, [&](int r) {
        if (r == forward) first = first < 0 ? first_trained_[k] : std::min(first, first_trained_[k]);
      });
    }
    return first;
  }

  const blueprint& b_;
  std::span<const std::int64_t> first_trained_;
  std::vector<char> wanted_;
  needed_steps needed_;
};

}  // namespace detail

/// What has to run. `first_trained` says for each name the first layer (of the outermost repeat around it) whose tensor is trained; -1: none is.
inline needed_steps find_needed(const blueprint& b, std::span<const std::int64_t> first_trained) {
  return detail::needed_finder{b, first_trained}.find();
}

}  // namespace akin::inline v0
