// SPDX-License-Identifier: Apache-2.0
// A model on a backend: bind extents, set inputs, run forward and backward, read results.
#pragma once

#include <akin/graph/check.hpp>
#include <akin/graph/explain.hpp>
#include <akin/graph/steps.hpp>

#include <cstdint>
#include <functional>
#include <span>  // enable_borrowed_range too: <ranges> costs every file more
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace akin::inline v0 {
namespace detail {

template <class Model, mode Mode>
constexpr int find_name(std::string_view name) {
  constexpr const model& m = full_graph<Model, Mode>;
  for (int k = 0; k < m.name_count; ++k) {
    const auto& v = m.names[static_cast<std::size_t>(k)];
    if (v.takes_input() && m.text_at(v.text_begin, v.text_size) == name) return v.node;
  }
  return -1;
}
template <class Model, mode Mode>
constexpr int find_output(std::string_view name) {
  constexpr const model& m = full_graph<Model, Mode>;
  for (int k = 0; k < m.output_count; ++k)
    if (m.text_at(m.outputs[static_cast<std::size_t>(k)].text_begin, m.outputs[static_cast<std::size_t>(k)].text_size) == name) return m.outputs[static_cast<std::size_t>(k)].node;
  return -1;
}

template <class Values>
inline constexpr bool is_temporary = !std::is_lvalue_reference_v<Values> && !std::ranges::enable_borrowed_range<std::remove_cv_t<Values>>;
template <class Values, class Real>
inline constexpr bool has_numbers = std::is_convertible_v<Values, std::span<const Real>> || std::is_convertible_v<Values, std::span<const std::int32_t>>;
template <class Values, class Real>
inline constexpr bool can_lend = has_numbers<Values, Real> && !is_temporary<Values>;
template <class Values, class Real>
constexpr void refuse_to_lend() {
  static_assert(!is_temporary<Values> || !has_numbers<Values, Real>, "akin: set: a temporary is gone before the run; keep the numbers in a variable");
  static_assert(has_numbers<Values, Real>,
                "akin: set: numbers of another type: a vector, an array or a span of the program's reals, or of std::int32_t for indices");
}

}  // namespace detail

/// A model compiled for a backend. One thread uses it at a time; any number of programs run side by side.
/// cost:   bind allocates everything; forward and backward allocate nothing
/// errors: run time, one sentence that names the axis or the input
template <class Model, class Backend, mode Mode = mode::training>
class program {
  // Here, and not where it is used, so that few instantiations stand between the mistake and the user's line.
  static_assert(has_define<Model>, "akin: program: the model has no public static constexpr auto define(akin::model&) that compiles: see the compiler's first error");
  static_assert(!has_define<Model> || returns_an_expression<Model>, "akin: program: the model's define returns no expression");
  static_assert(!returns_an_expression<Model> || has_graph<Model, Mode>,
                "akin: program: the model's define does not run in the compiler: it is not constexpr, takes its model by value, or writes more than docs/architecture.md "
                "allows");
  static_assert(result_is_real<detail::result_type<Model>>, "akin: program: the result is an integer or a condition: as_real(...) makes it a real");
  static_assert(detail::looked_at(detail::check_graph<Model, Mode, Backend::fuses>(), detail::check_parameters<Model, Mode, Backend::fuses>(),
                                  detail::check_kernels<Model, Mode, Backend>()));

 public:
  using real_type = typename Backend::real;

  /// Borrows the weights, which must outlive the program. The backend object holds threads and scratch; it is made where none is given.
  template <class... BackendArguments>
  explicit program(parameter_store<real_type>& weights, BackendArguments&&... arguments)
      : weights_{weights}, backend_{std::forward<BackendArguments>(arguments)...}, execution_{backend_, weights, plan(), code()} {}
  template <class... BackendArguments>
  explicit program(parameters<Model, real_type>& weights, BackendArguments&&... arguments)
      : program{static_cast<parameter_store<real_type>&>(weights), std::forward<BackendArguments>(arguments)...} {
    own_ = &weights;
  }
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  /// Bytes that bind may spend on keeping products of pairs between passes, which saves computing them again; 0: no value of that size is ever stored.
  /// For binds from now on; 512 MiB unless told.
  /// errors:  run time, for less than 0
  void pair_budget(std::int64_t bytes) {
    if (bytes < 0) fail("pair_budget: ", bytes, " bytes, expected 0 or more");
    pair_budget_ = bytes;
  }

  /// Parameters whose tensors `stays` names have no gradient: what would only lead there is not computed, and not kept. For binds from now on.
  /// cost:    of a tower that stays nothing but its forward; of one whose first blocks stay the gradient of the others
  /// example: program.freeze([](std::string_view name) { return name.starts_with("visual."); });
  void freeze(std::function<bool(std::string_view name)> stays) { execution_.freeze(std::move(stays)); }

  /// Fixes the largest extents and lays out one arena. Parameters that are not bound yet are bound with seed 0. A bind whose extents are
  /// refused leaves weights and program as they were; one that fails later, for an axis without an extent or for memory, leaves the program unbound.
  /// errors: compile time "akin: an extent is given by its axis, ..."; run time, naming the axis
  template <class... Extents>
  void bind(const Extents&... given) { bind_to(detail::extents_of(given...)); }

  /// Other extents, none larger than those of bind, for the next runs; an axis that is not named has that of bind.
  /// An input whose size changes is to be set again. Allocates nothing beyond a small table.
  template <class... Extents>
  void resize(const Extents&... given) {
    if (!execution_.bound()) fail("resize: the program is not bound");
    extent_table all = given_;
    all.asked_by("resize");
    all.give(detail::extents_of(given...));
    execution_.resize(derived("resize", all));
  }

  /// Lends an input's memory to the program until the next set. Its size must be that of the bound axes.
  /// errors: compile time "akin: set: the model has no input of this name", "akin: set: a temporary is gone before the run; ...",
  ///         "akin: set: numbers of another type: ..."; run time, another size, indices where reals belong or the reverse, a program that is not bound
  template <text Name>
  void set(std::span<const real_type> values) { set_data<Name>(values.data(), values.size(), value_kind::real); }
  template <text Name>
  void set(std::span<const std::int32_t> values) { set_data<Name>(values.data(), values.size(), value_kind::index); }

  /// What cannot be lent is refused in one sentence.
  template <text Name, class Values>
    requires(!detail::can_lend<Values, real_type>)
  void set(Values&&) { detail::refuse_to_lend<Values, real_type>(); }

  /// The random state of the next forward and backward: dropout draws from it.
  void seed(std::uint64_t state) { execution_.set_seed(state); }

  /// Computes the result, and returns it where it is a scalar; a tensor is read with value().
  auto forward() {
    run_forward();
    if constexpr (std::is_same_v<result_axes, axes<>>) return scalar();
  }

  /// Computes the gradients of the result of the last forward, by the weights of then: an optimiser steps afterwards.
  /// errors: compile time "akin: backward: the output is not a scalar"
  void backward() {
    static_assert(output_is_scalar<detail::as_axes<result_axes>>, "akin: backward: the output is not a scalar");
    static_assert(Mode == mode::training, "akin: backward: the program is built for evaluation");
    execution_.backward();
  }

  /// Both, and the result: a device is asked for all of it before the host waits, once.
  /// errors: as backward's
  real_type forward_and_backward() {
    run_forward();
    backward();
    return scalar();
  }

  /// The gradients of all parameters, laid out as the weights are: on the host, or wherever an optimiser wants them. Valid until the next run, whose layers
  /// keep values there: not to be read or written from forward until backward has returned.
  /// errors: run time, where backward has not run since the last forward, bind or resize
  std::span<real_type> gradients() { return gradient_numbers().host(); }
  shared_numbers<real_type>& gradient_numbers() {
    require_gradients();
    return execution_.gradients();
  }
  /// Calls visit(first, count) for each parameter of the model: which of these numbers are its gradient.
  template <class Visit>
  void for_each_gradient(Visit visit) const { execution_.for_each_gradient(visit); }

  /// The gradient of an input; valid until the next run.
  template <text Name>
  view<const real_type> gradient() {
    constexpr int n = detail::find_name<Model, Mode>(Name.view());
    static_assert(n >= 0 || !has_graph<Model, Mode>, "akin: gradient: the model has no input of this name");
    if constexpr (n >= 0) {
      constexpr int g = full_graph<Model, Mode>.adjoint_of(n) - 1;
      static_assert(g >= 0, "akin: gradient: nothing flows back to this input");
      require_gradients();
      return execution_.template on_host<real_type>(g);
    } else {
      return {};
    }
  }

  /// The result, or a value that the model named with output<Name>.
  /// errors: run time, where forward has not run since the last bind or resize
  view<const real_type> value() {
    require_values();
    return execution_.template on_host<real_type>(execution_.plan().result);
  }
  template <text Name>
  view<const real_type> value() {
    constexpr int n = detail::find_output<Model, Mode>(Name.view());
    static_assert(n >= 0 || !has_graph<Model, Mode>, "akin: value: the model has no output of this name");
    require_values();
    return execution_.template on_host<real_type>(n);
  }

  /// After a loss that is not finite: which input or parameter is not, and in which row; where all are, runs forward again and says which step made the first
  /// such value. "" where everything is finite. Values and gradients have to be computed anew after it.
  std::string first_not_finite() {
    const auto found = execution_.first_not_finite();
    if (found.node < 0) return {};
    return describe_node(execution_.plan(), execution_.extents(), found.node) + (execution_.plan().at(found.node).axes.rank == 0 ? "" : ", row " + std::to_string(found.row));
  }

  /// What runs, in which order, what was fused, and the bytes. Before bind without sizes.
  std::string explain() const {
    const bool bound = execution_.bound();
    std::string text = akin::explain(execution_.plan(), bound ? &execution_.extents() : nullptr, bound ? &execution_.memory() : nullptr);
    if constexpr (requires { backend_.explain(); }) text += backend_.explain();
    if constexpr (!Backend::computes_on_host)
      if (bound) text += "on the device: " + bytes_text(execution_.needed_bytes() + backend_.own_bytes()) + " with inputs, weights, gradients, states, panels, scratch and libraries\n";
    return text;
  }

  /// The extents of the next run.
  const extent_table& extents() const { return execution_.extents(); }
  /// The weights that the program borrows.
  parameter_store<real_type>& weights() { return weights_; }
  /// What computes: whoever works on gradients or weights where they lie asks it to.
  Backend& backend() { return backend_; }
  /// Of the arena, 0 before bind; explain() says what comes on top.
  std::int64_t bytes() const { return execution_.memory().bytes; }

 private:
  using result_axes = typename detail::axes_of_result<detail::result_type<Model>>::type;

  static blueprint plan() {
    blueprint b = blueprint_of<Model, Mode, Backend::fuses>();
    if constexpr (Backend::runs_lines) b.lines = detail::line_groups_of<Model, Mode>;
    return b;
  }
  static std::span<const step_code<Backend>> code() {
    if constexpr (detail::check_graph<Model, Mode, Backend::fuses>() && detail::check_parameters<Model, Mode, Backend::fuses>() &&
                  detail::check_kernels<Model, Mode, Backend>())
      return detail::code_of_steps<Model, Mode, Backend>;
    else return {};
  }

  void run_forward() {
    execution_.forward();
    if constexpr (Mode == mode::training) execution_.apply_updates();
  }
  real_type scalar() { return *execution_.template on_host<real_type>(execution_.plan().result).data; }

  void require_values() const {
    if (!execution_.bound()) fail("value: the program is not bound");
    if (!execution_.has_values()) fail("value: forward has not run since the last bind or resize");
  }
  void require_gradients() const {
    if (!execution_.bound()) fail("gradient: the program is not bound");
    if (!execution_.has_gradients()) fail("gradient: backward has not run since the last forward, bind or resize");
  }

  [[gnu::noinline]] void bind_to(std::span<const extent> given) {
    const bool binds_weights = own_ && !own_->bound();
    if (binds_weights) own_->bind_to(0, given);
    if (!weights_.bound()) fail("bind: the weights are not bound; call weights.bind(seed, ...) first");
    try {
      extent_table all{execution_.plan()};
      for (const auto& [axis, size] : weights_.extents()) all.set(axis, size, false);
      all.give(given);
      execution_.bind(derived("bind", all), pair_budget_);
      given_ = all;
    } catch (...) {
      if (binds_weights) own_->release();
      throw;
    }
  }

  // With what follows from these extents.
  extent_table derived(std::string_view who, extent_table all) const {
    all.derive();
    for (const auto& [axis, size] : weights_.extents())
      for (int k = 0; k < static_cast<int>(execution_.plan().axes.size()); ++k)
        if (all.name(k) == axis && all[k] != size) fail(who, ": axis '", axis, "' is given extent ", all[k], ", but the weights have ", size);
    return all;
  }

  template <text Name>
  void set_data(const void* data, std::size_t size, value_kind kind) {
    constexpr int n = detail::find_name<Model, Mode>(Name.view());
    static_assert(n >= 0 || !has_graph<Model, Mode>, "akin: set: the model has no input of this name");
    if (!execution_.bound()) fail("set: the program is not bound");
    const node& x = execution_.plan().at(n);
    const auto expected = execution_.extents().size(x.axes);
    if (static_cast<std::int64_t>(size) != expected)
      fail("set: input '", Name.view(), "' has ", size, " numbers, expected ", expected,
           execution_.extents().shape_text(x.axes));
    if (x.kind != kind) fail("set: input '", Name.view(), "' takes ", x.kind == value_kind::index ? "32-bit integers" : "reals");
    execution_.set_input(n, data);
  }

  parameter_store<real_type>& weights_;
  parameters<Model, real_type>* own_ = nullptr;  // bound by the program where nobody has
  Backend backend_;
  execution<Backend> execution_;
  extent_table given_;
  std::int64_t pair_budget_ = std::int64_t{512} << 20;
};

}  // namespace akin::inline v0
