// SPDX-License-Identifier: Apache-2.0
// Running a plan: a loop over steps, with the memory of a bound program. It knows backends, not models.
#pragma once

#include <akin/expr/kernel.hpp>
#include <akin/graph/binding.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

template <class Backend>
class execution;

/// How one step of the plan runs: shared code, and the chain that was compiled for it where it has one.
template <class Backend>
struct step_code {
  void (*run)(execution<Backend>&, const plan_step&, const typename Backend::compiled_chain&) = nullptr;
  typename Backend::compiled_chain chain{};
};

/// The state of a bound program: extents, arena, pointers.
template <class Backend>
class execution {
 public:
  using real_type = typename Backend::real;

  execution(Backend& backend, parameter_store<real_type>& weights, const blueprint& b, std::span<const step_code<Backend>> code)
      : backend_{backend}, weights_{weights}, b_{b}, code_{code}, extents_{b} {}

  const blueprint& plan() const { return b_; }
  const extent_table& extents() const { return extents_; }
  template <class Visit>
  void for_each_gradient(Visit visit) const {
    for (const named_value& v : b_.names)
      if (v.role == named_value::role_kind::parameter) visit(bound_to_.offset_of(v.node), extents_.bytes_of_layers(v.node, 1));
  }
  const memory_plan& memory() const { return bound_to_.memory; }
  Backend& backend() { return backend_; }
  const step_code<Backend>& code_of(const plan_step& s) const { return code_[b_.number_of(s)]; }
  bool bound() const { return bound_; }

  /// Fixes the largest extents and allocates. Every later run, with these or smaller extents, allocates nothing.
  /// Products of pairs that several passes read are kept from the first to the last as far as pair_budget bytes allow.
  [[gnu::cold]] void bind(const extent_table& largest, std::int64_t pair_budget) {
    bound_ = ran_ = has_values_ = has_gradients_ = false;
    extents_ = largest_ = largest;
    bound_to_ = {};  // the next one may need its room
    if constexpr (!Backend::computes_on_host) backend_.release();
    bound_to_ = binder<Backend>{backend_, weights_, b_, extents_}.bind(stays_, pair_budget);
    input_ = std::vector<void*>(b_.nodes.size());
    if constexpr (!Backend::computes_on_host) fetched_.resize(b_.nodes.size());
    scratch_ = std::vector<std::byte*>(b_.regions.size());
    saved_ = std::vector<std::byte*>(b_.regions.size());
    layer_ = std::vector<std::int64_t>(b_.regions.size());
    scratch_[0] = bound_to_.arena->data();
    set_counts();
    reserve();
    bound_ = true;
  }

  /// Smaller extents for the next runs.
  void resize(const extent_table& now) {
    for (std::size_t k = 0; k < b_.axes.size(); ++k)
      if (now[static_cast<int>(k)] > largest_[static_cast<int>(k)])
        fail("resize: axis '", now.name(static_cast<int>(k)), "' has extent ", now[static_cast<int>(k)], ", but the program was bound for at most ", largest_[static_cast<int>(k)]);
    for (const auto& v : b_.names)  // memory lent for other extents may be too small for these
      if (const axis_list& axes = b_.at(v.node).axes; now.size(axes) != extents_.size(axes)) input_[static_cast<std::size_t>(v.node)] = nullptr;
    extents_ = now;
    ran_ = has_values_ = has_gradients_ = false;
    set_counts();
  }

  void set_input(int n, const void* data) {
    input_[static_cast<std::size_t>(n)] = const_cast<void*>(data);
    ran_ = false;
  }
  void set_seed(std::uint64_t seed) {
    if (std::exchange(seed_, seed) != seed) ran_ = false;  // a gradient would draw other numbers than its forward
  }
  void freeze(std::function<bool(std::string_view)> stays) { stays_ = std::move(stays); }

