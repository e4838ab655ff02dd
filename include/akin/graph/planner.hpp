// SPDX-License-Identifier: Apache-2.0
// From a graph to its plan: what is stored, what is fused, which passes over the pairs there are, and the order of it all.
#pragma once

#include <akin/graph/strips.hpp>

namespace akin::inline v0 {

namespace detail {

constexpr bool transcendental(scalar s) { return s >= scalar::exp && s <= scalar::arc_cosine && s != scalar::absolute && s != scalar::sqrt; }

/// Builds a plan in two parts, each of which is a constant of its own: clang counts statements for one constant (see model.hpp). A class
/// only because its parts share the working arrays. Without fusion every elementwise node is a step of its own and pair values are ordinary
/// tensors.
class planner {
 public:
  /// What is needed, and what waits for what.
  constexpr planner(const model& m, bool fuses) : m_{m}, fuses_{fuses} {
    mark_live();
    measure();
  }

  /// Which values are stored, and the steps that make them, in their order.
  constexpr plan arrange() {
    choose_stored();
    form_steps();
    write_tapes();
    order();
    if (fuses_) strip_joiner{m_, p_}.join();
    p_.found = p_.found == mistake::none ? m_.found : p_.found;
    if (p_.found == m_.found) p_.found_at = m_.found_at;
    return p_;
  }

 private:
  static constexpr std::size_t z(int k) { return static_cast<std::size_t>(k); }
  constexpr bool elementwise(int n) const { return m_.nodes[n].op->plays == role::elementwise; }
  constexpr bool pair(int n) const { return fuses_ && pair_[n]; }
  // A reduction that cannot be merged from parts is a kernel of its own, except in a pair pass.
  constexpr role plays(int n) const {
    const operation& op = *m_.nodes[n].op;
    return op.plays == role::reduce && !merges(op.reduces) && !pair(m_.nodes[n].in[0]) ? role::kernel : op.plays;
  }

  template <class Visit>
  constexpr void inputs(int n, Visit visit) const {
    for (int k = 0; k < 4; ++k)
      if (m_.nodes[n].in[z(k)] >= 0) visit(static_cast<int>(m_.nodes[n].in[z(k)]));
  }

  // What the outputs need, found from the last node to the first.
  constexpr void spread(bool (&marked)[max_nodes]) const {
    for (int n = m_.size - 1; n >= 0; --n) {
      if (!marked[n]) continue;
      inputs(n, [&](int i) { marked[i] = true; });
      if (m_.nodes[n].op->plays != role::repeat) continue;
      const auto& r = m_.regions[m_.nodes[n].argument[0]];
      marked[r.carry_in] = true;
      if (r.carry_out >= 0) marked[r.carry_out] = true;
    }
  }

  constexpr void mark_live() {
    needed_[m_.result] = true;
    for (int k = 0; k < m_.output_count; ++k) needed_[m_.outputs[k].node] = true;
    if (m_.training())
      for (int k = 0; k < m_.update_count; ++k) needed_[m_.updates[k].value] = true;
    for (int n = 0; n < m_.size; ++n) outputs_[n] = p_.live[n] = needed_[n];
    for (int k = 0; k < m_.name_count; ++k) {
      const auto& v = m_.names[k];
      const int g = m_.adjoint_of(v.node) - 1;
      if (g < 0 || (v.role != named_value::role_kind::input && v.role != named_value::role_kind::parameter)) continue;
      p_.live[g] = outputs_[g] = true;
    }
    // A gradient inside a body keeps the backward repeat alive.
    for (int n = m_.size - 1; n >= 0; --n)
      if (m_.nodes[n].op == &repeat_to_x_op) p_.live[n] = true;
    for (int n = 0; n < m_.size; ++n) {
      if (!fuses_ || m_.nodes[n].op != &contract_again_op) continue;
      p_.live[n] = true;
      made_again_[m_.nodes[n].argument[0]] = static_cast<std::int16_t>(n + 1);
    }
    spread(p_.live);
    spread(needed_);
    for (int r = 0; r < m_.region_count; ++r)
      if (m_.regions[r].carry_out >= 0) outputs_[m_.regions[r].carry_out] = true;
  }

