// SPDX-License-Identifier: Apache-2.0
// Steps that run strip by strip along an axis: passes over the pairs that wait for each other along the other one, which become one pass, and what makes and
// reads values of things with things (scores of attention).
#pragma once

#include <akin/graph/plan.hpp>

namespace akin::inline v0::detail {

/// Looks for such steps in a plan whose steps are in their order, and moves what they need together. A reduction over the columns of pairs is whole within a
/// strip of rows; so a pass that waits for it, and the maps between, may follow within the strip.
class strip_joiner {
 public:
  constexpr strip_joiner(const model& m, plan& p) : m_{m}, p_{p} {}

  constexpr void join() {
    for (int k = 0; k < p_.step_count; ++k) order_[k] = static_cast<std::int16_t>(k);
    for (int r = 0; r < m_.region_count; ++r) {
      last_ = p_.regions[r].begin + p_.regions[r].count;
      for (int at = p_.regions[r].begin; at < last_ && p_.strip_count < max_strip_groups; ++at) {
        const strip_group found = found_at(at);
        if (found.count == 0) continue;
        p_.strips[p_.strip_count++] = found;
        at = end_of(found) - 1;
        if (found.of_pairs && step(found.begin).in_forward) run_in_forward(end_of(found));
      }
    }
    if (p_.strip_count == 0) return;
    reorder(m_, p_, order_, p_.step_count);
    for (int k = 0; k < p_.regions[0].count; ++k) p_.forward_steps = p_.steps[k].in_forward ? k + 1 : p_.forward_steps;
  }

 private:
  constexpr plan_step& step(int place) const { return p_.steps[order_[place]]; }
  static constexpr int end_of(const strip_group& g) { return g.begin + g.count; }

  // Calls visit(step) for every step that makes what this one reads. Before its first use, where clang looks for it.
  template <class Visit>
  constexpr void for_each_maker(const plan_step& s, Visit visit) const {
    for_each_read(parts_of(m_, p_), s, [&](int n) {
      if (const int maker = p_.producer[home_of(m_, n)] - 1; maker >= 0 && p_.steps[maker].region == s.region) visit(maker);
    });
  }

  constexpr void run_in_forward(int end) {
    for (int k = 0; k < end; ++k) step(k).in_forward = true;
  }

  constexpr strip_group found_at(int at) {
    const plan_step& first = step(at);
    if (const int axis = axis_of_square(first); axis >= 0) return joined_from(at, axis);
    if (first.kind != step_kind::pairs) return {};
    const strip_group found = joined_from(at, first.space[0]);
    return found.count > 0 ? found : joined_from(at, first.space[1]);
  }

  // The axis along which a step can be cut that works on values of things with things; -1: it does not.
  constexpr int axis_of_square(const plan_step& s) const {
    int axis = -1;
    const auto look = [&](const axis_list& axes) { axis = m_.is_square(axes) ? axes[0] : axis; };
    if (s.kind == step_kind::map) look(s.space);
    if (s.kind != step_kind::kernel || m_.nodes[s.node].op->plays != role::contract) return axis;
    look(m_.nodes[s.node].axes);
    for (int k = 0; k < 2; ++k) look(m_.nodes[m_.nodes[s.node].in[static_cast<std::size_t>(k)]].axes);
    return axis;
  }

  // No pass outside of the group may need a product of it: that is better kept whole.
  constexpr strip_group joined_from(int at, int axis) {
    strip_group g{static_cast<std::int16_t>(at), 1, static_cast<std::int16_t>(axis), step(at).kind == step_kind::pairs};
    if (!runs_in_strips(step(at), g)) return {};
    std::int16_t before[max_steps]{};
    for (int k = 0; k < last_; ++k) before[k] = order_[k];
    int joined = 0;
    for (int next = at + 1; next < last_; ++next)
      if (joins(g, next)) ++joined, next = end_of(g) - 1;
    bool alone = joined > 0;
    for (int k = 0; g.of_pairs && k < last_; ++k) alone = alone && ((k >= g.begin && k < end_of(g)) || !shares_product(g, step(k)));
    if (alone) {
      if (g.of_pairs) p_.pair_passes -= joined;
      return g;
    }
    for (int k = 0; k < last_; ++k) order_[k] = before[k];
    return {};
  }

  // Whether the step belongs to the group, if it can be cut.
  constexpr bool belongs(const strip_group& g, const plan_step& s) const {
    const plan_step& first = step(g.begin);
    if (!g.of_pairs) return axis_of_square(s) == g.axis && s.in_forward == first.in_forward;
    return s.kind == step_kind::pairs && s.space == first.space && shares_product(g, s);
  }

