// SPDX-License-Identifier: Apache-2.0
// What a program is bound to: where each tensor lies in the weights, what is kept, the arena. Decided and allocated once, then only read.
#pragma once

#include <akin/graph/explain.hpp>
#include <akin/graph/parameters.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// What a program is bound to; of what each layer has, the first layer's place.
template <class Real>
struct binding {
  std::vector<std::int64_t> offset;         // per node: a parameter's first number in the weights
  std::vector<std::int64_t> state_at;       // per node: the first byte of a state that the model updates; -1: it is none
  std::vector<std::int64_t> input_at;       // per node: the first byte of the backend's copy of an input, in either of two rooms
  std::vector<int> gradient_of;             // per node: the parameter whose gradient it is, made where it belongs; -1: none
  std::vector<std::pair<int, int>> copies;  // parameters and the nodes that their gradients are copied from
  std::vector<kept_product> kept;
  memory_plan memory;
  std::unique_ptr<memory_block> arena, inputs, states, updated;
  shared_numbers<Real> counts, gradients;
  std::int64_t inputs_bytes = 0, states_bytes = 0, weights_bytes = 0;  // weights and their gradients, where the backend has copies of them

  std::int64_t offset_of(int node) const { return offset[static_cast<std::size_t>(node)]; }
  std::int64_t state_of(int node) const { return state_at[static_cast<std::size_t>(node)]; }

  /// What the backend's memory holds for the program. Panels and scratch come on top.
  std::int64_t needed_bytes() const { return memory.bytes + 2 * (states_bytes + inputs_bytes) + weights_bytes; }
};

/// Decides what a program is bound to, and allocates it.
template <class Backend>
class binder {
 public:
  using real_type = typename Backend::real;

  binder(Backend& backend, parameter_store<real_type>& weights, const blueprint& b, const extent_table& extents)
      : backend_{backend}, weights_{weights}, b_{b}, extents_{extents} {}

  /// Tensors that `stays` names are not trained; products of pairs are kept between passes as far as pair_budget bytes allow.
  /// errors: run time, a tensor that the weights lack or have otherwise; memory that the backend does not give
  [[gnu::cold]] binding<real_type> bind(const std::function<bool(std::string_view)>& stays, std::int64_t pair_budget) {
    connect_parameters();
    connect_states();
    if constexpr (!Backend::computes_on_host) copy_inputs_and_weights();
    const auto first_trained = find_trained(stays);
    const auto external = choose_external(first_trained);
    choose_kept(pair_budget);
    strip_sizes strips;
    if constexpr (Backend::fuses) strips = {Backend::strip, Backend::strip_bytes};
    made_.memory = plan_memory(b_, extents_, external, find_needed(b_, first_trained), made_.kept, idle_stretches(first_trained), strips, sizeof(real_type));
    made_.arena = take("arena", made_.memory.bytes);
    made_.states = take("states", made_.states_bytes);
    made_.updated = take("states", made_.states_bytes);
    if constexpr (!Backend::computes_on_host) made_.inputs = take("inputs", 2 * made_.inputs_bytes);
    made_.counts = shared_numbers<real_type>{"counts", static_cast<std::int64_t>(b_.axes.size())};
    return std::move(made_);
  }