  void forward() {
    require_inputs();
    ran_ = has_values_ = has_gradients_ = false;  // until it has run whole
    take_inputs();
    take_states();
    run(0, 0, b_.forward_steps);
    keep_updates(0);
    ran_ = has_values_ = true;
  }
  void backward() {
    if (!std::exchange(ran_, false)) fail("backward: forward has not run with these inputs, extents and random state since the last backward");
    weights_at_ = weights_.numbers().read_on(backend_);
    gradients_at_ = bound_to_.gradients.write_on(backend_);
    run(0, b_.forward_steps, b_.ranges[0].count - b_.forward_steps);
    copy_gradients(0);
    has_gradients_ = true;
  }
  bool has_values() const { return has_values_; }
  bool has_gradients() const { return has_gradients_; }
  std::int64_t needed_bytes() const { return bound_to_.needed_bytes(); }
  /// States that the model updates take their new values; a run, its gradient included, reads those from before it.
  void apply_updates() {
    if (b_.updates.empty()) return;
    real_type* const weights = weights_.numbers().update_on(backend_);
    for (const auto& u : b_.updates)
      backend_.copy(bound_to_.updated->data() + bound_to_.state_of(u.state), weights + bound_to_.offset_of(u.state), extents_.bytes_of_layers(u.state, sizeof(real_type)));
  }

  /// A value that is not finite, and where along its first axis; node -1: all are finite.
  struct not_finite {
    int node = -1;
    std::int64_t row = 0;
  };

  /// Looks at inputs and parameters, then runs forward again step by step: the first value that is not finite.
  not_finite first_not_finite() {
    require_inputs();
    ran_ = has_values_ = has_gradients_ = false;
    take_inputs();
    for (const auto& v : b_.names)
      if (const auto found = b_.at(v.node).region == 0 ? look_at(v.node) : look_at_layers(v); found.node >= 0) return found;
    for (int k = 0, ran = 0; k < b_.forward_steps; ++k) {
      if (k == ran) ran += static_cast<int>(run_from(static_cast<std::size_t>(k)));
      not_finite found;
      detail::for_each_result(b_.parts(), b_.steps[static_cast<std::size_t>(k)], [&](int n) {
        if (found.node < 0) found = look_at(n);
      });
      if (found.node >= 0) return found;
    }
    return {};
  }

  /// A node's numbers for the host to read: where they lie, or a copy that lasts until the next one of this node.
  template <class T>
  view<const T> on_host(int n) {
    const node& x = b_.at(n);
    if (const auto home = static_cast<std::size_t>(b_.home(n)); b_.nodes[home].op == &input_op)
      return extents_.shape(static_cast<const T*>(input_[home]) + first_number(n), x.axes);
    if constexpr (Backend::computes_on_host) return extents_.shape(static_cast<const T*>(pointer(n)), x.axes);
    else {
      auto& copy = fetched_[static_cast<std::size_t>(n)];
      const std::int64_t bytes = extents_.size(x.axes) * static_cast<std::int64_t>(sizeof(T));
      if (std::ssize(copy) < bytes) copy.resize(static_cast<std::size_t>(bytes));
      backend_.copy_out(pointer(n), copy.data(), bytes);
      return extents_.shape(reinterpret_cast<const T*>(copy.data()), x.axes);
    }
  }
  /// Empty while bind rehearses.
  [[gnu::noinline]] std::span<const std::int32_t> integers_on_host(int n) {
    if (rehearses_) return {};
    const auto v = on_host<std::int32_t>(n);
    return {v.data, static_cast<std::size_t>(v.size())};
  }
  /// The gradients of all parameters, laid out as the weights are.
  shared_numbers<real_type>& gradients() { return bound_to_.gradients; }

  // --- for step functions ----------------------------------------------------------------------------------------------------------

