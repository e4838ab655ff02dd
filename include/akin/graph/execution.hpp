// SPDX-License-Identifier: Apache-2.0
// Running a plan: a loop over steps, with the memory of a bound program. It knows backends, not models.
#pragma once

#include <akin/expr/kernel.hpp>
#include <akin/graph/memory.hpp>
#include <akin/graph/parameters.hpp>

#include <cmath>
#include <cstring>
#include <memory>
#include <new>
#include <span>
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
  const memory_plan& memory() const { return memory_; }
  Backend& backend() { return backend_; }
  bool bound() const { return bound_; }

  /// Fixes the largest extents and allocates. Every later run, with these or smaller extents, allocates nothing.
  /// Products of pairs that several passes read are kept from the first to the last as far as pair_budget bytes allow.
  void bind(const extent_table& largest, std::int64_t pair_budget) {
    bound_ = ran_ = has_gradients_ = false;
    extents_ = largest;
    connect_parameters();
    connect_states();
    choose_external();
    choose_kept(pair_budget);
    memory_ = plan_memory(b_, extents_, external_, kept_, sizeof(real_type));
    arena_.reset(static_cast<std::byte*>(::operator new(static_cast<std::size_t>(memory_.bytes + 64), std::align_val_t{64}, std::nothrow)));
    if (!arena_) fail("bind: the program needs an arena of ", memory_.bytes / 1'000'000, " MB, which the machine does not give");
    std::memset(arena_.get(), 0, static_cast<std::size_t>(memory_.bytes));
    largest_ = extents_;
    input_.assign(b_.nodes.size(), nullptr);
    scratch_.assign(b_.regions.size(), nullptr);
    saved_.assign(b_.regions.size(), nullptr);
    layer_.assign(b_.regions.size(), 0);
    scratch_[0] = arena_.get();
    counts_.assign(b_.axes.size(), real_type{});
    backend_.reserve(b_, extents_);
    bound_ = true;
    set_counts();
  }

  /// Smaller extents for the next runs.
  void resize(const extent_table& now) {
    for (std::size_t k = 0; k < b_.axes.size(); ++k)
      if (now[static_cast<int>(k)] > largest_[static_cast<int>(k)])
        fail("resize: axis '", now.name(static_cast<int>(k)), "' has extent ", now[static_cast<int>(k)], ", but the program was bound for at most ", largest_[static_cast<int>(k)]);
    for (const auto& v : b_.names)  // memory lent for other extents may be too small for these
      if (const axis_list& axes = b_.at(v.node).axes; now.size(axes) != extents_.size(axes)) input_[static_cast<std::size_t>(v.node)] = nullptr;
    extents_ = now;
    ran_ = has_gradients_ = false;
    set_counts();
  }

  void set_input(int n, const void* data) {
    if (!bound_) fail("set: the program is not bound");
    input_[static_cast<std::size_t>(n)] = const_cast<void*>(data);
  }
  void set_seed(std::uint64_t seed) { seed_ = seed; }

  void forward() {
    require_inputs();
    take_states();
    run(0, 0, b_.forward_steps);
    keep_updates(0);
    ran_ = true;
    has_gradients_ = false;
  }
  void backward() {
    if (!ran_) fail("backward: forward has not run with these extents");
    run(0, b_.forward_steps, b_.ranges[0].count - b_.forward_steps);
    copy_gradients(0);
    has_gradients_ = true;
  }
  bool has_gradients() const { return has_gradients_; }
  /// States that the model updates take their new values; a run, its gradient included, reads those from before it.
  void apply_updates() {
    for_each_state([&](std::int64_t stored, std::int64_t copy, std::int64_t count) { std::copy_n(updated_.data() + copy, count, weights_.values().data() + stored); });
  }

  /// A value that is not finite, and where along its first axis; node -1: all are finite.
  struct not_finite {
    int node = -1;
    std::int64_t row = 0;
  };

  /// Looks at inputs and parameters, then runs forward again step by step: the first value that is not finite.
  not_finite first_not_finite() {
    require_inputs();
    for (const auto& v : b_.names)
      if (const auto found = look_at(v.node); found.node >= 0) return found;
    for (int k = 0; k < b_.forward_steps; ++k) {
      run(0, k, 1);
      not_finite found;
      detail::for_each_result(b_, b_.steps[static_cast<std::size_t>(b_.ranges[0].begin + k)], [&](int n) {
        if (found.node < 0) found = look_at(n);
      });
      if (found.node >= 0) return found;
    }
    return {};
  }

  // --- for step functions ----------------------------------------------------------------------------------------------------------

  /// Where the numbers of a node lie now.
  void* pointer(int n) {
    n = b_.home(n);
    const auto k = static_cast<std::size_t>(n);
    const node& x = b_.at(n);
    if (x.op == &input_op) return input_[k];
    if (x.op == &parameter_op && state_at_[k] >= 0) return states_.data() + state_at_[k] + layer_offset(n);
    if (x.op == &parameter_op) return weights_.values().data() + parameter_offset(n);
    if (x.op == &count_op) return &counts_[static_cast<std::size_t>(x.argument[0])];
    if (gradient_of_[k] >= 0) return gradients_.data() + parameter_offset(gradient_of_[k]);
    const auto r = static_cast<std::size_t>(x.region);
    return (memory_.saved[k] && r > 0 ? saved_[r] : scratch_[r]) + memory_.offset[k];
  }
  view<real_type> reals(int n) { return extents_.shape(static_cast<real_type*>(pointer(n)), b_.at(n).axes); }
  view<std::int32_t> integers(int n) { return extents_.shape(static_cast<std::int32_t*>(pointer(n)), b_.at(n).axes); }
  kernel_value<real_type> value(int n) {
    kernel_value<real_type> v;
    if (b_.at(n).kind == value_kind::index) v.integers = integers(n);
    else v.reals = reals(n);
    return v;
  }
  /// What becomes of a product of pairs in this step.
  product_memory memory_of_product(int n, const plan_step& s) const {
    const int step = static_cast<int>(&s - b_.steps.data()) - b_.ranges[0].begin;
    for (const kept_product& p : kept_)
      if (p.node == n && p.numbers > 0) return p.first == step ? product_memory::written : product_memory::read;
    return product_memory::none;
  }
  /// The random state of this step: the program's seed and the layer.
  std::int32_t seed() const {
    std::uint64_t h = seed_;
    for (const auto layer : layer_) h = mix(h + static_cast<std::uint64_t>(layer) + 0x9e3779b97f4a7c15ull);
    return static_cast<std::int32_t>(h >> 32);
  }
  void repeat(const plan_step& s);
  std::span<real_type> gradients() { return gradients_; }

 private:
  struct deleter {
    void operator()(std::byte* p) const { ::operator delete(p, std::align_val_t{64}); }
  };

  not_finite look_at(int n) {
    const node& x = b_.at(n);
    if (x.kind == value_kind::index || x.region != 0) return {};
    const auto* const p = static_cast<const real_type*>(pointer(n));
    const auto count = extents_.size(x.axes);
    for (std::int64_t i = 0; i < count; ++i)
      if (!std::isfinite(static_cast<double>(p[i]))) return {n, x.axes.rank == 0 ? 0 : i / (count / extents_[x.axes[0]])};
    return {};
  }

  void run(int region, int begin, int count) {
    const auto first = static_cast<std::size_t>(b_.ranges[static_cast<std::size_t>(region)].begin + begin);
    for (std::size_t k = first; k < first + static_cast<std::size_t>(count); ++k) code_[k].run(*this, b_.steps[k], code_[k].chain);
  }

  void connect_parameters() {
    offset_.assign(b_.nodes.size(), -1);
    for (const auto& v : b_.names) {
      if (v.role == named_value::role_kind::input || v.role == named_value::role_kind::data) continue;
      const auto* entry = weights_.find(b_.name(v));
      if (!entry) fail("program: the weights have no tensor '", b_.name(v), "'");
      const node& n = b_.at(v.node);
      for (int k = 0; k < n.axes.rank; ++k)
        if (static_cast<std::size_t>(n.axes.rank) != entry->shape.size() || extents_.required(n.axes[k]) != entry->shape[static_cast<std::size_t>(k)])
          fail("program: tensor '", b_.name(v), "' has extent ", entry->shape[static_cast<std::size_t>(k)], " along axis '",
               extents_.name(n.axes[k]), "', but the program is bound to ", extents_.required(n.axes[k]));
      offset_[static_cast<std::size_t>(v.node)] = entry->offset;
    }
  }

  std::int64_t parameter_offset(int n) const { return offset_[static_cast<std::size_t>(n)] + layer_offset(n); }
  // How many numbers of a parameter belong to the layers before the one that runs.
  std::int64_t layer_offset(int n) const {
    const node& x = b_.at(n);
    std::int64_t layer = 0;
    // Outermost first: index = (layer of outer) * |inner| + layer of inner.
    std::array<int, max_regions> around{};
    int depth = 0;
    for (int r = x.region; r > 0; r = b_.regions[static_cast<std::size_t>(r)].parent) around[static_cast<std::size_t>(depth++)] = r;
    while (depth-- > 0) {
      const auto r = static_cast<std::size_t>(around[static_cast<std::size_t>(depth)]);
      layer = layer * extents_[b_.regions[r].depth_axis] + layer_[r];
    }
    return layer == 0 ? 0 : layer * extents_.size(x.axes);
  }

  // A parameter's gradient is made where it belongs, unless its node is something else too; then it is copied.
  void choose_external() {
    external_.assign(b_.nodes.size(), 0);
    gradient_of_.assign(b_.nodes.size(), -1);
    copies_.clear();
    if (b_.adjoint.empty()) return;
    for (const auto& v : b_.names) {
      if (v.role != named_value::role_kind::parameter || b_.adjoint[static_cast<std::size_t>(v.node)] == 0) continue;
      const int g = b_.home(b_.adjoint[static_cast<std::size_t>(v.node)] - 1);
      const auto k = static_cast<std::size_t>(g);
      const node& p = b_.at(v.node);
      const bool in_its_gradient_region = b_.at(g).region == 0 ? p.region == 0 : b_.regions[static_cast<std::size_t>(b_.at(g).region)].forward == p.region;
      bool carried = false;
      for (const auto& r : b_.regions) carried = carried || (r.carry_out >= 0 && b_.home(r.carry_out) == g);
      if (b_.producer[k] != 0 && in_its_gradient_region && gradient_of_[k] < 0 && !carried && g != b_.home(b_.result)) {
        gradient_of_[k] = v.node;
        external_[k] = 1;
      } else {
        copies_.push_back({v.node, g});
      }
    }
    gradients_.assign(static_cast<std::size_t>(weights_.size()), real_type{});
  }

  void copy_gradients(int region) {
    for (const auto& [parameter, g] : copies_) {
      const int home = b_.at(parameter).region;
      if (home != (region == 0 ? 0 : b_.regions[static_cast<std::size_t>(region)].forward)) continue;
      std::memcpy(gradients_.data() + parameter_offset(parameter), pointer(g), static_cast<std::size_t>(extents_.size(b_.at(parameter).axes)) * sizeof(real_type));
    }
  }

  // From the extents and the budget alone, so that nothing else decides what runs.
  void choose_kept(std::int64_t pair_budget) {
    kept_ = products_of_several_passes(b_);
    if constexpr (Backend::fuses)
      for (kept_product& p : kept_) {
        const axis_list& axes = b_.at(p.node).axes;
        const std::int64_t numbers = Backend::kept_pairs(extents_[std::min(axes[0], axes[1])], extents_[std::max(axes[0], axes[1])]);
        const std::int64_t bytes = numbers * static_cast<std::int64_t>(sizeof(real_type));
        if (bytes > pair_budget) continue;
        p.numbers = numbers;
        pair_budget -= bytes;
      }
  }

  void set_counts() {
    for (std::size_t k = 0; k < counts_.size(); ++k) counts_[k] = static_cast<real_type>(extents_[static_cast<int>(k)]);
  }

  // Copies of the states that this run reads and updates: the gradient recomputes from the values that forward saw.
  void take_states() {
    for_each_state([&](std::int64_t stored, std::int64_t copy, std::int64_t count) { std::copy_n(weights_.values().data() + stored, count, states_.data() + copy); });
  }

  // The new values of the states of a region, before the next layer computes its own.
  void keep_updates(int region) {
    for (const auto& u : b_.updates)
      if (b_.at(u.state).region == region)
        std::memcpy(updated_.data() + state_at_[static_cast<std::size_t>(u.state)] + layer_offset(u.state), pointer(u.value),
                    static_cast<std::size_t>(extents_.size(b_.at(u.state).axes)) * sizeof(real_type));
  }

  // Calls visit(place in the weights, place in a copy, numbers of all layers) for every state that the model updates.
  template <class Visit>
  void for_each_state(Visit visit) const {
    for (const auto& u : b_.updates) visit(offset_[static_cast<std::size_t>(u.state)], state_at_[static_cast<std::size_t>(u.state)], numbers_of_state(u.state));
  }
  std::int64_t numbers_of_state(int n) const {
    std::int64_t numbers = extents_.size(b_.at(n).axes);
    for (int r = b_.at(n).region; r > 0; r = b_.regions[static_cast<std::size_t>(r)].parent) numbers *= extents_[b_.regions[static_cast<std::size_t>(r)].depth_axis];
    return numbers;
  }

  void connect_states() {
    std::int64_t size = 0;
    state_at_.assign(b_.nodes.size(), -1);
    for (const auto& u : b_.updates) {
      state_at_[static_cast<std::size_t>(u.state)] = size;
      size += numbers_of_state(u.state);
    }
    states_.assign(static_cast<std::size_t>(size), real_type{});
    updated_ = states_;
  }

  void require_inputs() {
    if (!bound_) fail("forward: the program is not bound");
    for (const auto& v : b_.names)
      if ((v.role == named_value::role_kind::input || v.role == named_value::role_kind::data) &&
          input_[static_cast<std::size_t>(v.node)] == nullptr && extents_.size(b_.at(v.node).axes) > 0)
        fail("forward: input '", b_.name(v), "' is not set");
  }

  Backend& backend_;
  parameter_store<real_type>& weights_;
  blueprint b_;
  std::span<const step_code<Backend>> code_;
  extent_table extents_, largest_;
  std::vector<kept_product> kept_;
  memory_plan memory_;
  std::unique_ptr<std::byte, deleter> arena_;
  std::vector<void*> input_;
  std::vector<std::byte*> scratch_, saved_;
  std::vector<std::int64_t> layer_, offset_, state_at_;
  std::vector<char> external_;
  std::vector<int> gradient_of_;
  std::vector<std::pair<int, int>> copies_;
  std::vector<real_type> counts_, gradients_, states_, updated_;
  std::uint64_t seed_ = 0;
  bool bound_ = false, ran_ = false, has_gradients_ = false;
};

