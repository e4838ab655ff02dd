// SPDX-License-Identifier: Apache-2.0
// Neighbouring maps of which each waits only for sums along its own lines, as in softmax and layer normalisation: a backend may run them line by line.
#pragma once

#include <akin/graph/blueprint.hpp>

namespace akin::inline v0 {

namespace detail {

/// Looks for such groups in a plan: maps in a row whose spaces are the axes that number the lines, of which one numbers examples, and at most one more behind
/// them, along the line. So lines are as many as examples at least, and lie together. What a map reads of an earlier one of its group is of its own line. Results that
/// are not of one line each are reduced after the group.
class line_finder {
 public:
  constexpr explicit line_finder(const blueprint& b) : b_{b} {}

  /// The first group that begins at a step or after it; of no steps where there is none.
  constexpr line_group next(int at) const {
    for (; at < static_cast<int>(b_.steps.size()); ++at)
      if (const line_group g = from(at); g.count > 0) return g;
    return {};
  }
  constexpr std::size_t count() const {
    std::size_t n = 0;
    for (line_group g = next(0); g.count > 0; g = next(g.begin + g.count)) ++n;
    return n;
  }

 private:
  static constexpr std::size_t z(int k) { return static_cast<std::size_t>(k); }
  constexpr const plan_step& step(int k) const { return b_.steps[z(k)]; }

  constexpr line_group from(int at) const {
    int end = at;
    while (end < static_cast<int>(b_.steps.size()) && runs_with(end, at)) ++end;
    line_group g{static_cast<std::int16_t>(at), 0, {}};
    for (int k = at; k < end && g.lines.rank == 0; ++k) g.lines = lines_of(step(k));
    if (g.lines.rank == 0) return {};
    int values = 0;
    bool sums = false;
    for (int k = at; k < end && k - at < max_maps_of_group && belongs(step(k), g); ++k) {
      values += (step(k).operand_count > 0 ? step(k).operand_count : 1) + step(k).sink_count;
      if (values > max_values_of_group) break;
      sums = sums || lines_of(step(k)) == g.lines;
      ++g.count;
    }
    return sums && g.count > 1 ? g : line_group{};
  }

  // Whether two steps are maps that run in the same loop: of one region, forward or gradient, in the same strips or in none.
  constexpr bool runs_with(int k, int first) const {
    const auto in_forward = [&](int s) { return step(s).region == 0 && s < b_.forward_steps; };
    return step(k).kind == step_kind::map && step(k).region == step(first).region && b_.strips_of(k) == b_.strips_of(first) && in_forward(k) == in_forward(first);
  }

  // The axes that number the lines which a step reduces; none where it does not.
  constexpr axis_list lines_of(const plan_step& s) const {
    for (const plan_sink& sink : b_.sinks_of(s))
      if (const axis_list& kept = b_.at(sink.node).axes; sink.kind == sink_kind::reduce && kept.rank + 1 == s.space.rank && runs_along(s, kept)) return kept;
    return {};
  }

  constexpr bool runs_along(const plan_step& s, const axis_list& lines) const {
    bool has_examples = false;
    for (int k = 0; k < lines.rank; ++k) has_examples = has_examples || b_.axes[z(lines[k])].numbers_examples;
    const bool has_one_more = s.space.rank == lines.rank + 1;
    return has_examples && begin_with(s.space, lines) && (s.space.rank == lines.rank || (has_one_more && !b_.axes[z(s.space[lines.rank])].numbers_examples));
  }

  // A map that makes something of each line, of its own line alone where its group makes that.
  constexpr bool belongs(const plan_step& s, const line_group& g) const {
    bool of_lines = false;
    for (const plan_sink& sink : b_.sinks_of(s)) of_lines = of_lines || sink.kind == sink_kind::store || b_.at(sink.node).axes == g.lines;
    if (!of_lines || !runs_along(s, g.lines)) return false;
    for (const plan_operand& o : b_.operands_of(s)) {
      if (o.node < 0 || o.kind == operand_kind::position) continue;
      const int home = b_.home(o.node), maker = b_.producer[z(home)] - 1;
      const bool made_here = maker >= g.begin && maker < g.begin + g.count;
      if (made_here && !(b_.at(o.node).axes == b_.at(home).axes && begin_with(b_.at(o.node).axes, g.lines))) return false;
    }
    return true;
  }

  // In their order: a sum of each line whose axes are turned is made after the group.
  static constexpr bool begin_with(const axis_list& axes, const axis_list& lines) {
    bool same = axes.rank >= lines.rank;
    for (int k = 0; k < lines.rank; ++k) same = same && axes[k] == lines[k];
    return same;
  }

  const blueprint& b_;
};

template <class Model, mode Mode>
constexpr auto find_line_groups() {
  constexpr blueprint b = blueprint_of<Model, Mode, true>();
  std::array<line_group, line_finder{b}.count()> groups{};
  int at = 0;
  for (line_group& g : groups) {
    g = line_finder{b}.next(at);
    at = g.begin + g.count;
  }
  return groups;
}

/// The groups of a model's plan. Looked for only where a backend runs them.
template <class Model, mode Mode>
inline constexpr auto line_groups_of = find_line_groups<Model, Mode>();

/// The group that a step is part of; of no steps where it is in none.
template <class Model, mode Mode>
constexpr line_group group_of(int step) {
  const line_group* const found = group_with<line_group>(line_groups_of<Model, Mode>, step);
  return found ? *found : line_group{};
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
