// SPDX-License-Identifier: Apache-2.0
// Softmax, layer normalisation and whatever else waits only for sums along its own line: maps that follow each other for one line at a time, in one kernel.
#pragma once

#include <akin/backend/thrust/map.hpp>

#include <span>

namespace akin::inline v0 {
namespace device {

/// One map of the group, for a team of lanes, each of which takes every lanes-th entry: an operand's and a result's place, and the step from an entry of the line to the next.
template <class Chain>
struct map_of_line {
  std::array<std::int64_t, max_rank> extent;  // of the lines
  int rank;
  std::int64_t length;  // of the line: 1 where the map has one number for each
  operand operands[operands_of<Chain>];
  std::int64_t operand_steps[operands_of<Chain>];
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
    for (int r = 0; r < Chain::results; ++r)
      if (results[r].data && results[r].reduces) finish(results[r], to[r], totals[r].total(results[r].kind), team);
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
  static AKIN_HOST_DEVICE void finish(const result& r, std::int64_t at, float total, const Team& team) {
    for (int by = Team::lanes / 2; by > 0; by /= 2) {
      const float other = team.from_lane(total, by);
      if (team.lane() < by) total = merged(r.kind, total, other);
    }
    if (team.lane() == 0) r.data[at] = r.adds ? merged(r.kind, r.data[at], total) : total;
  }
};

/// All maps of the group, each after the one before.
template <class... Chains>
struct line_work {
  template <class Team>
  AKIN_HOST_DEVICE void operator()(std::int64_t, const Team&) const {}
};
template <class First, class... Rest>
struct line_work<First, Rest...> {
  map_of_line<First> first;
  line_work<Rest...> rest;

  template <class Team>
  AKIN_HOST_DEVICE void operator()(std::int64_t line, const Team& team) const {
    first.run(line, team);
    rest(line, team);
  }
};

/// Maps whose spaces begin with the dimensions that number the lines; null: one does not run.
using calls_of_lines = std::span<const map_call* const>;

inline void place(const calls_of_lines&, line_work<>&) {}
template <class First, class... Rest>
void place(const calls_of_lines& calls, line_work<First, Rest...>& work) {
  auto& [extent, rank, length, operands, operand_steps, results, result_steps, runs] = work.first;
  runs = calls.front() != nullptr;
  if (runs) {
    const map_call& c = *calls.front();
    const auto along = static_cast<std::size_t>(c.kept);
    const bool has_one = c.rank > c.kept;
    extent = c.extent;
    rank = c.kept;
    length = has_one ? c.extent[along] : 1;
    std::copy_n(c.operands.begin(), First::operands, operands);
    std::copy_n(c.results.begin(), First::results, results);
    for (int k = 0; k < First::operands; ++k) operand_steps[k] = has_one ? operands[k].step[along] : 0;
    for (int r = 0; r < First::results; ++r) result_steps[r] = has_one ? results[r].step[along] : 0;
  }
  place(calls.subspan(1), work.rest);
}

template <class... Chains>
void run_all_lines(queue& q, const calls_of_lines& calls, std::int64_t lines) {
  line_work<Chains...> work{};
  place(calls, work);
  q.each_line(lines, work);
}

/// Adds to a chain the function of the group that begins with it.
template <class... Chain>
constexpr void compile_lines(compiled_chain& first) { first.lines = run_all_lines<words_of<Chain>...>; }

/// Takes a map's results of one number a line, or those that are reduced otherwise, out of a call.
inline map_call with_results(map_call c, const map_arguments<float>& a, const view<const float>& lines, bool of_lines) {
  for (const auto& r : a.reductions)
    if (std::equal(lines.axis.begin(), lines.axis.begin() + lines.rank, r.value.axis.begin(), r.value.axis.begin() + r.value.rank) != of_lines) c.results[static_cast<std::size_t>(r.step)].data = nullptr;
  if (!of_lines)
    for (const auto& s : a.stores) c.results[static_cast<std::size_t>(s.step)].data = nullptr;
  return c;
}

/// values: sums of a line in the order of its lanes, in a tree over them: the same bits on every run
inline void map_lines(queue& q, const compiled_chain& chain, const view<const float>& lines, std::span<const map_of_lines<float, compiled_chain>> maps) {
  std::array<map_call, max_maps_of_lines> calls;
  std::array<const map_call*, max_maps_of_lines> running{};
  for (std::size_t k = 0; k < maps.size(); ++k) {
    if (!maps[k].arguments) continue;
    calls[k] = with_results(call_of(*maps[k].arguments), *maps[k].arguments, lines, true);
    order(calls[k], [&](int d) { return lines.find(maps[k].arguments->space.axis[static_cast<std::size_t>(d)]) >= 0; });
    running[k] = &calls[k];
  }
  chain.lines(q, {running.data(), maps.size()}, lines.size());
  for (const auto& m : maps)
    if (m.arguments && m.chain->reduce) map_run{q, *m.chain}.run(with_results(call_of(*m.arguments), *m.arguments, lines, false));
}

}  // namespace device
}  // namespace akin::inline v0