  // Levels: how many barriers stand before a value. Two results may share a step where their levels are equal, since then neither
  // waits for the other. All results of a pair pass are there at once, so they have one level, the highest of them. Passes: how many a value waits for;
  // that of a pass's result counts its own.
  constexpr void measure() {
    look_at_pairs();
    do set_levels();
    while (raise_passes());
  }

  constexpr bool raise_passes() {
    struct pass {
      axis_list space;
      int number = 0, level = 0;
    };
    pass passes[64]{};
    int count = 0;
    bool raised = false;
    for (int turn = 0; turn < 2; ++turn)
      for (int result = 0; result < result_count_; ++result) {
        const int n = results_of_passes_[result];
        const axis_list space = sorted(m_.nodes[pair_input(n)].axes);
        int k = 0;
        while (k < count && !(passes[k].number == pass_[n] && passes[k].space == space)) ++k;
        if (k == count) passes[count++] = {space, pass_[n], 0};
        if (passes[k].level < level_[n]) passes[k].level = level_[n];
        if (turn == 0 || passes[k].level == level_[n]) continue;
        floor_[n] = static_cast<std::int16_t>(passes[k].level);
        raised = true;
      }
    return raised;
  }

  static constexpr axis_list sorted(const axis_list& l) {
    axis_list s;
    s.push(l[0] < l[1] ? l[0] : l[1]);
    s.push(l[0] < l[1] ? l[1] : l[0]);
    return s;
  }

  constexpr void look_at_pairs() {
    for (int n = 0; n < m_.size; ++n) {
      if (!p_.live[n]) continue;
      const node& x = m_.nodes[n];
      if (const int batches = batch_axes(m_, x.axes); batches >= 2) {
        pair_[n] = true;
        if (x.axes.rank > 2) report(mistake::three_batch_axes, n);
        if (x.region != 0) report(mistake::pair_in_repeat, n);
        if (pair(n) && outputs_[n]) report(mistake::pair_is_output, n);
      }
      if (!fusable(n)) report(mistake::pair_not_fusable, n);
      if (!elementwise(n)) inputs(n, [&](int i) { if (m_.nodes[i].op == &position_op) report(mistake::position_is_stored, n); });
      if (x.op == &position_op && outputs_[n]) report(mistake::position_is_stored, n);
      if (!pair(n) && pair_input(n) >= 0) results_of_passes_[result_count_++] = static_cast<std::int16_t>(n);
    }
  }

  constexpr void set_levels() {
    for (int n = 0; n < m_.size; ++n) {
      if (!p_.live[n]) continue;
      const node& x = m_.nodes[n];
      int level = floor_[n], passes = 0;
      const bool barrier = x.op->plays != role::elementwise && x.op->plays != role::leaf;
      inputs(n, [&](int i) {
        // Axes in another order: two maps, of which the second must not be joined with the first.
        const bool turns = elementwise(n) && elementwise(i) && x.axes.rank == m_.nodes[i].axes.rank && !(x.axes == m_.nodes[i].axes);
        const int before = level_[i] + (barrier || turns ? 1 : 0);
        level = level < before ? before : level;
        passes = passes < pass_[i] ? pass_[i] : passes;
      });
      level_[n] = static_cast<std::int16_t>(level);
      pass_[n] = static_cast<std::int16_t>(passes + (!pair(n) && pair_input(n) >= 0 ? 1 : 0));
    }
  }