  /// Where the numbers of a node lie now, for the backend's eyes.
  void* pointer(int n) {
    const axis_list& axes = b_.at(n).axes;
    std::int64_t before = axes.rank > 0 && axes[0] == strip_axis_ && !is_of_strip(n) ? strip_begin_ : 0;
    for (int k = 1; k < axes.rank && before > 0; ++k) before *= extents_[axes[k]];
    return static_cast<std::byte*>(storage(n)) + before * b_.number_bytes(n, sizeof(real_type));
  }
  /// Where the entries of an axis begin that a step sees: 0, but in strips.
  std::int64_t begin_of(int axis) const { return axis == strip_axis_ ? strip_begin_ : 0; }
  /// Whether a result that is not of one strip alone has its part of earlier ones.
  bool goes_on(int n) const { return strip_axis_ >= 0 && strip_begin_ > 0 && !b_.at(n).axes.has(strip_axis_); }
  /// An axis' extent over all strips.
  std::int64_t whole_extent(int axis) const { return axis == strip_axis_ ? strips_extent_ : extents_[axis]; }
  [[gnu::noinline]] view<real_type> reals(int n) { return extents_.shape(static_cast<real_type*>(pointer(n)), b_.at(n).axes); }
  [[gnu::noinline]] view<std::int32_t> integers(int n) { return extents_.shape(static_cast<std::int32_t*>(pointer(n)), b_.at(n).axes); }
  kernel_value<real_type> value(int n) {
    kernel_value<real_type> v;
    if (b_.at(n).kind == value_kind::index) v.integers = integers(n);
    else v.reals = reals(n);
    return v;
  }
  /// What becomes of a product of pairs in this step.
  product_memory memory_of_product(int n, const plan_step& s) const {
    const int step = static_cast<int>(b_.number_of(s)) - b_.ranges[0].begin;
    for (const kept_product& p : bound_to_.kept)
      if (p.node == n && p.numbers > 0) return p.first == step ? product_memory::written : product_memory::read;
    return product_memory::none;
  }
  /// Where a product of pairs is kept: in strips one of them at a time.
  real_type* kept(int n) { return static_cast<real_type*>(storage(n)); }
  /// The random state of this step: the program's seed and the layer.
  std::int32_t seed() const {
    std::uint64_t h = seed_;
    for (const auto layer : layer_) h = mix(h + static_cast<std::uint64_t>(layer) + 0x9e3779b97f4a7c15ull);
    return static_cast<std::int32_t>(h >> 32);
  }
  void repeat(const plan_step& s) {
    const node& n = b_.at(s.node);
    const auto r = static_cast<std::size_t>(n.argument[0]);
    const region_entry& region = b_.regions[r];
    const bool backwards = region.forward >= 0;
    const auto f = backwards ? static_cast<std::size_t>(region.forward) : r;
    const std::int64_t layers = extents_[region.depth_axis];
    const auto parent = static_cast<std::size_t>(region.parent);
    const std::int64_t bytes = extents_.bytes(s.node, sizeof(real_type));
    const auto forward_parent = static_cast<std::size_t>(b_.regions[f].parent);
    const memory_plan::frame& frame = bound_to_.memory.frames[f];
    const bool recomputed = frame.carry_bytes > 0;
    std::byte* const kept = (forward_parent == 0 ? scratch_[0] : saved_[forward_parent]) + frame.saved_at;
    scratch_[r] = scratch_[parent] + bound_to_.memory.frames[r].scratch_at;
    if (recomputed) {  // one saved frame for all layers
      if (backwards) scratch_[f] = scratch_[parent] + frame.again_at;
      saved_[f] = scratch_[f] + frame.scratch_bytes;
    }
    const void* carried = pointer(n.in[0]);
    for (std::int64_t step = 0; step < layers - (backwards ? frame.first_layer : 0); ++step) {
      const std::int64_t layer = backwards ? layers - 1 - step : step;
      const std::int64_t place = frame.place_of(layer);
      std::byte* const of_layer = place < frame.lent_from ? kept + place * frame.kept_bytes()
                                                          : reinterpret_cast<std::byte*>(gradients_at_) + frame.lent_at + (place - frame.lent_from) * frame.kept_bytes();
      layer_[f] = layer;  // the gradient's body shares its layer's number: dropout draws the same numbers again
      if (!recomputed) saved_[f] = of_layer;
      else if (!backwards) backend_.copy(carried, of_layer, bytes);
      else {
        backend_.copy(of_layer, pointer(b_.regions[f].carry_in), bytes);
        run(static_cast<int>(f), 0, b_.ranges[f].count);
      }
      void* const argument = pointer(region.carry_in);
      if (argument != carried) backend_.copy(carried, argument, bytes);  // a layer's result may lie where its argument did
      run(static_cast<int>(r), 0, b_.ranges[r].count);
      if (backwards) copy_gradients(static_cast<int>(r));
      else keep_updates(static_cast<int>(r));
      carried = region.carry_out >= 0 ? pointer(region.carry_out) : carried;
    }
    backend_.copy(carried, pointer(s.node), bytes);
    layer_[f] = 0;
  }

