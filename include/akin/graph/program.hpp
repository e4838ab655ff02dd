// SPDX-License-Identifier: Apache-2.0
// A model on a backend: bind extents, set inputs, run forward and backward, read results.
#pragma once

#include <akin/graph/execution.hpp>
#include <akin/graph/explain.hpp>

#include <array>
#include <string>
#include <tuple>
#include <utility>

namespace akin::inline v0 {

/// The fused elementwise expression of one step, as constants that a backend unrolls into registers.
template <class Model, mode Mode, bool Fuses, int Step>
struct chain {
  static constexpr const plan& p = detail::plan_of<Model, Mode, Fuses>;
  static constexpr plan_step step = p.steps[static_cast<std::size_t>(Step)];
  static constexpr int operands = step.operand_count, results = step.sink_count;
  static constexpr auto tape = [] {
    std::array<scalar_step, static_cast<std::size_t>(step.tape_size)> t{};
    for (std::size_t k = 0; k < t.size(); ++k) t[k] = p.tape[static_cast<std::size_t>(step.tape) + k];
    return t;
  }();
  /// The line of the tape that each result takes.
  static constexpr auto taken = [] {
    std::array<std::int16_t, static_cast<std::size_t>(step.sink_count)> t{};
    for (std::size_t k = 0; k < t.size(); ++k) t[k] = p.sinks[static_cast<std::size_t>(step.sink) + k].step;
    return t;
  }();
};

/// The fused expression of a pair pass, with how each operand varies and what becomes of each result.
template <class Model, mode Mode, bool Fuses, int Step>
struct pair_chain : chain<Model, Mode, Fuses, Step> {
  using base = chain<Model, Mode, Fuses, Step>;
  static constexpr auto places = [] {
    std::array<pair_place, static_cast<std::size_t>(base::operands)> t{};
    for (std::size_t k = 0; k < t.size(); ++k) {
      const plan_operand& o = base::p.operands[static_cast<std::size_t>(base::step.operand) + k];
      const axis_list& axes = full_graph<Model, Mode>.at(o.node).axes;
      t[k] = o.kind == operand_kind::product || o.kind == operand_kind::listed ? pair_place::product : axes.has(base::step.space[0]) ? pair_place::per_row : axes.has(base::step.space[1]) ? pair_place::per_column : pair_place::uniform;
    }
    return t;
  }();
  static constexpr auto uses = [] {
    std::array<pair_result, static_cast<std::size_t>(base::results)> t{};
    for (std::size_t k = 0; k < t.size(); ++k) {
      const plan_sink& s = base::p.sinks[static_cast<std::size_t>(base::step.sink) + k];
      const node& n = full_graph<Model, Mode>.at(s.node);
      const pair_use use = s.kind == sink_kind::contract ? pair_use::to_factor : n.axes.has(base::step.space[0]) ? pair_use::to_rows : n.axes.has(base::step.space[1]) ? pair_use::to_columns : pair_use::to_one;
      t[k] = {s.step, use, n.op->reduces};
    }
    return t;
  }();
};

namespace detail {

template <class Backend>
void run_map(execution<Backend>& e, const plan_step& s, const typename Backend::compiled_chain& compiled) {
  using R = typename Backend::real;
  const blueprint& b = e.plan();
  std::array<map_operand<R>, max_operands_of_step> operands;
  std::array<map_store<R>, max_results_of_step> stores;
  std::array<map_reduction<R>, max_results_of_step> reductions;
  std::size_t store_count = 0, reduction_count = 0;
  for (std::size_t k = 0; k < static_cast<std::size_t>(s.operand_count); ++k) {
    const plan_operand& o = b.operands[static_cast<std::size_t>(s.operand) + k];
    auto& out = operands[k];
    out.kind = o.kind;
    if (o.kind == operand_kind::seed) out.seed = e.seed();
    else if (o.kind == operand_kind::real) out.value = e.reals(o.node);
    else if (o.node >= 0) out.value = e.extents().template shape<const R>(nullptr, b.at(o.node).axes);
    if (o.kind == operand_kind::integer) out.integers = e.integers(o.node).data;
  }
  for (std::size_t k = 0; k < static_cast<std::size_t>(s.sink_count); ++k) {
    const plan_sink& sink = b.sinks[static_cast<std::size_t>(s.sink) + k];
    if (sink.kind == sink_kind::store) stores[store_count++] = {static_cast<int>(k), e.reals(sink.node)};
    else reductions[reduction_count++] = {static_cast<int>(k), b.at(sink.node).op->reduces, e.reals(sink.node)};
  }
  e.backend().map(compiled, {e.extents().template shape<const R>(nullptr, s.space), {operands.data(), static_cast<std::size_t>(s.operand_count)},
                             {stores.data(), store_count}, {reductions.data(), reduction_count}});
}

template <class Backend>
void run_pairs(execution<Backend>& e, const plan_step& s, const typename Backend::compiled_chain& compiled) {
  using R = typename Backend::real;
  const blueprint& b = e.plan();
  const int row = s.space[0], column = s.space[1];
  std::array<pair_operand<R>, max_operands_of_step> operands{};
  std::array<pair_product<R>, max_operands_of_step> products{};
  std::array<pair_reduction<R>, max_results_of_step> reductions{};
  std::array<pair_contraction<R>, max_results_of_step> contractions{};
  std::array<std::int16_t, max_results_of_step> lines{};
  std::size_t product_count = 0, reduction_count = 0, contraction_count = 0;
  for (std::size_t k = 0; k < static_cast<std::size_t>(s.operand_count); ++k) {
    const plan_operand& o = b.operands[static_cast<std::size_t>(s.operand) + k];
    const node& n = b.at(o.node);
    auto& out = operands[k];
    out.kind = o.kind;
    if (o.kind == operand_kind::product) {
      const bool swap = b.at(n.in[0]).axes.has(column);
      const int left = n.in[swap ? 1 : 0], right = n.in[swap ? 0 : 1];
      out.product = static_cast<int>(product_count);
      const product_memory memory = e.memory_of_product(o.node, s);
      products[product_count++] = {e.reals(left), e.reals(right), row, column, b.at(left).axes[b.at(left).axes[0] == row ? 1 : 0], memory,
                                   memory == product_memory::none ? nullptr : static_cast<R*>(e.pointer(o.node))};
    } else if (o.kind == operand_kind::listed) {
      const auto first = e.integers(n.in[0]), second = e.integers(n.in[1]);
      const auto count = static_cast<std::size_t>(first.size());
      out.by_rows = n.axes[0] == row;
      out.listed_rows = {out.by_rows ? first.data : second.data, count};
      out.listed_columns = {out.by_rows ? second.data : first.data, count};
      check_listed({first.data, count}, {second.data, count}, e.extents()[n.axes[0]], e.extents()[n.axes[1]]);
    } else {
      out.per_row = n.axes.has(row);
      out.per_column = n.axes.has(column);
      if (o.kind != operand_kind::position) out.data = e.pointer(o.node);
    }
  }
  for (std::size_t k = 0; k < static_cast<std::size_t>(s.sink_count); ++k) {
    const plan_sink& sink = b.sinks[static_cast<std::size_t>(s.sink) + k];
    const node& n = b.at(sink.node);
    lines[k] = sink.step;
    if (sink.kind == sink_kind::reduce) {
      auto& r = reductions[reduction_count++] = {static_cast<int>(k), n.op->reduces, n.axes.has(row), n.axes.has(column)};
      if (n.op->reduces == reduction::arg_max) r.indices = static_cast<std::int32_t*>(e.pointer(sink.node));
      else r.out = static_cast<R*>(e.pointer(sink.node));
      if (n.op->reduces == reduction::kth_largest) r.k = n.argument[0];
    } else {
      const axis_list& first = b.at(n.in[0]).axes;
      const int tall = n.in[first.has(row) && first.has(column) ? 1 : 0];
      contractions[contraction_count++] = {static_cast<int>(k), n.axes.has(row), e.reals(tall), e.reals(sink.node)};
    }
  }
  e.backend().pair_pass(compiled, {e.extents()[row], e.extents()[column], row, column, {lines.data(), static_cast<std::size_t>(s.sink_count)}, {products.data(), product_count}, {operands.data(), static_cast<std::size_t>(s.operand_count)},
                                   {reductions.data(), reduction_count}, {contractions.data(), contraction_count}});
}

template <const operation* Op, class Backend>
void run_kernel(execution<Backend>& e, const plan_step& s, const typename Backend::compiled_chain&) {
  const node& n = e.plan().at(s.node);
  kernel_call<Backend> call{n, {}, e.value(s.node)};
  for (std::size_t k = 0; k < 4; ++k)
    if (n.in[k] >= 0) call.in[k] = e.value(n.in[k]);
  kernel<Op, Backend>::run(e.backend(), call);
}

template <class Backend>
void run_repeat(execution<Backend>& e, const plan_step& s, const typename Backend::compiled_chain&) { e.repeat(s); }

template <class Model, mode Mode, class Backend, int Step>
constexpr step_code<Backend> code_of_step() {
  using link = chain<Model, Mode, Backend::fuses, Step>;
  if constexpr (link::step.kind == step_kind::map) return {run_map<Backend>, Backend::template compile<link>()};
  else if constexpr (link::step.kind == step_kind::pairs) return {run_pairs<Backend>, Backend::template compile_pairs<pair_chain<Model, Mode, Backend::fuses, Step>>()};
  else if constexpr (link::step.kind == step_kind::repeat) return {run_repeat<Backend>, {}};
  else return {run_kernel<full_graph<Model, Mode>.nodes[static_cast<std::size_t>(link::step.node)].op, Backend>, {}};
}

template <class Model, mode Mode, class Backend>
inline constexpr auto code_of_steps = []<int... Step>(std::integer_sequence<int, Step...>) {
  return std::array<step_code<Backend>, sizeof...(Step)>{code_of_step<Model, Mode, Backend, Step>()...};
}(std::make_integer_sequence<int, plan_of<Model, Mode, Backend::fuses>.step_count>{});

}  // namespace detail

template <class Model, mistake Found>
inline constexpr bool graph_is_sound = Found == mistake::none;
template <class Output>
inline constexpr bool output_is_scalar = false;
template <>
inline constexpr bool output_is_scalar<axes_are<>> = true;
template <>
inline constexpr bool output_is_scalar<axes_are<unknown>> = true;  // another mistake has been named already

namespace detail {

template <class Model, mode Mode>
constexpr int unreached_parameter() {
  constexpr const model& m = full_graph<Model, Mode>;
  for (int k = 0; k < m.name_count; ++k)
    if (m.names[static_cast<std::size_t>(k)].role == named_value::role_kind::parameter && m.adjoint_of(m.names[static_cast<std::size_t>(k)].node) == 0) return k;
  return -1;
}

template <class Model, mode Mode, int Name>
constexpr auto text_of_name() {
  constexpr const model& m = full_graph<Model, Mode>;
  constexpr named_value v = m.names[Name];
  text<static_cast<std::size_t>(v.text_size) + 1> t;
  for (int k = 0; k < v.text_size; ++k) t.characters[k] = m.texts[static_cast<std::size_t>(v.text_begin + k)];
  return t;
}

template <class Model, text Name>
inline constexpr bool receives_gradient = false;

template <class Model, mode Mode, bool Fuses>
consteval bool check_parameters() {
  if constexpr (constexpr int k = unreached_parameter<Model, Mode>(); plan_of<Model, Mode, Fuses>.found == mistake::none && has_gradient<Model, Mode> && k >= 0) {
    static_assert(receives_gradient<Model, text_of_name<Model, Mode, k>()>, "akin: parameter: it receives no gradient; declare it frozen if that is meant");
    return false;
  } else {
    return true;
  }
}

template <class Model, mode Mode, bool Fuses>
consteval bool check_graph() {
  if constexpr (std::is_same_v<typename axes_of_result<result_type<Model>>::type, unknown>) return true;  // that mistake has its sentence
  else {
  constexpr mistake found = plan_of<Model, Mode, Fuses>.found;
  static_assert(graph_is_sound<Model, found> || found != mistake::input_named_twice, "akin: input: two inputs of one name");
  static_assert(graph_is_sound<Model, found> || found != mistake::parameter_named_twice, "akin: parameter: one name with different axes");
  static_assert(graph_is_sound<Model, found> || found != mistake::three_batch_axes,
                "akin: pairs: a value has two batch axes and more; write distances with dot or squared_distance, so that nothing of that size is stored");
  static_assert(graph_is_sound<Model, found> || found != mistake::pair_in_repeat, "akin: pairs: a value with two batch axes inside of repeat");
  static_assert(graph_is_sound<Model, found> || found != mistake::gradient_leaves_repeat, "akin: repeat: the block differentiates a value from outside; pass it through the block's argument");
  static_assert(graph_is_sound<Model, found> || found != mistake::value_enters_repeat, "akin: repeat: the block uses a value computed outside; compute it in the block or give it as an input");
  static_assert(graph_is_sound<Model, found> || found != mistake::pair_is_output, "akin: pairs: a value with two batch axes is an output, but is never stored; reduce it, or make one of its axes an akin::axis");
  static_assert(graph_is_sound<Model, found> || found != mistake::pair_not_fusable,
                "akin: pairs: a value with two batch axes can come from dot, arithmetic and predicates, and go into arithmetic, reductions and dot; nothing else");
  static_assert(graph_is_sound<Model, found> || found != mistake::position_is_stored, "akin: position: it can be compared with indices, but has no numbers in memory; give the indices as an input");
  static_assert(graph_is_sound<Model, found> || found != mistake::kept_in_repeat, "akin: repeat: the block updates a state or names an output, of which there would be one for each layer");
  static_assert(graph_is_sound<Model, found> || found != mistake::two_axes_of_one_name, "akin: axis: one name for an akin::axis and an akin::batch");
  static_assert(graph_is_sound<Model, found> || found != mistake::circle, "akin: plan: steps wait for each other; this is a mistake of akin, please report the model");
  return found == mistake::none;
  }
}

template <class Model, mode Mode, class Backend, int Step>
constexpr const operation* operation_without_kernel() {
  constexpr plan_step step = plan_of<Model, Mode, Backend::fuses>.steps[static_cast<std::size_t>(Step)];
  if constexpr (step.kind == step_kind::kernel) {
    constexpr const operation* op = full_graph<Model, Mode>.at(step.node).op;
    return has_kernel<op, Backend> ? nullptr : op;
  }
  return nullptr;
}

template <class Model, mode Mode, class Backend>
inline constexpr const operation* first_without_kernel = []<int... Step>(std::integer_sequence<int, Step...>) {
  const operation* first = nullptr;
  for (const operation* op : {static_cast<const operation*>(nullptr), operation_without_kernel<Model, Mode, Backend, Step>()...})
    if (first == nullptr) first = op;
  return first;
}(std::make_integer_sequence<int, plan_of<Model, Mode, Backend::fuses>.step_count>{});

template <class Model, mode Mode, class Backend>
consteval bool check_kernels() {
  constexpr const operation* op = first_without_kernel<Model, Mode, Backend>;
  if constexpr (op != nullptr) static_assert(has_kernel<op, Backend>, "akin: kernel: this operation has no kernel for this backend");
  return op == nullptr;
}

// Looking at the checks is what makes them speak; each says its sentence itself.
consteval bool looked_at(bool, bool, bool) { return true; }

template <class Model, mode Mode>
constexpr int find_name(std::string_view name) {
  constexpr const model& m = full_graph<Model, Mode>;
  for (int k = 0; k < m.name_count; ++k) {
    const auto& v = m.names[static_cast<std::size_t>(k)];
    if ((v.role == named_value::role_kind::input || v.role == named_value::role_kind::data) && m.text_at(v.text_begin, v.text_size) == name) return v.node;
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

}  // namespace detail

/// A model compiled for a backend. One thread uses it at a time; any number of programs run side by side.
/// cost:   bind allocates everything; forward and backward allocate nothing
/// errors: run time, one sentence that names the axis or the input
template <class Model, class Backend, mode Mode = mode::training>
class program {
  // Here, and not where it is used, so that few instantiations stand between the mistake and the user's line.
  static_assert(detail::looked_at(detail::check_graph<Model, Mode, Backend::fuses>(), detail::check_parameters<Model, Mode, Backend::fuses>(), detail::check_kernels<Model, Mode, Backend>()));

 public:
  using real_type = typename Backend::real;

  /// Borrows the weights, which must outlive the program. The backend object holds threads and scratch; it is made where none is given.
  template <class... BackendArguments>
  explicit program(parameter_store<real_type>& weights, BackendArguments&&... arguments)
      : weights_{weights}, backend_{std::forward<BackendArguments>(arguments)...}, execution_{backend_, weights, blueprint_of<Model, Mode, Backend::fuses>(), code()} {}
  template <class... BackendArguments>
  explicit program(parameters<Model, real_type>& weights, BackendArguments&&... arguments)
      : program{static_cast<parameter_store<real_type>&>(weights), std::forward<BackendArguments>(arguments)...} {
    own_ = &weights;
  }
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  /// Bytes that bind may spend on keeping products of pairs between passes, which saves computing them again; 0: no value of that size is ever stored.
  /// For binds from now on; 512 MiB unless told.
  void pair_budget(std::int64_t bytes) { pair_budget_ = bytes; }

  /// Fixes the largest extents and lays out one arena. Parameters that are not bound yet are bound with seed 0.
  template <class... Extents>
  void bind(const Extents&... given) {
    refuse_twice({given...});
    const bool binds_weights = own_ && !own_->bound();
    if (binds_weights) own_->bind(0, given...);
    if (!weights_.bound()) fail("bind: the weights are not bound; call weights.bind(seed, ...) first");
    given_ = extent_table{execution_.plan()};
    for (const auto& [axis, size] : weights_.extents()) given_.set(axis, size, false);
    try {
      execution_.bind(extended("bind", given...), pair_budget_);
    } catch (...) {
      if (binds_weights) own_->release();  // a bind that failed changes nothing
      throw;
    }
    (given_.set(given.axis, given.size), ...);
  }

  /// Other extents, none larger than those of bind, for the next runs; an axis that is not named has that of bind.
  /// An input whose size changes is to be set again. Allocates nothing beyond a small table.
  template <class... Extents>
  void resize(const Extents&... given) {
    if (!execution_.bound()) fail("resize: the program is not bound");
    refuse_twice({given...});
    execution_.resize(extended("resize", given...));
  }

  /// Lends an input's memory to the program until the next set. Its size must be that of the bound axes.
  template <text Name>
  void set(std::span<const real_type> values) { set_data<Name>(values.data(), values.size(), value_kind::real); }
  template <text Name>
  void set(std::span<const std::int32_t> values) { set_data<Name>(values.data(), values.size(), value_kind::index); }

  /// A temporary would be gone before the run.
  template <text Name, class Value>
  void set(std::vector<Value>&&) = delete;

  /// The random state of the next forward and backward: dropout draws from it.
  void seed(std::uint64_t state) { execution_.set_seed(state); }

  /// Computes the result. The loss where it is a scalar, else use value().
  real_type forward() {
    execution_.forward();
    if constexpr (Mode == mode::training) execution_.apply_updates();
    if constexpr (std::is_same_v<result_axes, axes<>>) return *execution_.reals(execution_.plan().result).data;
    else return real_type{};
  }

  /// Computes the gradients of the result of the last forward.
  /// errors: compile time "akin: backward: the output is not a scalar"
  void backward() {
    static_assert(output_is_scalar<detail::as_axes<result_axes>>, "akin: backward: the output is not a scalar");
    static_assert(Mode == mode::training, "akin: backward: the program is built for evaluation");
    execution_.backward();
  }

  /// The gradients of all parameters, laid out as the weights are.
  std::span<real_type> gradients() { return execution_.gradients(); }

  /// The gradient of an input; valid until the next run.
  template <text Name>
  view<const real_type> gradient() {
    constexpr int n = detail::find_name<Model, Mode>(Name.view());
    static_assert(n >= 0, "akin: gradient: the model has no input of this name");
    if constexpr (n >= 0) {
      constexpr int g = full_graph<Model, Mode>.adjoint_of(n) - 1;
      static_assert(g >= 0, "akin: gradient: nothing flows back to this input");
      if (!execution_.bound()) fail("gradient: the program is not bound");
      if (!execution_.has_gradients()) fail("gradient: backward has not run since the last forward, bind or resize");
      return execution_.reals(g);
    } else {
      return {};
    }
  }

  /// The result, or a value that the model named with output<Name>.
  view<const real_type> value() {
    if (!execution_.bound()) fail("value: the program is not bound");
    return execution_.reals(execution_.plan().result);
  }
  template <text Name>
  view<const real_type> value() {
    constexpr int n = detail::find_output<Model, Mode>(Name.view());
    static_assert(n >= 0, "akin: value: the model has no output of this name");
    if (!execution_.bound()) fail("value: the program is not bound");
    return execution_.reals(n);
  }

  /// After a loss that is not finite: which input or parameter is not, and in which row; where all are, runs forward again and says which step made the first
  /// such value. "" where everything is finite.
  std::string first_not_finite() {
    const auto found = execution_.first_not_finite();
    if (found.node < 0) return {};
    return describe_node(execution_.plan(), found.node) + (execution_.plan().at(found.node).axes.rank == 0 ? "" : ", row " + std::to_string(found.row));
  }

  /// What runs, in which order, what was fused, and the bytes. Before bind without sizes.
  std::string explain() const { return akin::explain(execution_.plan(), execution_.bound() ? &execution_.extents() : nullptr, execution_.bound() ? &execution_.memory() : nullptr); }

  Backend& backend() { return backend_; }
  std::int64_t bytes() const { return execution_.memory().bytes; }

 private:
  using result_axes = typename detail::axes_of_result<detail::result_type<Model>>::type;

  static std::span<const step_code<Backend>> code() {
    if constexpr (detail::check_graph<Model, Mode, Backend::fuses>() && detail::check_parameters<Model, Mode, Backend::fuses>() && detail::check_kernels<Model, Mode, Backend>()) return detail::code_of_steps<Model, Mode, Backend>;
    else return {};
  }

  static void refuse_twice(std::initializer_list<extent> given) {
    for (const extent* a = given.begin(); a != given.end(); ++a)
      for (const extent* b = given.begin(); b != a; ++b)
        if (a->axis == b->axis) fail("bind: axis '", a->axis, "' is given twice, as ", b->size, " and as ", a->size);
  }

  // The extents that the program was given, these in their place, and what follows from them.
  template <class... Extents>
  extent_table extended(std::string_view who, const Extents&... given) const {
    extent_table all = given_;
    (all.set(given.axis, given.size), ...);
    all.derive();
    for (const auto& [axis, size] : weights_.extents())
      for (int k = 0; k < static_cast<int>(execution_.plan().axes.size()); ++k)
        if (all.name(k) == axis && all[k] != size) fail(who, ": axis '", axis, "' is given extent ", all[k], ", but the weights have ", size);
    return all;
  }

  template <text Name>
  void set_data(const void* data, std::size_t size, value_kind kind) {
    constexpr int n = detail::find_name<Model, Mode>(Name.view());
    static_assert(n >= 0, "akin: set: the model has no input of this name");
    const node& x = execution_.plan().at(n);
    const auto expected = execution_.extents().size(x.axes);
    if (static_cast<std::int64_t>(size) != expected) fail("set: input '", Name.view(), "' has ", size, " numbers, expected ", expected, shape_text(execution_.plan(), execution_.extents(), x.axes));
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