  // Pair values exist for one tile at a time: they come from products of embeddings, arithmetic and predicates, and go into
  // arithmetic, reductions and products with embeddings.
  constexpr bool fusable(int n) const {
    const node& x = m_.nodes[n];
    int pairs = 0;
    inputs(n, [&](int i) { pairs += pair(i) ? 1 : 0; });
    switch (x.op->plays) {
      case role::elementwise: return !(pair(n) && x.op->code == scalar::random);
      case role::reduce: return !pair(n);
      case role::contract:
        if (pair(n)) return pairs == 0 && m_.nodes[x.in[0]].axes.rank == 2 && m_.nodes[x.in[1]].axes.rank == 2;
        return pairs == 0 || (pairs == 1 && x.axes.rank == 2 && m_.nodes[x.in[pair(x.in[0]) ? 1 : 0]].axes.rank == 2);
      default: return pairs == 0 && (!pair(n) || x.op == &listed_op);
    }
  }

  constexpr bool same_group(int a, int b) const {
    return m_.nodes[a].region == m_.nodes[b].region && phase(a) == phase(b) && level_[a] == level_[b] && m_.nodes[a].axes == m_.nodes[b].axes;
  }
  constexpr int phase(int n) const { return n < m_.forward_size ? 0 : 1; }

  constexpr bool in_gradient_of(int reader, int value) const { return in_gradient_of_region(m_.nodes[reader].region, value); }
  // Whether a region is the gradient's of the layers that have the value.
  constexpr bool in_gradient_of_region(int region, int value) const { return m_.nodes[value].region > 0 && m_.regions[region].forward == m_.nodes[value].region; }

  // An elementwise value of things with things, in a layer whose gradient computes it again whoever reads it.
  constexpr bool square_of_layer(int n) const {
    const node& x = m_.nodes[n];
    return n < m_.forward_size && x.region > 0 && elementwise(n) && m_.is_square(x.axes);
  }

  // Which values of layers their gradients read whatever is computed again, and which elementwise values can be computed from those.
  constexpr void look_back() {
    for (int n = m_.size - 1; n >= 0; --n) {
      if (!p_.live[n]) continue;
      const bool square = kept_[n] && square_of_layer(n), passes_on = square || (kept_[n] && n < m_.forward_size && elementwise(n) && !stored_[n]);
      if (square) kept_[n] = false;
      if (m_.nodes[n].op == &again_op) continue;
      inputs(n, [&](int i) {
        if (made_again_[i] == 0 && (passes_on ? m_.nodes[i].region == m_.nodes[n].region : in_gradient_of(n, i))) kept_[home_of(m_, i)] = true;
      });
    }
    for (int n = 0; n < m_.forward_size; ++n) {
      if (!p_.live[n] || m_.nodes[n].region == 0 || !elementwise(n)) continue;
      again_[n] = cost_[n] <= 24;
      inputs(n, [&](int i) {
        const node& x = m_.nodes[i];
        const bool at_hand = x.region == 0 || x.op->plays == role::leaf || made_again_[i] != 0 || kept_[home_of(m_, i)] || m_.nodes[home_of(m_, i)].op->plays == role::leaf;
        again_[n] = again_[n] && (at_hand || (elementwise(i) && again_[i]) || x.axes.rank < m_.nodes[n].axes.rank);
      });
    }
  }

