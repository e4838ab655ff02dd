// SPDX-License-Identifier: Apache-2.0
// How each step of a plan runs on a backend: shared functions, and the fused expressions that are compiled for the model.
#pragma once

#include <akin/graph/blueprint.hpp>
#include <akin/graph/execution.hpp>
#include <akin/graph/lines.hpp>

#include <array>
#include <utility>

namespace akin::inline v0 {

/// The fused elementwise expression of one step, as constants that a backend unrolls into registers. Read from the blueprint, which is small.
template <class Model, mode Mode, bool Fuses, int Step>
struct chain {
  using storage = detail::blueprint_storage<Model, Mode, Fuses>;
  static constexpr plan_step step = storage::steps[static_cast<std::size_t>(Step)];
  static constexpr int operands = step.operand_count, results = step.sink_count;
  static constexpr auto tape = [] {
    std::array<scalar_step, static_cast<std::size_t>(step.tape_size)> t{};
    for (std::size_t k = 0; k != t.size(); ++k) t[k] = storage::tape[static_cast<std::size_t>(step.tape) + k];
    return t;
  }();
  /// The line of the tape that each result takes.
  static constexpr auto taken = [] {
    std::array<std::int16_t, static_cast<std::size_t>(step.sink_count)> t{};
    for (std::size_t k = 0; k != t.size(); ++k) t[k] = storage::sinks[static_cast<std::size_t>(step.sink) + k].step;
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
      const plan_operand& o = base::storage::all.operands[static_cast<std::size_t>(base::step.operand) + k];
      const axis_list& axes = base::storage::all.nodes[static_cast<std::size_t>(o.node)].axes;
      t[k] = o.kind == operand_kind::product || o.kind == operand_kind::listed ? pair_place::product
             : axes.has(base::step.space[0])                                   ? pair_place::per_row
             : axes.has(base::step.space[1])                                   ? pair_place::per_column
                                                                               : pair_place::uniform;
    }
    return t;
  }();
  static constexpr auto uses = [] {
    std::array<pair_result, static_cast<std::size_t>(base::results)> t{};
    for (std::size_t k = 0; k < t.size(); ++k) {
      const plan_sink& s = base::storage::all.sinks[static_cast<std::size_t>(base::step.sink) + k];
      const node& n = base::storage::all.nodes[static_cast<std::size_t>(s.node)];
      const pair_use use = s.kind == sink_kind::contract     ? pair_use::to_factor
                           : n.axes.has(base::step.space[0]) ? pair_use::to_rows
                           : n.axes.has(base::step.space[1]) ? pair_use::to_columns
                                                             : pair_use::to_one;
      t[k] = {s.step, use, n.op->reduces};
    }
    return t;
  }();
};