 private:
  // Whether it exists for one strip at a time.
  bool is_of_strip(int n) const { return bound_to_.memory.of_strip[static_cast<std::size_t>(b_.home(n))] != 0; }

  // Where the numbers of a node begin.
  void* storage(int n) {
    return static_cast<std::byte*>(home_storage(b_.home(n))) + first_number(n) * b_.number_bytes(n, sizeof(real_type));
  }

  // Which of its home's numbers is the first of an alias. In strips too the entries of its operand lie whole.
  std::int64_t first_number(int n) const {
    std::int64_t first = 0;
    for (; b_.at(n).op->plays == role::alias; n = b_.at(n).in[0]) {
      const node& x = b_.at(n);
      if (x.op != &stretch_op) continue;
      const axis_list& whole = b_.at(x.in[0]).axes;
      const std::int64_t taken = x.argument[1] < 0 ? 1 : whole_extent(x.argument[1]);
      std::int64_t numbers = x.argument[2];
      if (numbers + taken > whole_extent(whole[0])) fail("take: entry ", numbers + taken - 1, " of an axis of extent ", whole_extent(whole[0]));
      for (int k = 1; k < whole.rank; ++k) numbers *= whole_extent(whole[k]);
      first += numbers;
    }
    return first;
  }

  void* home_storage(int n) {
    const auto k = static_cast<std::size_t>(n);
    const node& x = b_.at(n);
    if (x.op == &input_op) return Backend::computes_on_host ? input_[k] : bound_to_.inputs->data() + input_room_ * bound_to_.inputs_bytes + bound_to_.input_at[k];
    if (x.op == &parameter_op && bound_to_.state_at[k] >= 0) return bound_to_.states->data() + bound_to_.state_at[k] + layer_offset(n) * static_cast<std::int64_t>(sizeof(real_type));
    if (x.op == &parameter_op) return weights_at_ + parameter_offset(n);
    if (x.op == &count_op) return counts_at_ + x.argument[0];
    if (bound_to_.gradient_of[k] >= 0) return gradients_at_ + parameter_offset(bound_to_.gradient_of[k]);
    const auto r = static_cast<std::size_t>(x.region);
    return (bound_to_.memory.saved[k] && r > 0 ? saved_[r] : scratch_[r]) + bound_to_.memory.offset[k];
  }

  // What `where` chooses was looked at where it was made, or is an infinity that the model wrote: no candidate. Nor is what exists for a strip: what reads it is.
  // Nor is the infinity that a maximum, a k-th largest or a log_sum_exp of nothing is.
  not_finite look_at(int n) {
    const node& x = b_.at(n);
    if (x.kind == value_kind::index || x.region != 0 || x.op == &where_op || is_of_strip(n)) return {};
    const real_type* const p = on_host<real_type>(n).data;
    const auto count = extents_.size(x.axes);
    const real_type of_none = x.op->plays == role::reduce ? start_of(x.op->reduces) : real_type{};  // as of rows that `where` has emptied
    for (std::int64_t i = 0; i < count; ++i)
      if (!std::isfinite(static_cast<double>(p[i])) && p[i] != of_none) return {n, x.axes.rank == 0 ? 0 : i / (count / extents_[x.axes[0]])};
    return {};
  }