 private:
  [[gnu::cold]] void connect_parameters() {
    made_.offset = std::vector<std::int64_t>(b_.nodes.size(), -1);
    for (const auto& v : b_.names) {
      if (v.takes_input()) continue;
      const auto* entry = weights_.find(extents_.name(v));
      if (!entry) fail("program: the weights have no tensor '", extents_.name(v), "'");
      const node& n = b_.at(v.node);
      if (static_cast<std::size_t>(n.axes.rank) != entry->shape.size())
        fail("program: tensor '", entry->pattern, "' has ", entry->shape.size(), " axes, but the program expects ", static_cast<int>(n.axes.rank));
      for (int k = 0; k < n.axes.rank; ++k)
        if (extents_.required(n.axes[k]) != entry->shape[static_cast<std::size_t>(k)])
          fail("program: tensor '", entry->pattern, "' has extent ", entry->shape[static_cast<std::size_t>(k)], " along axis '",
               extents_.name(n.axes[k]), "', but the program is bound to ", extents_.required(n.axes[k]));
      auto layers = entry->depths.rbegin();
      b_.for_each_repeat_around(n.region, [&](int around) {
        const int depth = b_.regions[static_cast<std::size_t>(around)].depth_axis;
        const std::int64_t theirs = layers == entry->depths.rend() ? 1 : *layers++;
        if (extents_.required(depth) != theirs)
          fail("program: tensor '", entry->pattern, "' is of ", theirs, " layers, but the program is bound to ", extents_.required(depth), " along axis '", extents_.name(depth), "'");
      });
      made_.offset[static_cast<std::size_t>(v.node)] = entry->offset;
    }
  }

  [[gnu::cold]] void connect_states() {
    made_.state_at = std::vector<std::int64_t>(b_.nodes.size(), -1);
    for (const auto& u : b_.updates) {
      made_.state_at[static_cast<std::size_t>(u.state)] = made_.states_bytes;
      made_.states_bytes += extents_.bytes_of_layers(u.state, sizeof(real_type));
    }
  }

  void copy_inputs_and_weights() {
    made_.input_at = std::vector<std::int64_t>(b_.nodes.size());
    for (const auto& v : b_.names)
      if (v.takes_input()) {
        made_.input_at[static_cast<std::size_t>(v.node)] = made_.inputs_bytes;
        made_.inputs_bytes += detail::in_lines(extents_.bytes(v.node, sizeof(real_type)));
      }
    made_.weights_bytes = weights_.size() * (b_.has_gradients ? 2 : 1) * static_cast<std::int64_t>(sizeof(real_type));
  }

  // For each name the first layer of the outermost repeat around it whose tensor is trained; -1: none.
  [[gnu::cold]] std::vector<std::int64_t> find_trained(const std::function<bool(std::string_view)>& stays) const {
    std::vector<std::int64_t> first(b_.names.size(), -1);
    for (std::size_t k = 0; k < b_.names.size(); ++k) {
      if (b_.names[k].role != named_value::role_kind::parameter) continue;
      const parameter_entry& e = *weights_.find(extents_.name(b_.names[k]));
      std::int64_t tensor = 0;
      while (stays && tensor < e.count && stays(parameter_store<real_type>::name_of_layer(e, tensor))) ++tensor;
      if (tensor < e.count || e.count == 0) first[k] = e.depths.empty() || e.count == 0 ? 0 : tensor / (e.count / e.depths[0]);
    }
    return first;
  }

  // A parameter's gradient is made where it belongs, unless its node is something else too; then it is copied. The nodes that are made elsewhere than in
  // the arena, each with a 1.
  [[gnu::cold]] std::vector<char> choose_external(std::span<const std::int64_t> first_trained) {
    std::vector<char> external(b_.nodes.size(), 0);
    made_.gradient_of = std::vector<int>(b_.nodes.size(), -1);
    if (!b_.has_gradients) return external;
    for (const auto& v : b_.names) {
      if (first_trained[static_cast<std::size_t>(&v - b_.names.data())] < 0 || b_.adjoint[static_cast<std::size_t>(v.node)] == 0) continue;
      const int adjoint = b_.adjoint[static_cast<std::size_t>(v.node)] - 1, g = b_.home(adjoint);
      const auto k = static_cast<std::size_t>(g);
      const node& p = b_.at(v.node);
      const bool in_its_gradient_region = b_.at(g).region == 0 ? p.region == 0 : b_.regions[static_cast<std::size_t>(b_.at(g).region)].forward == p.region;
      bool carried = false;
      for (const auto& r : b_.regions) carried = carried || (r.carry_out >= 0 && b_.home(r.carry_out) == g);
      const bool whole = extents_.bytes(g, sizeof(real_type)) == extents_.bytes(adjoint, sizeof(real_type));
      if (b_.producer[k] != 0 && in_its_gradient_region && made_.gradient_of[k] < 0 && !carried && g != b_.home(b_.result) && whole) {
        made_.gradient_of[k] = v.node;
        external[k] = 1;
      } else {
        made_.copies.push_back({v.node, adjoint});
      }
    }
    made_.gradients = shared_numbers<real_type>{"gradients", weights_.size()};
    return external;
  }