  // Takes the step at `next` into the group, with what it waits for, where all of that runs in strips. What it needs beside goes before the
  // group, what it does not need behind.
  constexpr bool joins(strip_group& g, int next) {
    if (!belongs(g, step(next))) return false;
    bool inside[max_steps]{}, follows[max_steps]{}, wanted[max_steps]{};  // by step
    for (int k = g.begin; k < end_of(g); ++k) inside[order_[k]] = follows[order_[k]] = true;
    for (int k = end_of(g); k <= next; ++k) for_each_maker(step(k), [&](int maker) { follows[order_[k]] = follows[order_[k]] || follows[maker]; });
    wanted[order_[next]] = follows[order_[next]] = true;
    for (int k = next; k >= end_of(g); --k)
      if (wanted[order_[k]]) for_each_maker(step(k), [&](int maker) { wanted[maker] = true; });
    for (int k = end_of(g); k <= next; ++k)
      if (wanted[order_[k]] && follows[order_[k]] && !(runs_in_strips(step(k), g) && reads_own_strip(step(k), g.axis, follows))) return false;
    std::int16_t sorted[max_steps]{};
    int place = g.begin;
    const auto take = [&](auto chosen) {
      const int begin = place;
      for (int k = g.begin; k <= next; ++k)
        if (chosen(order_[k])) sorted[place++] = order_[k];
      return static_cast<std::int16_t>(place - begin);
    };
    const std::int16_t beside = take([&](int s) { return wanted[s] && !follows[s]; });
    const std::int16_t count = take([&](int s) { return inside[s] || (wanted[s] && follows[s]); });
    take([&](int s) { return !inside[s] && !wanted[s]; });
    for (int k = g.begin; k <= next; ++k) order_[k] = sorted[k];
    g.begin = static_cast<std::int16_t>(g.begin + beside);
    g.count = count;
    return true;
  }

  constexpr bool shares_product(const strip_group& g, const plan_step& pass) const {
    for (int k = g.begin; k < end_of(g); ++k)
      if (step(k).kind == step_kind::pairs && pass.kind == step_kind::pairs && share_product(step(k), pass)) return true;
    return false;
  }
  constexpr bool share_product(const plan_step& a, const plan_step& b) const {
    for (int i = a.operand; i < a.operand + a.operand_count; ++i)
      for (int j = b.operand; j < b.operand + b.operand_count; ++j)
        if (p_.operands[i].kind == operand_kind::product && p_.operands[i].kind == p_.operands[j].kind && p_.operands[i].node == p_.operands[j].node) return true;
    return false;
  }

  // Values can be cut along their first axis without moving a number. What is not of one strip alone must be a sum of the strips' parts.
  constexpr bool runs_in_strips(const plan_step& s, const strip_group& g) const {
    const int axis = g.axis;
    const bool pass = s.kind == step_kind::pairs && g.of_pairs;  // what it keeps has the room of a strip of pairs
    const bool own_rows = s.kind == step_kind::kernel && axis_of_square(s) == axis && m_.nodes[s.node].axes.rank > 0 && m_.nodes[s.node].axes[0] == axis;
    bool can = pass || own_rows || (s.kind == step_kind::map && s.space.rank > 0 && s.space[0] == axis);
    if (!can) return false;
    for_each_read(parts_of(m_, p_), s, [&](int n) { can = can && cuts_along(n, axis); });
    for (int k = s.operand; k < s.operand + s.operand_count; ++k) can = can && (p_.operands[k].kind != operand_kind::position || cuts_along(p_.operands[k].node, axis));
    for (int k = s.sink; k < s.sink + s.sink_count; ++k) {
      const sink_kind kind = p_.sinks[k].kind;
      const node& n = m_.nodes[p_.sinks[k].node];
      const bool sums_over_strips = kind == sink_kind::contract || (kind == sink_kind::reduce && merges(n.op->reduces));
      can = can && cuts_along(p_.sinks[k].node, axis) && (n.axes.has(axis) || sums_over_strips);
    }
    return can;
  }
  constexpr bool cuts_along(int n, int axis) const { return !m_.nodes[n].axes.has(axis) || m_.nodes[n].axes[0] == axis; }

  // Of what the group makes, a step in strips may read what belongs to its strip, under its own name and under that of the value behind it.
  constexpr bool reads_own_strip(const plan_step& s, int axis, const bool (&follows)[max_steps]) const {
    bool own = true;
    for_each_read(parts_of(m_, p_), s, [&](int n) {
      const int home = home_of(m_, n);
      if (const int maker = p_.producer[home] - 1; maker >= 0 && follows[maker]) own = own && m_.nodes[n].axes.has(axis) && m_.nodes[home].axes.has(axis);
    });
    return own;
  }

  const model& m_;
  plan& p_;
  int last_ = 0;  // where the steps of the region end
  std::int16_t order_[max_steps]{};
};

}  // namespace akin::inline v0::detail