  // An elementwise value is stored where something other than a map reads it, where a map over more axes does, or where it is dear
  // and maps of another group read it. Anything else is computed in the registers of whoever needs it. What a layer's gradient reads would be
  // kept for each layer: it is computed again where it can be from what is kept anyway, unless it is very dear.
  constexpr void choose_stored() {
    for (int n = 0; n < m_.size; ++n) {
      if (!p_.live[n]) continue;
      const node& x = m_.nodes[n];
      inputs(n, [&](int i) {
        const bool reads_in_registers = (elementwise(n) && pair(n) == pair(i)) || plays(n) == role::reduce;
        if (!elementwise(n) && plays(n) != role::reduce) read_by_kernel_[i] = true;
        if (!reads_in_registers) must_store_[i] = true;
        else if (elementwise(n) && !(x.axes == m_.nodes[i].axes)) must_store_[i] = true;
        else if (!in_gradient_of(n, i) && !same_group_reader(n, i)) crosses_[i] = true;
      });
    }
    for (int n = 0; n < m_.size; ++n) {
      if (n == m_.forward_size && fuses_) look_back();
      if (!p_.live[n] || !elementwise(n) || pair(n)) continue;
      if (fuses_ && m_.nodes[n].op == &again_op) {
        stored_[n] = again_[m_.nodes[n].in[0]] && !kept_[m_.nodes[n].in[0]];
        continue;
      }
      const scalar code = m_.nodes[n].op->code;
      int cost = code == scalar::constant ? 0 : transcendental(code) ? 8 : code == scalar::random ? 4 : 1;
      inputs(n, [&](int i) { cost += elementwise(i) && !stored_[i] ? cost_[i] : 0; });
      cost_[n] = static_cast<std::int16_t>(cost);
      stored_[n] = !fuses_ ? code != scalar::constant || outputs_[n] || read_by_kernel_[n]
                              : outputs_[n] || read_by_kernel_[n] || (code != scalar::constant && (must_store_[n] || (crosses_[n] && cost > 6) || cost > 40));
    }
  }
  constexpr bool same_group_reader(int reader, int value) const {
    if (elementwise(reader)) return same_group(reader, value);
    return m_.nodes[reader].region == m_.nodes[value].region && phase(reader) == phase(value);
  }

  constexpr int new_step(step_kind kind, int n, const axis_list& space) {
    plan_step& s = p_.steps[p_.step_count];
    s.kind = kind;
    s.region = m_.nodes[n].region;
    s.phase = static_cast<std::int8_t>(phase(n));
    s.node = static_cast<std::int16_t>(n);
    s.space = space;
    return p_.step_count++;
  }

  // The map step that n's result joins: same region, phase, level and axes, and not too many results.
  constexpr int map_for(int n, int value) {
    std::int16_t& last = last_map_of_level_[level_[value]];
    if (fuses_)
      for (int s = last - 1; s >= 0; s = map_before_[s] - 1) {
        const plan_step& x = p_.steps[s];
        if (x.region == m_.nodes[n].region && x.phase == phase(n) && x.space == m_.nodes[value].axes && x.sink_count < most_results) return s;
      }
    const int s = new_step(step_kind::map, n, m_.nodes[value].axes);
    p_.steps[s].level = level_[value];
    map_before_[s] = last;
    last = static_cast<std::int16_t>(s + 1);
    return s;
  }

  constexpr int pass_for(int n, int value) {
    const axis_list space = sorted(m_.nodes[value].axes);
    for (int s = 0; s < p_.step_count; ++s)
      if (p_.steps[s].kind == step_kind::pairs && p_.steps[s].level == pass_[n] && p_.steps[s].space == space && p_.steps[s].sink_count < max_results_of_step) return s;
    const int s = new_step(step_kind::pairs, n, space);
    p_.steps[s].level = pass_[n];
    ++p_.pair_passes;
    return s;
  }

  constexpr void add_result(int step, sink_kind kind, int n) {
    chain_[n] = last_of_[step];
    last_of_[step] = static_cast<std::int16_t>(n + 1);
    kinds_[n] = kind;
    ++p_.steps[step].sink_count;
    p_.steps[step].in_forward = p_.steps[step].in_forward || needed_[n];
    p_.producer[n] = static_cast<std::int16_t>(step + 1);
  }

  constexpr int pair_input(int n) const {
    for (int k = 0; k < 2; ++k)
      if (m_.nodes[n].in[z(k)] >= 0 && pair(m_.nodes[n].in[z(k)])) return m_.nodes[n].in[z(k)];
    return -1;
  }

