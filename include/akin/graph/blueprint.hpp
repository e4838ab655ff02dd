// SPDX-License-Identifier: Apache-2.0
// The graph and plan of a model in exact-size arrays: what run-time code reads, with no model type in sight.
#pragma once

#include <akin/expr/conv2d.hpp>
#include <akin/graph/planner.hpp>

#include <array>
#include <string_view>

namespace akin::inline v0 {

/// A graph and its plan at run time.
struct blueprint {
  detail::entries<node> nodes;
  detail::entries<std::int16_t> producer;   // per node: the step that stores it, + 1
  detail::entries<std::int16_t> adjoint;    // per node: its gradient node, + 1
  detail::entries<plan_step> steps;
  detail::entries<scalar_step> tape;
  detail::entries<plan_operand> operands;
  detail::entries<plan_sink> sinks;
  detail::entries<region_entry> regions;
  detail::entries<region_range> ranges;
  detail::entries<strip_group> strips;
  detail::entries<line_group> lines;  // where the backend runs them
  detail::entries<axis_entry> axes;
  detail::entries<extent_relation> relations;
  detail::entries<named_value> names;
  detail::entries<state_update> updates;
  detail::entries<named_output> outputs;
  std::string_view texts;
  int result = -1, forward_size = 0, forward_steps = 0, pair_passes = 0;
  bool has_gradients = false;

  constexpr const node& at(int n) const { return nodes[static_cast<std::size_t>(n)]; }
  detail::plan_parts parts() const { return {nodes.data(), operands.data(), sinks.data()}; }
  constexpr detail::entries<plan_operand> operands_of(const plan_step& s) const { return operands.part(s.operand, s.operand_count); }
  constexpr detail::entries<plan_sink> sinks_of(const plan_step& s) const { return sinks.part(s.sink, s.sink_count); }
  std::size_t number_of(const plan_step& s) const { return static_cast<std::size_t>(&s - steps.data()); }
  /// Bytes of one number of a node.
  std::int64_t number_bytes(int n, std::size_t real_bytes) const { return static_cast<std::int64_t>(at(n).kind == value_kind::index ? sizeof(std::int32_t) : real_bytes); }
  /// Calls visit(region) for a region and the repeats around it, innermost first; the model itself is none.
  template <class Visit>
  void for_each_repeat_around(int region, Visit visit) const {
    for (int r = region; r > 0; r = regions[static_cast<std::size_t>(r)].parent) visit(r);
  }
  /// The outermost of them; 0 where there is none.
  int outermost_repeat(int region) const {
    int outermost = 0;
    for_each_repeat_around(region, [&](int around) { outermost = around; });
    return outermost;
  }
  constexpr int home(int n) const {
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
  [[gnu::cold]] void for_each_weight(const Extents& extents, Visit visit) const {
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
  /// The strips that a step is part of, and the lines; null where it is in none.
  constexpr const strip_group* strips_of(int step) const { return group_with(strips, step); }
  constexpr const line_group* lines_of(int step) const { return group_with(lines, step); }
  std::string_view name(const named_value& v) const { return texts.substr(static_cast<std::size_t>(v.text_begin), static_cast<std::size_t>(v.text_size)); }
};

namespace detail {

template <class Model, mode Mode, bool Fuses>
inline constexpr planner surveyed{full_graph<Model, Mode>, Fuses};
template <class Model, mode Mode, bool Fuses>
inline constexpr plan plan_of = planner{surveyed<Model, Mode, Fuses>}.arrange();

/// How long the arrays of a blueprint are.
struct blueprint_sizes {
  std::size_t nodes, steps, tape, operands, sinks, regions, strips, axes, relations, names, updates, outputs, texts;
};
constexpr blueprint_sizes sizes_of(const model& m, const plan& p) {
  const auto z = [](int k) { return static_cast<std::size_t>(k); };
  return {z(m.size), z(p.step_count), z(p.tape_size), z(p.operand_count), z(p.sink_count), z(m.region_count), z(p.strip_count),
          z(m.axis_count), z(m.relation_count), z(m.name_count), z(m.training() ? m.update_count : 0), z(m.output_count), z(m.text_size)};
}

template <blueprint_sizes Size>
struct blueprint_arrays {
  std::array<node, Size.nodes> nodes{};
  std::array<std::int16_t, Size.nodes> producer{}, adjoint{};
  std::array<plan_step, Size.steps> steps{};
  std::array<scalar_step, Size.tape> tape{};
  std::array<plan_operand, Size.operands> operands{};
  std::array<plan_sink, Size.sinks> sinks{};
  std::array<region_entry, Size.regions> regions{};
  std::array<region_range, Size.regions> ranges{};
  std::array<strip_group, Size.strips> strips{};
  std::array<axis_entry, Size.axes> axes{};
  std::array<extent_relation, Size.relations> relations{};
  std::array<named_value, Size.names> names{};
  std::array<state_update, Size.updates> updates{};
  std::array<named_output, Size.outputs> outputs{};
  std::array<char, Size.texts> texts{};
  int result, forward_size, forward_steps, pair_passes;

  constexpr blueprint_arrays(const model& m, const plan& p)
      : result{m.result}, forward_size{m.forward_size}, forward_steps{p.forward_steps}, pair_passes{p.pair_passes} {
    take(nodes, m.nodes), take(producer, p.producer), take(adjoint, m.adjoint), take(steps, p.steps), take(tape, p.tape);
    take(operands, p.operands), take(sinks, p.sinks), take(regions, m.regions), take(ranges, p.regions), take(strips, p.strips);
    take(axes, m.axis_entries), take(relations, m.relations), take(names, m.names), take(updates, m.updates), take(outputs, m.outputs);
    take(texts, m.texts);
  }

 private:
  template <class T, std::size_t Count, std::size_t Capacity>
  static constexpr void take(std::array<T, Count>& some, const T (&all)[Capacity]) {
    for (std::size_t k = 0; k != Count; ++k) some[k] = all[k];
  }
};

// Where a blueprint's entries lie. nvcc takes memory for the whole of a constant each time that another one looks into it: 10 MB for the graph and the plan,
// which two constants look into, and some for all arrays together. So what every step's chain reads stands by itself.
template <class Model, mode Mode, bool Fuses>
struct blueprint_storage {
  static constexpr blueprint_sizes size = sizes_of(full_graph<Model, Mode>, plan_of<Model, Mode, Fuses>);
  static constexpr blueprint_arrays<size> all{full_graph<Model, Mode>, plan_of<Model, Mode, Fuses>};
  static constexpr auto steps = all.steps;
  static constexpr auto tape = all.tape;
  static constexpr auto sinks = all.sinks;
  static constexpr auto operations = [] {  // of each step's node, where it has one
    std::array<const operation*, size.steps> t{};
    for (std::size_t k = 0; k != t.size(); ++k) t[k] = all.steps[k].node < 0 ? nullptr : all.nodes[static_cast<std::size_t>(all.steps[k].node)].op;
    return t;
  }();
};

}  // namespace detail

template <class Model, mode Mode, bool Fuses>
constexpr blueprint blueprint_of() {
  const auto& s = detail::blueprint_storage<Model, Mode, Fuses>::all;
  return {s.nodes, s.producer, s.adjoint, s.steps, s.tape, s.operands, s.sinks, s.regions, s.ranges, s.strips, {}, s.axes, s.relations, s.names, s.updates,
          s.outputs, std::string_view{s.texts.data(), s.texts.size()}, s.result, s.forward_size, s.forward_steps, s.pair_passes, Mode == mode::training};
}

}  // namespace akin::inline v0
