// SPDX-License-Identifier: Apache-2.0
// Softmax, layer normalisation and whatever else waits only for sums along its own line: maps that follow each other for one line at a time, in one kernel.
#pragma once

#include <akin/backend/thrust/map.hpp>

#include <span>
#include <utility>

namespace akin::inline v0 {
namespace device {

/// One map of a group, for a team of lanes, each of which takes every lanes-th entry of the line.
template <class Chain>
struct line_map {
  std::array<std::int64_t, max_rank> extent;  // of the lines
  int rank;
  std::int64_t length;  // of a line: 1 where the map has one number for each
  operand operands[operands_of<Chain>];
  std::int64_t operand_steps[operands_of<Chain>];  // from an entry to the next
  result results[Chain::results];
  std::int64_t result_steps[Chain::results];
  bool runs;

  template <class Team>
  AKIN_HOST_DEVICE void run(std::int64_t line, const Team& team) const {
    if (!runs) return;
    std::int64_t from[operands_of<Chain>] = {}, to[Chain::results] = {};
    walk(extent, 0, rank, line, operands, from);
    walk(extent, 0, rank, line, results, to);
    accumulator totals[Chain::results];
    for (int r = 0; r < Chain::results; ++r) totals[r] = accumulator{results[r].kind};
    for (std::int64_t entry = team.lane(); entry < length; entry += Team::lanes) {
      float values[Chain::results];
      Chain::evaluate([&](int k) { return operands[k].at(from[k] + entry * operand_steps[k]); }, values);
      for (int r = 0; r < Chain::results; ++r) {
        if (!results[r].data) continue;
        if (results[r].reduces) totals[r].add(results[r].kind, values[r]);
        else results[r].data[to[r] + entry * result_steps[r]] = values[r];
      }
    }
    finish(to, totals, team, std::make_integer_sequence<int, Chain::results>{});
    team.sync();
  }

 private:
  static AKIN_HOST_DEVICE float merged(reduction kind, float a, float b) {
    accumulator both{kind};
    both.add(kind, a);
    both.add(kind, b);
    return both.total(kind);
  }
  // The lanes' totals in a tree, whose root is the first lane.
  template <class Team>
  static AKIN_HOST_DEVICE void finish(const result& r, std::int64_t at, const accumulator& of_lane, const Team& team) {
    if (!r.data || !r.reduces) return;
    float total = of_lane.total(r.kind);
    for (int by = Team::lanes / 2; by > 0; by /= 2) {
      const float other = team.from_lane(total, by);
      if (team.lane() < by) total = merged(r.kind, total, other);
    }
    if (team.lane() == 0) r.data[at] = r.adds ? merged(r.kind, r.data[at], total) : total;
  }
  // Written out for each result: a loop around the tree would not be unrolled, and the totals would lie in memory.
  template <class Team, int... R>
  AKIN_HOST_DEVICE void finish(const std::int64_t* to, const accumulator* totals, const Team& team, std::integer_sequence<int, R...>) const {
    (finish(results[R], to[R], totals[R], team), ...);
  }
};

/// All maps of a group, each after the one before.
template <class... Chains>
struct line_work {
  template <class Team>
  AKIN_HOST_DEVICE void operator()(std::int64_t, const Team&) const {}
};
template <class First, class... Rest>
struct line_work<First, Rest...> {
  line_map<First> first;
  line_work<Rest...> rest;

  template <class Team>
  AKIN_HOST_DEVICE void operator()(std::int64_t line, const Team& team) const {
    first.run(line, team);
    rest(line, team);
  }
};

/// The calls of a group's maps, whose kept dimensions number the lines; null: one does not run.
using group_calls = std::span<const map_call* const>;

inline void place(const group_calls&, line_work<>&) {}
template <class First, class... Rest>
void place(const group_calls& calls, line_work<First, Rest...>& work) {
  line_map<First>& m = work.first;
  m.runs = calls.front() != nullptr;
  if (m.runs) {
    const map_call& c = *calls.front();
    const auto along = static_cast<std::size_t>(c.kept);
    const bool has_one = c.rank > c.kept;
    m.extent = c.extent;
    m.rank = c.kept;
    m.length = has_one ? c.extent[along] : 1;
    std::copy_n(c.operands.begin(), First::operands, m.operands);
    std::copy_n(c.results.begin(), First::results, m.results);
    for (int k = 0; k < First::operands; ++k) m.operand_steps[k] = has_one ? m.operands[k].step[along] : 0;
    for (int r = 0; r < First::results; ++r) m.result_steps[r] = has_one ? m.results[r].step[along] : 0;
  }
  place(calls.subspan(1), work.rest);
}

template <class... Chains>
void run_lines_of(queue& q, const group_calls& calls, std::int64_t lines) {
  line_work<Chains...> work{};
  static_assert(sizeof work + sizeof lines <= 4096, "akin: backend/thrust: a kernel has 4 KiB of arguments");
  place(calls, work);
  q.each_line(lines, work);
}

/// A chain with the function of the group that begins with it.
template <class... Chain>
constexpr compiled_chain compile_lines(compiled_chain first) {
  first.lines = run_lines_of<words_of<Chain>...>;
  return first;
}

/// A call without the reductions that `leaves_out(reduction)` names.
template <class LeavesOut>
map_call without(map_call c, const map_arguments<float>& a, LeavesOut leaves_out) {
  for (const auto& r : a.reductions)
    if (leaves_out(r)) c.results[static_cast<std::size_t>(r.step)].data = nullptr;
  return c;
}

/// values: sums of a line in the order of its lanes, in a tree over them: the same bits on every run
inline void map_lines(queue& q, const compiled_chain& chain, const view<const float>& lines, std::span<const map_of_group<float, compiled_chain>> maps) {
  const auto is_of_lines = [&](const map_reduction<float>& r) {
    return std::equal(lines.axis.begin(), lines.axis.begin() + lines.rank, r.value.axis.begin(), r.value.axis.begin() + r.value.rank);
  };
  std::array<map_call, max_maps_of_group> calls;
  std::array<const map_call*, max_maps_of_group> running{};
  for (std::size_t k = 0; k < maps.size(); ++k) {
    if (!maps[k].arguments) continue;
    calls[k] = without(call_of(*maps[k].arguments), *maps[k].arguments, [&](const auto& r) { return !is_of_lines(r); });
    calls[k].kept = lines.rank;
    running[k] = &calls[k];
  }
  chain.lines(q, {running.data(), maps.size()}, lines.size());
  for (const auto& m : maps) {
    if (!m.arguments || !m.chain->reduce) continue;
    map_call others = without(call_of(*m.arguments), *m.arguments, is_of_lines);
    for (const auto& s : m.arguments->stores) others.results[static_cast<std::size_t>(s.step)].data = nullptr;
    map_run{q, *m.chain}.run(others);
  }
}

}  // namespace device
}  // namespace akin::inline v0