  constexpr void form_steps() {
    for (int n = 0; n < m_.size; ++n) {
      if (!p_.live[n]) continue;
      switch (plays(n)) {
        case role::leaf:
        case role::alias: break;
        case role::elementwise:
          if (!pair(n) && stored_[n]) add_result(map_for(n, n), sink_kind::store, n);
          break;
        case role::reduce: {
          const int value = m_.nodes[n].in[0];
          add_result(pair(value) ? pass_for(n, value) : map_for(n, value), sink_kind::reduce, n);
          break;
        }
        case role::contract:
          if (pair(n)) break;
          if (const int g = pair_input(n); g >= 0) {
            add_result(pass_for(n, g), sink_kind::contract, n);
            break;
          }
          [[fallthrough]];
        case role::kernel:
        case role::repeat: {
          if (pair(n)) break;  // listed
          const int s = new_step(m_.nodes[n].op->plays == role::repeat ? step_kind::repeat : step_kind::kernel, n, m_.nodes[n].axes);
          p_.producer[n] = static_cast<std::int16_t>(s + 1);
          p_.steps[s].in_forward = needed_[n];
          break;
        }
      }
    }
  }

  constexpr int push(const scalar_step& s, int begin) {
    p_.tape[p_.tape_size] = s;
    return p_.tape_size++ - begin;
  }

  constexpr int operand(plan_step& s, const plan_operand& o) {
    int k = s.operand;
    while (k < p_.operand_count && !(p_.operands[k] == o)) ++k;
    if (k == p_.operand_count) p_.operands[p_.operand_count++] = o;
    for (int t = s.tape; t < p_.tape_size; ++t)
      if (p_.tape[t].code == scalar::operand && p_.tape[t].a == k - s.operand) return t - s.tape;
    return push({scalar::operand, static_cast<std::int16_t>(k - s.operand)}, s.tape);
  }

  constexpr int write(int step, int n) {
    plan_step& s = p_.steps[step];
    if (made_again_[n] != 0 && in_gradient_of_region(s.region, n)) n = made_again_[n] - 1;
    if (stamp_[n] == step + 1) return slot_[n];
    const node& x = m_.nodes[n];
    int result = -1;
    const bool anew = again_[n] && !kept_[n] && in_gradient_of_region(s.region, n);
    const bool here = elementwise(n) && (pair(n) || !stored_[n] || p_.producer[n] == step + 1 || anew);
    if (!here) {
      plan_operand o{operand_kind::real, static_cast<std::int16_t>(n)};
      if (pair(n) && x.op == &listed_op) o.kind = operand_kind::listed;
      else if (pair(n)) o.kind = operand_kind::product, ++s.product_count;
      else if (x.op == &position_op) o.kind = operand_kind::position;
      else if (x.kind == value_kind::index) o.kind = operand_kind::integer;
      result = operand(s, o);
    } else if (x.op->code == scalar::constant) {
      result = push({scalar::constant, -1, -1, -1, x.number}, s.tape);
    } else if (x.op->code == scalar::random) {
      plan_operand place{operand_kind::position, static_cast<std::int16_t>(n)};
      for (int k = s.operand; k < p_.operand_count; ++k)  // places along the same axes are the same numbers
        if (p_.operands[k].kind == operand_kind::position && m_.nodes[p_.operands[k].node].axes == x.axes) place = p_.operands[k];
      const int index = operand(s, place), seed = operand(s, {operand_kind::seed});
      result = push({scalar::random, static_cast<std::int16_t>(index), static_cast<std::int16_t>(seed), -1, static_cast<double>(x.argument[0])}, s.tape);
    } else if (x.op->code == scalar::identity) {
      result = write(step, x.in[0]);
    } else {
      const int a = write(step, x.in[0]), b = x.in[1] < 0 ? -1 : write(step, x.in[1]), c = x.in[2] < 0 ? -1 : write(step, x.in[2]);
      result = push({x.op->code, static_cast<std::int16_t>(a), static_cast<std::int16_t>(b), static_cast<std::int16_t>(c)}, s.tape);
    }
    stamp_[n] = static_cast<std::int16_t>(step + 1);
    slot_[n] = static_cast<std::int16_t>(result);
    return result;
  }

