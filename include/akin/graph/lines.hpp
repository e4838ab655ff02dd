// SPDX-License-Identifier: Apache-2.0
// Neighbouring maps of which each waits only for sums along its own lines, as in softmax and layer normalisation: a backend may run them line by line, in one
// pass over memory.
#pragma once

#include <akin/graph/blueprint.hpp>

namespace akin::inline v0 {

namespace detail {

/// Looks for such groups in a plan: maps in a row, over the axes that number the lines and at most one more, which is along them. What a map reads of an
/// earlier one of its group is of its own line. A line may be reduced to one number; results that are reduced otherwise run after the group.
template <blueprint_sizes Size>
class line_finder {
 public:
  constexpr explicit line_finder(const blueprint_arrays<Size>& b) : b_{b} {}

  /// Calls found(group) for each.
  template <class Found>
  constexpr void find(Found found) const {
    for (const region_range& range : b_.ranges)
      for (int at = range.begin; at < range.begin + range.count; ++at) {
        const line_group g = from(at, range.begin + range.count);
        if (g.count == 0) continue;
        found(g);
        at += g.count - 1;
      }
  }

 private:
  static constexpr std::size_t z(int k) { return static_cast<std::size_t>(k); }
  constexpr const plan_step& step(int k) const { return b_.steps[z(k)]; }

  constexpr line_group from(int at, int end) const {
    line_group g{static_cast<std::int16_t>(at), 0, {}};
    for (int k = at; k < end && g.lines.rank == 0 && runs_with(k, at); ++k) g.lines = lines_of(step(k));
    if (g.lines.rank == 0) return {};
    int values = 0;
    bool sums = false;
    for (int k = at; k < end && k - at < max_maps_of_lines && runs_with(k, at) && belongs(step(k), g); ++k) {
      values += step(k).operand_count + step(k).sink_count;
      if (values > max_values_of_lines) break;
      sums = sums || lines_of(step(k)) == g.lines;
      ++g.count;
    }
    return sums && g.count > 1 ? g : line_group{};
  }

  // Whether two steps of a region are maps that run in the same loop: forward or gradient, and in the same strips or in none.
  constexpr bool runs_with(int k, int first) const {
    const auto strips = [&](int s) {
      int number = -1;
      for (int g = 0; g < static_cast<int>(Size.strips); ++g)
        if (s >= b_.strips[z(g)].begin && s < b_.strips[z(g)].begin + b_.strips[z(g)].count) number = g;
      return number;
    };
    const auto in_forward = [&](int s) { return step(s).region == 0 && s < b_.forward_steps; };
    return step(k).kind == step_kind::map && strips(k) == strips(first) && in_forward(k) == in_forward(first);
  }

  // The axes that number the lines which a step reduces; none where it does not.
  constexpr axis_list lines_of(const plan_step& s) const {
    for (int k = s.sink; k < s.sink + s.sink_count; ++k) {
      if (b_.sinks[z(k)].kind != sink_kind::reduce) continue;
      const axis_list& kept = b_.nodes[z(b_.sinks[z(k)].node)].axes;
      if (kept.rank > 0 && kept.rank + 1 == s.space.rank && runs_along(s, kept)) return kept;
    }
    return {};
  }

  // Whether a space is these axes, in their order, and at most one more that does not number examples: so lines are many, and not long.
  constexpr bool runs_along(const plan_step& s, const axis_list& lines) const {
    int found = 0, along = 0;
    for (int k = 0; k < s.space.rank; ++k) {
      if (found < lines.rank && s.space[k] == lines[found]) ++found;
      else if (b_.axes[z(s.space[k])].numbers_examples) return false;
      else ++along;
    }
    return found == lines.rank && along <= 1;
  }

  // A map that makes something of each line, of its own line alone where its group makes that.
  constexpr bool belongs(const plan_step& s, const line_group& g) const {
    bool of_lines = false;
    for (int k = s.sink; k < s.sink + s.sink_count; ++k) of_lines = of_lines || b_.sinks[z(k)].kind == sink_kind::store || b_.nodes[z(b_.sinks[z(k)].node)].axes == g.lines;
    if (!of_lines || !runs_along(s, g.lines)) return false;
    for (int k = s.operand; k < s.operand + s.operand_count; ++k) {
      const int n = b_.operands[z(k)].node;
      if (n < 0 || b_.operands[z(k)].kind == operand_kind::position) continue;
      int home = n;
      while (b_.nodes[z(home)].op->plays == role::alias || (b_.nodes[z(home)].op == &again_op && b_.producer[z(home)] == 0)) home = b_.nodes[z(home)].in[0];
      const int maker = b_.producer[z(home)] - 1;
      const bool made_here = maker >= g.begin && maker < g.begin + g.count;
      if (made_here && !(b_.nodes[z(n)].axes == b_.nodes[z(home)].axes && b_.nodes[z(n)].axes.contains(g.lines))) return false;
    }
    return true;
  }

  const blueprint_arrays<Size>& b_;
};

/// The groups of a model's plan. Looked for only where a backend runs them.
template <class Model, mode Mode>
inline constexpr auto line_groups_of = [] {
  using storage = blueprint_storage<Model, Mode, true>;
  constexpr auto visit = [](auto found) { line_finder<storage::size>{storage::all}.find(found); };
  constexpr std::size_t count = [&] {
    std::size_t n = 0;
    visit([&](const line_group&) { ++n; });
    return n;
  }();
  std::array<line_group, count> groups{};
  std::size_t n = 0;
  visit([&](const line_group& g) { groups[n++] = g; });
  return groups;
}();

/// The group that a step is part of.
template <class Model, mode Mode>
constexpr const line_group* group_of(int step) {
  for (const line_group& g : line_groups_of<Model, Mode>)
    if (step >= g.begin && step < g.begin + g.count) return &g;
  return nullptr;
}

/// Whether a map has a result that is reduced to something else than one number a line.
template <class Storage>
constexpr bool reduces_otherwise(const plan_step& s, const axis_list& lines) {
  for (std::size_t k = 0; k < static_cast<std::size_t>(s.sink_count); ++k) {
    const plan_sink& sink = Storage::sinks[static_cast<std::size_t>(s.sink) + k];
    if (sink.kind == sink_kind::reduce && !(Storage::all.nodes[static_cast<std::size_t>(sink.node)].axes == lines)) return true;
  }
  return false;
}

}  // namespace detail

}  // namespace akin::inline v0