  // Where the gradients lie that a backward writes. What it does not write is zero, and stays so.
  [[gnu::cold]] std::vector<idle_stretch> idle_stretches(std::span<const std::int64_t> first_trained) const {
    std::vector<idle_stretch> all;
    constexpr auto bytes = static_cast<std::int64_t>(sizeof(real_type));
    for (std::size_t k = 0; k < b_.names.size(); ++k) {
      const int parameter = b_.names[k].node, gradient = b_.adjoint[static_cast<std::size_t>(parameter)] - 1, repeat = b_.outermost_repeat(b_.at(parameter).region);
      if (first_trained[k] < 0 || gradient < 0) continue;
      const std::int64_t begin = made_.offset_of(parameter) * bytes, size = extents_.bytes_of_layers(parameter, sizeof(real_type));
      const std::int64_t layers = repeat == 0 ? 1 : std::max<std::int64_t>(1, extents_.required(b_.regions[static_cast<std::size_t>(repeat)].depth_axis));
      all.push_back({begin + size / layers * first_trained[k], begin + size, first_step_of(b_.home(gradient))});
    }
    return all;
  }

  // The step of region 0 that begins to make a value, of a gradient that is copied before the copy; 0, as if early, where none does.
  [[gnu::cold]] int first_step_of(int n) const {
    int step = b_.producer[static_cast<std::size_t>(n)] - 1;
    if (step < 0) return 0;
    if (const int repeat = b_.outermost_repeat(b_.at(n).region); repeat > 0)
      for (const plan_step& s : b_.steps)
        if (s.kind == step_kind::repeat && b_.at(s.node).argument[0] == repeat) step = static_cast<int>(b_.number_of(s));
    const strip_group* const strips = b_.strips_of(step);
    const line_group* const lines = b_.lines_of(step);
    return (strips ? strips->begin : lines ? lines->begin : step) - b_.ranges[0].begin;
  }

  // From the extents, the precision and the budget alone, so that nothing else decides what runs.
  [[gnu::cold]] void choose_kept(std::int64_t pair_budget) {
    made_.kept = products_of_several_passes(b_);
    if constexpr (Backend::fuses) {
      if (!backend_.keeps_pairs()) return;
      for (kept_product& p : made_.kept) {
        const axis_list& axes = b_.at(p.node).axes;
        const auto extent = [&](int axis) { return p.strips && p.strips->axis == axis ? std::min(Backend::strip, extents_[axis]) : extents_[axis]; };
        const std::int64_t numbers = Backend::kept_pairs(extent(std::min(axes[0], axes[1])), extent(std::max(axes[0], axes[1])));
        const std::int64_t bytes = numbers * static_cast<std::int64_t>(sizeof(real_type));
        if (bytes > pair_budget) continue;
        p.numbers = numbers;
        pair_budget -= bytes;
      }
    }
  }

  // Room for a part of what the program needs, or a sentence that says how much it needs in all.
  [[gnu::cold]] std::unique_ptr<memory_block> take(std::string_view what, std::int64_t bytes) {
    auto block = backend_.allocate(bytes);
    if (!block) fail("bind: the program needs ", bytes_text(made_.needed_bytes()), ", of which its ", what, " of ", bytes_text(bytes), " found no room");
    return block;
  }

  Backend& backend_;
  parameter_store<real_type>& weights_;
  const blueprint& b_;
  const extent_table& extents_;
  binding<real_type> made_;
};

}  // namespace akin::inline v0