  not_finite look_at_layers(const named_value& v) {
    const auto& e = *weights_.find(extents_.name(v));
    const auto values = std::as_const(weights_).values().subspan(static_cast<std::size_t>(e.offset), static_cast<std::size_t>(e.slice * e.count));
    const auto found = std::find_if(values.begin(), values.end(), [](real_type x) { return !std::isfinite(static_cast<double>(x)); });
    if (found == values.end()) return {};
    return {v.node, e.shape.empty() ? 0 : (found - values.begin()) % e.slice / (e.slice / e.shape[0])};
  }

  void run(int region, int begin, int count) {
    const auto first = static_cast<std::size_t>(b_.ranges[static_cast<std::size_t>(region)].begin + begin);
    for (std::size_t k = first; k < first + static_cast<std::size_t>(count);) k += run_from(k);
  }

  // Runs the strips that begin with a step, or what run_in_strip does; how many steps that are.
  std::size_t run_from(std::size_t k) {
    const strip_group* const strips = strips_from(static_cast<int>(k));
    if (!strips) return run_in_strip(k);
    run_strips(*strips);
    return static_cast<std::size_t>(strips->count);
  }

  // Runs a step, or the group of lines that begins with it; how many steps that are.
  std::size_t run_in_strip(std::size_t k) {
    const line_group* const lines = b_.lines_of(static_cast<int>(k));
    const auto count = lines ? static_cast<std::size_t>(lines->count) : 1;
    bool runs = false;
    for (std::size_t step = k; step < k + count; ++step) runs = runs || bound_to_.memory.runs(b_, b_.steps[step]);
    if (runs) run_step(k);
    return count;
  }

  void run_step(std::size_t k) {
    try {
      code_[k].run(*this, b_.steps[k], code_[k].chain);
    } catch (const device_error& e) {
      int result = -1;
      detail::for_each_result(b_.parts(), b_.steps[k], [&](int n) { result = result < 0 ? n : result; });
      fail(e.what(), ", in the step of ", describe_node(b_, extents_, result));
    }
  }

  // What a backend needs beside the arena. One whose memory is dear learns it from the steps, run without their work.
  void reserve() {
    if constexpr (Backend::computes_on_host) return backend_.reserve(b_, extents_);
    else {
      weights_at_ = weights_.numbers().read_on(backend_);
      counts_at_ = bound_to_.counts.read_on(backend_);
      if (b_.has_gradients) gradients_at_ = bound_to_.gradients.write_on(backend_);
      const struct rehearsal {
        bool& now;
        ~rehearsal() { now = false; }
      } until_here{rehearses_ = true};
      backend_.reserve([&] { run(0, 0, b_.ranges[0].count); });
    }
  }

  // The strips that begin with a step.
  const strip_group* strips_from(int step) const {
    const strip_group* const found = b_.strips_of(step);
    return found && found->begin == step ? found : nullptr;
  }

  void run_strips(const strip_group& g) {
    strip_axis_ = g.axis;
    strips_extent_ = extents_[g.axis];
    const struct restore {
      execution& e;
      ~restore() {
        e.extents_.replace(e.strip_axis_, e.strips_extent_);
        e.strip_axis_ = -1;
      }
    } at_the_end{*this};
    const std::int64_t strip = bound_to_.memory.strips[static_cast<std::size_t>(&g - b_.strips.data())];
    for (strip_begin_ = 0; strip_begin_ == 0 || strip_begin_ < strips_extent_; strip_begin_ += strip) {
      extents_.replace(g.axis, std::min(strip, strips_extent_ - strip_begin_));
      for (auto k = static_cast<std::size_t>(g.begin); k < static_cast<std::size_t>(g.begin + g.count);) k += run_in_strip(k);
    }
  }

  std::int64_t parameter_offset(int n) const { return bound_to_.offset_of(n) + layer_offset(n); }
  // How many numbers of a parameter belong to the layers before the one that runs.
  std::int64_t layer_offset(int n) const {
    const node& x = b_.at(n);
    std::int64_t layer = 0;
    // Outermost first: index = (layer of outer) * |inner| + layer of inner.
    std::array<int, max_regions> around{};
    int depth = 0;
    b_.for_each_repeat_around(x.region, [&](int number) { around[static_cast<std::size_t>(depth++)] = number; });
    while (depth-- > 0) {
      const auto r = static_cast<std::size_t>(around[static_cast<std::size_t>(depth)]);
      layer = layer * extents_[b_.regions[r].depth_axis] + layer_[r];
    }
    return layer == 0 ? 0 : layer * extents_.size(x.axes);
  }

