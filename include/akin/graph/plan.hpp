// SPDX-License-Identifier: Apache-2.0
// What a plan is: an ordered list of steps. Kernels, fused maps, pair passes, repeats.
#pragma once

#include <akin/expr/predicates.hpp>
#include <akin/graph/graph.hpp>

#include <array>
#include <cstddef>

namespace akin::inline v0 {

namespace detail {

/// Entries of a graph or a plan, one after the other. The concepts of std::span would cost each of a user's files 10 ms for every type of entry.
template <class T>
class entries {
 public:
  constexpr entries() = default;
  template <std::size_t Count>
  constexpr entries(const std::array<T, Count>& all) : first_{all.data()}, count_{Count} {}

  constexpr std::size_t size() const { return count_; }
  constexpr bool empty() const { return count_ == 0; }
  constexpr const T* data() const { return first_; }
  constexpr const T* begin() const { return first_; }
  constexpr const T* end() const { return first_ + count_; }
  constexpr const T& operator[](std::size_t k) const { return first_[k]; }
  constexpr entries part(int begin, int count) const { return {first_ + begin, static_cast<std::size_t>(count)}; }

 private:
  constexpr entries(const T* first, std::size_t count) : first_{first}, count_{count} {}

  const T* first_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace detail

enum class step_kind : unsigned char { kernel, map, pairs, repeat };

struct plan_operand {
  operand_kind kind = operand_kind::real;
  std::int16_t node = -1;
  constexpr bool operator==(const plan_operand&) const = default;
};

enum class sink_kind : unsigned char { store, reduce, contract };

struct plan_sink {
  sink_kind kind{};
  std::int16_t node = -1;  // the node whose value this is
  std::int16_t step = -1;  // the line of the tape that it takes
};

struct plan_step {
  step_kind kind{};
  std::int8_t region = 0, phase = 0;
  bool in_forward = false;
  std::int16_t node = -1;   // kernel and repeat
  std::int16_t level = 0;   // pairs: the number of the pass
  axis_list space{};        // map: iteration space; pairs: rows, columns
  constexpr bool is_pair_pass() const { return kind == step_kind::pairs; }
  std::int16_t tape = 0, tape_size = 0, operand = 0, operand_count = 0, sink = 0, sink_count = 0, product_count = 0;
};

inline constexpr int most_results = 6;  // of one map: more would need more operands than a step may have
inline constexpr int max_steps = 4096, max_tape = 16384, max_operands = 8192, max_sinks = 4096;

struct region_range {
  std::int16_t begin = 0, count = 0;
};

/// Steps of one region that run strip by strip along an axis. Of pairs it is one of theirs: a reduction along the other one is whole within a strip, so what
/// waits for it need not wait for the other strips, and several passes become one. Of things with things it is the first of their axes: what only these steps
/// read then exists for one strip at a time.
struct strip_group {
  std::int16_t begin = 0, count = 0;  // steps
  std::int16_t axis = -1;
  bool of_pairs = false;
};
inline constexpr int max_strip_groups = 32;

/// Neighbouring maps of one region that a backend may run line by line, and the axes that number the lines.
struct line_group {
  std::int16_t begin = 0, count = 0;  // steps
  axis_list lines{};
};

/// The group that a step is part of; null where it is in none.
template <class Group>
constexpr const Group* group_with(detail::entries<Group> groups, int step) {
  for (const Group& g : groups)
    if (step >= g.begin && step < g.begin + g.count) return &g;
  return nullptr;
}

/// The plan. Its steps are listed in the order in which they run, region by region.
struct plan {
  plan_step steps[max_steps]{};
  scalar_step tape[max_tape]{};
  plan_operand operands[max_operands]{};
  plan_sink sinks[max_sinks]{};
  region_range regions[max_regions]{};
  strip_group strips[max_strip_groups]{};
  std::int16_t producer[max_nodes]{};  // the step that stores a node, +1; 0: none
  bool live[max_nodes]{};
  int step_count = 0, tape_size = 0, operand_count = 0, sink_count = 0, forward_steps = 0, pair_passes = 0, strip_count = 0;
  mistake found = mistake::none;
  int found_at = -1;
};

/// The node that holds the numbers of n: reshapes are other names for the same numbers.
constexpr int home_of(const model& m, int n) {
  while (m.at(n).op->plays == role::alias) n = m.at(n).in[0];
  return n;
}

constexpr int batch_axes(const model& m, const axis_list& l) {
  int count = 0;
  for (int k = 0; k < l.rank; ++k) count += m.axis_entries[static_cast<std::size_t>(l[k])].numbers_examples ? 1 : 0;
  return count;
}

namespace detail {

/// What the steps of a plan refer to, while the compiler plans and at run time.
struct plan_parts {
  const node* nodes;
  const plan_operand* operands;
  const plan_sink* sinks;
};
constexpr plan_parts parts_of(const model& m, const plan& p) { return {m.nodes, p.operands, p.sinks}; }

/// Calls read(node) for every value that a step reads.
template <class Read>
constexpr void for_each_read(const plan_parts& p, const plan_step& s, Read read) {
  const auto inputs = [&](int n) {
    for (const int i : p.nodes[n].in)  // a pass makes its pair values itself
      if (i >= 0 && !(s.kind == step_kind::pairs && p.nodes[i].axes.contains(s.space))) read(i);
  };
  if (s.kind == step_kind::kernel || s.kind == step_kind::repeat) return inputs(s.node);
  for (int k = s.operand; k < s.operand + s.operand_count; ++k) {
    const plan_operand& o = p.operands[k];
    if (o.kind == operand_kind::product || o.kind == operand_kind::listed) inputs(o.node);
    else if (o.node >= 0 && o.kind != operand_kind::position) read(static_cast<int>(o.node));
  }
  for (int k = s.sink; k < s.sink + s.sink_count; ++k)
    if (p.sinks[k].kind == sink_kind::contract) inputs(p.sinks[k].node);
}

/// Calls visit(node) for every value that a step makes.
template <class Visit>
constexpr void for_each_result(const plan_parts& p, const plan_step& s, Visit visit) {
  if (s.kind == step_kind::kernel || s.kind == step_kind::repeat) return visit(static_cast<int>(s.node));
  for (int k = s.sink; k < s.sink + s.sink_count; ++k) visit(static_cast<int>(p.sinks[k].node));
}

/// Puts the steps into an order: the k-th becomes the one that is order[k] now.
constexpr void reorder(const model& m, plan& p, const std::int16_t* order, int count) {
  plan_step sorted[max_steps]{};
  std::int16_t place[max_steps]{};
  for (int k = 0; k < count; ++k) {
    sorted[k] = p.steps[order[k]];
    place[order[k]] = static_cast<std::int16_t>(k);
  }
  for (int k = 0; k < count; ++k) p.steps[k] = sorted[k];
  for (int n = 0; n < m.size; ++n)
    if (p.producer[n] != 0) p.producer[n] = static_cast<std::int16_t>(place[p.producer[n] - 1] + 1);
}

}  // namespace detail

}  // namespace akin::inline v0