  constexpr void write_tapes() {
    for (int step = 0; step < p_.step_count; ++step) {
      plan_step& s = p_.steps[step];
      if (s.kind != step_kind::map && s.kind != step_kind::pairs) continue;
      s.tape = static_cast<std::int16_t>(p_.tape_size);
      s.operand = static_cast<std::int16_t>(p_.operand_count);
      s.sink = static_cast<std::int16_t>(p_.sink_count);
      p_.sink_count += s.sink_count;
      int place = s.sink + s.sink_count;
      for (int n = last_of_[step] - 1; n >= 0; n = chain_[n] - 1) {
        const sink_kind kind = kinds_[n];
        const int value = kind == sink_kind::store ? n : kind == sink_kind::contract ? pair_input(n) : m_.nodes[n].in[0];
        p_.sinks[--place] = {kind, static_cast<std::int16_t>(n), static_cast<std::int16_t>(value)};
      }
      for (int k = s.sink; k < s.sink + s.sink_count; ++k) p_.sinks[k].step = static_cast<std::int16_t>(write(step, p_.sinks[k].step));
      s.tape_size = static_cast<std::int16_t>(p_.tape_size - s.tape);
      s.operand_count = static_cast<std::int16_t>(p_.operand_count - s.operand);
      if (s.operand_count > max_operands_of_step || s.sink_count > max_results_of_step || s.tape_size > max_lines_of_step) report(mistake::step_too_large, s.node);
    }
  }

  constexpr void visit(int step) {
    if (visited_[step]) return;
    visited_[step] = open_[step] = true;
    const plan_step s = p_.steps[step];
    for_each_read(parts_of(m_, p_), s, [&](int n) {
      const int before = p_.producer[home_of(m_, n)] - 1;
      if (before < 0) return;
      const int home = p_.steps[before].region;
      if (home == s.region && open_[before]) report(mistake::circle, home_of(m_, n));
      else if (home == s.region) visit(before);
      else if (m_.regions[s.region].forward != home) report(mistake::value_enters_repeat, home_of(m_, n));
    });
    open_[step] = false;
    order_[ordered_++] = static_cast<std::int16_t>(step);
  }

  constexpr void order() {
    for (int r = 0; r < m_.region_count; ++r) {
      const int begin = ordered_;
      if (r == 0) {
        for (int s = 0; s < p_.step_count; ++s)
          if (p_.steps[s].region == 0 && p_.steps[s].in_forward) visit(s);
        p_.forward_steps = ordered_;
      }
      for (int s = 0; s < p_.step_count; ++s)
        if (p_.steps[s].region == r) visit(s);
      p_.regions[r] = {static_cast<std::int16_t>(begin), static_cast<std::int16_t>(ordered_ - begin)};
    }
    reorder(m_, p_, order_, ordered_);
  }

  constexpr void report(mistake what, int n) {
    if (p_.found == mistake::none) p_.found = what, p_.found_at = n;
  }

  const model& m_;
  bool fuses_;
  plan p_{};
  bool needed_[max_nodes]{}, outputs_[max_nodes]{}, pair_[max_nodes]{}, must_store_[max_nodes]{}, read_by_kernel_[max_nodes]{}, crosses_[max_nodes]{}, stored_[max_nodes]{}, kept_[max_nodes]{}, again_[max_nodes]{};
  std::int16_t level_[max_nodes]{}, floor_[max_nodes]{}, pass_[max_nodes]{}, cost_[max_nodes]{}, chain_[max_nodes]{}, stamp_[max_nodes]{}, slot_[max_nodes]{};
  std::int16_t made_again_[max_nodes]{};  // for a product of a layer, the one that its gradient multiplies again, + 1
  std::int16_t results_of_passes_[max_nodes]{}, last_map_of_level_[max_nodes]{};
  sink_kind kinds_[max_nodes]{};
  std::int16_t last_of_[max_steps]{}, map_before_[max_steps]{}, order_[max_steps]{};
  bool visited_[max_steps]{}, open_[max_steps]{};
  int ordered_ = 0, result_count_ = 0;
};

}  // namespace detail

}  // namespace akin::inline v0