namespace detail {

/// The arguments of a map, with what they refer to.
template <class Real>
struct gathered_map {
  std::array<map_operand<Real>, max_operands_of_step> operands;
  std::array<map_store<Real>, max_results_of_step> stores;
  std::array<map_reduction<Real>, max_results_of_step> reductions;
  map_arguments<Real> arguments;
};

template <class Backend>
void gather(execution<Backend>& e, const plan_step& s, gathered_map<typename Backend::real>& into) {
  using R = typename Backend::real;
  const blueprint& b = e.plan();
  auto& [operands, stores, reductions, arguments] = into;
  std::size_t store_count = 0, reduction_count = 0;
  for (std::size_t k = 0; k < static_cast<std::size_t>(s.operand_count); ++k) {
    const plan_operand& o = b.operands[static_cast<std::size_t>(s.operand) + k];
    auto& out = operands[k];
    out.kind = o.kind;
    if (o.kind == operand_kind::seed) out.seed = e.seed();
    else if (o.kind == operand_kind::real) out.value = e.reals(o.node);
    else if (o.node >= 0) out.value = e.extents().template shape<const R>(nullptr, b.at(o.node).axes);
    if (o.kind == operand_kind::integer) out.integers = e.integers(o.node).data;
    if (o.kind == operand_kind::position && out.value.rank > 0) out.first = e.begin_of(out.value.axis[0]) * out.value.stride(0);
  }
  for (std::size_t k = 0; k < static_cast<std::size_t>(s.sink_count); ++k) {
    const plan_sink& sink = b.sinks[static_cast<std::size_t>(s.sink) + k];
    if (sink.kind == sink_kind::store) stores[store_count++] = {static_cast<int>(k), e.reals(sink.node)};
    else reductions[reduction_count++] = {static_cast<int>(k), b.at(sink.node).op->reduces, e.reals(sink.node), e.goes_on(sink.node)};
  }
  arguments = {e.extents().template shape<const R>(nullptr, s.space), {operands.data(), static_cast<std::size_t>(s.operand_count)},
               {stores.data(), store_count}, {reductions.data(), reduction_count}};
}

template <class Backend>
void run_map(execution<Backend>& e, const plan_step& s, const typename Backend::compiled_chain& compiled) {
  gathered_map<typename Backend::real> all;
  gather(e, s, all);
  e.backend().map(compiled, all.arguments);
}

/// Runs the group that begins with a step.
template <class Backend>
void run_lines(execution<Backend>& e, const plan_step& s, const typename Backend::compiled_chain& compiled) {
  using R = typename Backend::real;
  const line_group& g = *e.plan().lines_of(static_cast<int>(e.plan().number_of(s)));
  std::array<gathered_map<R>, max_maps_of_group> maps;
  std::array<map_of_group<R, typename Backend::compiled_chain>, max_maps_of_group> steps{};
  for (std::size_t k = 0; k < static_cast<std::size_t>(g.count); ++k) {
    const plan_step& each = *(&s + k);
    if (!e.memory().runs(e.plan(), each)) continue;
    gather(e, each, maps[k]);
    steps[k] = {&maps[k].arguments, &e.code_of(each).chain};
  }
  e.backend().map_lines(compiled, e.extents().template shape<const R>(nullptr, g.lines), {steps.data(), static_cast<std::size_t>(g.count)});
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
      products[product_count++] = {e.reals(left), e.reals(right), memory, memory == product_memory::none ? nullptr : e.kept(o.node)};
    } else if (o.kind == operand_kind::listed) {
      const auto first = e.integers(n.in[0]), second = e.integers(n.in[1]);
      const auto count = static_cast<std::size_t>(first.size());
      out.by_rows = n.axes[0] == row;
      out.listed_rows = {out.by_rows ? first.data : second.data, count};
      out.listed_columns = {out.by_rows ? second.data : first.data, count};
      detail::check_listed(e.integers_on_host(n.in[0]), e.integers_on_host(n.in[1]), e.whole_extent(n.axes[0]), e.whole_extent(n.axes[1]));
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
  e.backend().pair_pass(compiled, {e.extents()[row], e.extents()[column], e.begin_of(row), e.begin_of(column), row, column, {lines.data(), static_cast<std::size_t>(s.sink_count)},
                                   {products.data(), product_count}, {operands.data(), static_cast<std::size_t>(s.operand_count)},
                                   {reductions.data(), reduction_count}, {contractions.data(), contraction_count}});
}

template <const operation* Op, class Backend>
void run_kernel(execution<Backend>& e, const plan_step& s, const typename Backend::compiled_chain&) {
  const node& n = e.plan().at(s.node);
  kernel_call<Backend> call{n, {}, e.value(s.node), [](void* run, int k) { return static_cast<execution<Backend>*>(run)->integers_on_host(k); }, &e};
  for (std::size_t k = 0; k < 4; ++k)
    if (n.in[k] >= 0) call.in[k] = e.value(n.in[k]);
  kernel<Op, Backend>::run(e.backend(), call);
}

template <class Backend>
void run_repeat(execution<Backend>& e, const plan_step& s, const typename Backend::compiled_chain&) { e.repeat(s); }

/// A map that is part of a group of lines: the first one's code runs all of it.
template <class Model, mode Mode, class Backend, int Step>
constexpr step_code<Backend> code_of_line() {
  using link = chain<Model, Mode, Backend::fuses, Step>;
  constexpr line_group g = group_of<Model, Mode>(Step);
  typename Backend::compiled_chain compiled{};
  if constexpr (reduces_otherwise<typename link::storage>(link::step, g.lines)) compiled = Backend::template compile_reductions<link>();
  if constexpr (g.begin != Step) return {nullptr, compiled};
  else return []<int... K>(const typename Backend::compiled_chain& of_first, std::integer_sequence<int, K...>) {
    return step_code<Backend>{run_lines<Backend>, Backend::template compile_lines<chain<Model, Mode, Backend::fuses, Step + K>...>(of_first)};
  }(compiled, std::make_integer_sequence<int, g.count>{});
}

template <class Model, mode Mode, class Backend, int Step>
constexpr bool is_in_lines() {
  if constexpr (Backend::runs_lines) return group_of<Model, Mode>(Step).count > 0;
  else return false;
}

template <class Model, mode Mode, class Backend, int Step>
constexpr step_code<Backend> code_of_step() {
  using link = chain<Model, Mode, Backend::fuses, Step>;
  if constexpr (is_in_lines<Model, Mode, Backend, Step>()) return code_of_line<Model, Mode, Backend, Step>();
  else if constexpr (link::step.kind == step_kind::map) return {run_map<Backend>, Backend::template compile<link>()};
  else if constexpr (link::step.kind == step_kind::pairs)
    return {run_pairs<Backend>, Backend::template compile_pairs<pair_chain<Model, Mode, Backend::fuses, Step>>()};
  else if constexpr (link::step.kind == step_kind::repeat) return {run_repeat<Backend>, {}};
  else return {run_kernel<link::storage::operations[static_cast<std::size_t>(Step)], Backend>, {}};
}

template <class Model, mode Mode, class Backend>
inline constexpr auto code_of_steps = []<int... Step>(std::integer_sequence<int, Step...>) {
  return std::array<step_code<Backend>, sizeof...(Step)>{code_of_step<Model, Mode, Backend, Step>()...};
}(std::make_integer_sequence<int, static_cast<int>(blueprint_storage<Model, Mode, Backend::fuses>::size.steps)>{});

}  // namespace detail

}  // namespace akin::inline v0