template <class Backend>
void execution<Backend>::repeat(const plan_step& s) {
  const node& n = b_.at(s.node);
  const auto r = static_cast<std::size_t>(n.argument[0]);
  const region_entry& region = b_.regions[r];
  const bool backwards = region.forward >= 0;
  const auto f = backwards ? static_cast<std::size_t>(region.forward) : r;
  const std::int64_t layers = extents_[region.depth_axis];
  const auto parent = static_cast<std::size_t>(region.parent);
  const auto bytes = static_cast<std::size_t>(extents_.size(n.axes)) * sizeof(real_type);
  const auto forward_parent = static_cast<std::size_t>(b_.regions[f].parent);
  std::byte* const saved = (forward_parent == 0 ? scratch_[0] : saved_[forward_parent]) + memory_.frames[f].saved_at;
  scratch_[r] = scratch_[parent] + memory_.frames[r].scratch_at;
  const void* carried = pointer(n.in[0]);
  for (std::int64_t step = 0; step < layers; ++step) {
    const std::int64_t layer = backwards ? layers - 1 - step : step;
    layer_[f] = layer;  // the gradient's body shares its layer's number: dropout draws the same numbers again
    saved_[f] = saved + layer * memory_.frames[f].saved_bytes;
    std::memcpy(pointer(region.carry_in), carried, bytes);
    run(static_cast<int>(r), 0, b_.ranges[r].count);
    if (backwards) copy_gradients(static_cast<int>(r));
    else keep_updates(static_cast<int>(r));
    carried = region.carry_out >= 0 ? pointer(region.carry_out) : carried;
  }
  std::memcpy(pointer(s.node), carried, bytes);
  layer_[f] = 0;
}

}  // namespace akin::inline v0
