// SPDX-License-Identifier: Apache-2.0
// The graph and plan of a model in exact-size arrays: what run-time code reads, with no model type in sight.
#pragma once

#include <akin/expr/conv2d.hpp>
#include <akin/graph/planner.hpp>

#include <span>

namespace akin::inline v0 {

/// A graph and its plan at run time.
struct blueprint {
  std::span<const node> nodes;
  std::span<const std::int16_t> producer;   // per node: the step that stores it, + 1
  std::span<const std::int16_t> adjoint;    // per node: its gradient node, + 1
  std::span<const plan_step> steps;
  std::span<const scalar_step> tape;
  std::span<const plan_operand> operands;
  std::span<const plan_sink> sinks;
  std::span<const region_entry> regions;
  std::span<const region_range> ranges;
  std::span<const strip_group> strips;
  std::span<const axis_entry> axes;
  std::span<const extent_relation> relations;
  std::span<const named_value> names;
  std::span<const state_update> updates;
  std::span<const named_output> outputs;
  std::string_view texts;
  int result = -1, forward_size = 0, forward_steps = 0, pair_passes = 0;

  const node& at(int n) const { return nodes[static_cast<std::size_t>(n)]; }
  detail::plan_parts parts() const { return {nodes.data(), operands.data(), sinks.data()}; }
  std::span<const plan_operand> operands_of(const plan_step& s) const { return operands.subspan(static_cast<std::size_t>(s.operand), static_cast<std::size_t>(s.operand_count)); }
  std::span<const plan_sink> sinks_of(const plan_step& s) const { return sinks.subspan(static_cast<std::size_t>(s.sink), static_cast<std::size_t>(s.sink_count)); }
  std::size_t number_of(const plan_step& s) const { return static_cast<std::size_t>(&s - steps.data()); }
  /// Bytes of one number of a node.
  std::int64_t number_bytes(int n, std::size_t real_bytes) const { return static_cast<std::int64_t>(at(n).kind == value_kind::index ? sizeof(std::int32_t) : real_bytes); }
  /// Calls visit(region) for a region and the repeats around it, innermost first; the model itself is none.
  template <class Visit>
  void for_each_repeat_around(int region, Visit visit) const {
    for (int r = region; r > 0; r = regions[static_cast<std::size_t>(r)].parent) visit(r);
  }
  int home(int n) const {
    while (at(n).op->plays == role::alias || (at(n).op == &again_op && producer[static_cast<std::size_t>(n)] == 0)) n = at(n).in[0];
    return n;
  }
  /// The largest extent along which a pair pass multiplies embeddings.
  template <class Extents>
  std::int64_t widest_factor(const plan_step& pass, const Extents& extents) const {
    std::int64_t widest = 0;
    const auto look = [&](int n) {
      for (int i : {at(n).in[0], at(n).in[1]})
        for (int k = 0; k < at(i).axes.rank; ++k)
          if (const int axis = at(i).axes[k]; axis != pass.space[0] && axis != pass.space[1]) widest = widest < extents[axis] ? extents[axis] : widest;
    };
    for (const plan_operand& o : operands_of(pass))
      if (o.kind == operand_kind::product) look(o.node);
    for (const plan_sink& s : sinks_of(pass))
      if (s.kind == sink_kind::contract) look(s.node);
    return widest;
  }
  /// Calls visit(columns, depth, layers) for every parameter that a contraction, or a convolution of patches, multiplies with, where nothing trains it: the product of the
  /// extents that the result keeps, that of those it sums over, and how many such parameters there are.
  template <class Extents, class Visit>
  void for_each_weight(const Extents& extents, Visit visit) const {
    for (const auto a : adjoint)
      if (a != 0) return;
    for (const plan_step& s : steps) {
      if (s.kind != step_kind::kernel) continue;
      const node& product = at(s.node);
      if (product.op != &contract_op && !(product.op == &conv2d_op && product.argument[0] == 0)) continue;
      for (const int operand : {product.in[0], product.in[1]}) {
        if (at(home(operand)).op != &parameter_op) continue;
        std::int64_t columns = 1, depth = 1, layers = 1;
        for (int k = 0; k < at(operand).axes.rank; ++k) (product.axes.has(at(operand).axes[k]) ? columns : depth) *= extents.required(at(operand).axes[k]);
        for_each_repeat_around(s.region, [&](int number) { layers *= extents.required(regions[static_cast<std::size_t>(number)].depth_axis); });
        visit(columns, depth, layers);
      }
    }
  }
  std::string_view name(const named_value& v) const { return texts.substr(static_cast<std::size_t>(v.text_begin), static_cast<std::size_t>(v.text_size)); }
};

namespace detail {

template <class Model, mode Mode, bool Fuses>
inline constexpr planner surveyed = planner{full_graph<Model, Mode>, Fuses}.survey();
template <class Model, mode Mode, bool Fuses>
inline constexpr plan plan_of = planner{surveyed<Model, Mode, Fuses>}.arrange();

template <std::size_t Size, class T, std::size_t Capacity>
constexpr std::array<T, Size> first(const T (&all)[Capacity]) {
  std::array<T, Size> some{};
  for (std::size_t k = 0; k != Size; ++k) some[k] = all[k];
  return some;
}

// The constexpr arrays that a blueprint's spans point to.
template <class Model, mode Mode, bool Fuses>
struct blueprint_storage {
  static constexpr const model& m() { return full_graph<Model, Mode>; }  // functions, since nvcc takes such a reference for initialised twice
  static constexpr const plan& p() { return plan_of<Model, Mode, Fuses>; }
  static constexpr auto nodes = first<m().size>(m().nodes);
  static constexpr auto producer = first<m().size>(p().producer);
  static constexpr auto adjoint = first<m().size>(m().adjoint);
  static constexpr auto steps = first<p().step_count>(p().steps);
  static constexpr auto tape = first<p().tape_size>(p().tape);
  static constexpr auto operands = first<p().operand_count>(p().operands);
  static constexpr auto sinks = first<p().sink_count>(p().sinks);
  static constexpr auto regions = first<m().region_count>(m().regions);
  static constexpr auto ranges = first<m().region_count>(p().regions);
  static constexpr auto strips = first<p().strip_count>(p().strips);
  static constexpr auto axes = first<m().axis_count>(m().axis_entries);
  static constexpr auto relations = first<m().relation_count>(m().relations);
  static constexpr auto names = first<m().name_count>(m().names);
  static constexpr auto updates = first<m().training() ? m().update_count : 0>(m().updates);
  static constexpr auto outputs = first<m().output_count>(m().outputs);
  static constexpr auto texts = first<m().text_size>(m().texts);
  static constexpr int result = m().result, forward_size = m().forward_size, forward_steps = p().forward_steps, pair_passes = p().pair_passes;
};

}  // namespace detail

template <class Model, mode Mode, bool Fuses>
blueprint blueprint_of() {
  using s = detail::blueprint_storage<Model, Mode, Fuses>;
  return {s::nodes, s::producer, s::adjoint, s::steps, s::tape, s::operands, s::sinks, s::regions, s::ranges, s::strips, s::axes, s::relations, s::names, s::updates,
          s::outputs, std::string_view{s::texts.data(), s::texts.size()}, s::result, s::forward_size, s::forward_steps, s::pair_passes};
}

}  // namespace akin::inline v0