  void copy_gradients(int region) {
    for (const auto& [parameter, g] : bound_to_.copies) {
      const int home = b_.at(parameter).region;
      if (home != (region == 0 ? 0 : b_.regions[static_cast<std::size_t>(region)].forward)) continue;
      backend_.copy(pointer(g), gradients_at_ + parameter_offset(parameter), extents_.bytes(parameter, sizeof(real_type)));
    }
  }

  void set_counts() {
    const auto counts = bound_to_.counts.host();
    for (std::size_t k = 0; k < counts.size(); ++k) counts[k] = static_cast<real_type>(extents_[static_cast<int>(k)]);
  }

  // What the host may have changed, where the backend computes.
  void take_inputs() {
    weights_at_ = weights_.numbers().read_on(backend_);
    if constexpr (requires { backend_.look_at_weights(weights_at_, weights_.size(), weights_.numbers().version()); })
      backend_.look_at_weights(weights_at_, weights_.size(), weights_.numbers().version());
    counts_at_ = bound_to_.counts.read_on(backend_);
    if (b_.has_gradients) gradients_at_ = bound_to_.gradients.write_on(backend_);  // forward makes those that its own passes yield
    if constexpr (!Backend::computes_on_host) {
      input_room_ = 1 - input_room_;  // the step before may still read the other one
      backend_.begin_inputs();
      for (const auto& v : b_.names)
        if (v.takes_input()) backend_.copy_input(input_[static_cast<std::size_t>(v.node)], pointer(v.node), extents_.bytes(v.node, sizeof(real_type)));
      backend_.end_inputs();
    }
  }

  // Copies of the states that this run reads and updates: the gradient recomputes from the values that forward saw.
  void take_states() {
    for (const auto& u : b_.updates)
      backend_.copy(weights_at_ + bound_to_.offset_of(u.state), bound_to_.states->data() + bound_to_.state_of(u.state), extents_.bytes_of_layers(u.state, sizeof(real_type)));
  }

  // The new values of the states of a region, before the next layer computes its own.
  void keep_updates(int region) {
    for (const auto& u : b_.updates)
      if (b_.at(u.state).region == region)
        backend_.copy(pointer(u.value), bound_to_.updated->data() + bound_to_.state_of(u.state) + layer_offset(u.state) * static_cast<std::int64_t>(sizeof(real_type)),
                      extents_.bytes(u.state, sizeof(real_type)));
  }

  void require_inputs() {
    if (!bound_) fail("forward: the program is not bound");
    for (const auto& v : b_.names)
      if (v.takes_input() && input_[static_cast<std::size_t>(v.node)] == nullptr && extents_.size(b_.at(v.node).axes) > 0)
        fail("forward: input '", b_.name(v), "' is not set");
  }

  Backend& backend_;
  parameter_store<real_type>& weights_;
  blueprint b_;
  std::span<const step_code<Backend>> code_;
  extent_table extents_, largest_;
  std::function<bool(std::string_view)> stays_;
  binding<real_type> bound_to_;
  std::vector<void*> input_;
  std::int64_t input_room_ = 0;
  std::vector<std::vector<std::byte>> fetched_;
  std::vector<std::byte*> scratch_, saved_;
  std::vector<std::int64_t> layer_;
  real_type *weights_at_ = nullptr, *counts_at_ = nullptr, *gradients_at_ = nullptr;
  std::uint64_t seed_ = 0;
  int strip_axis_ = -1;  // while strips run
  std::int64_t strip_begin_ = 0, strips_extent_ = 0;
  bool bound_ = false, rehearses_ = false, ran_ = false, has_values_ = false, has_gradients_ = false;
};

}  // namespace akin::inline v0
