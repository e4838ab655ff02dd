// SPDX-License-Identifier: Apache-2.0
// Maps: a chain over a space of any rank, one element or one part of a reduction for each index.
#pragma once

#include <akin/backend/fold.hpp>
#include <akin/backend/thrust/chain.hpp>
#include <akin/backend/thrust/queue.hpp>

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

namespace akin::inline v0 {
namespace device {

/// An operand of a map: 32 bits in memory, or an integer that is computed: its offset.
struct operand {
  const float* data = nullptr;  // null: computed
  std::int64_t from = 0;        // of a computed one
  strides step{};
  AKIN_HOST_DEVICE float at(std::int64_t offset) const {
    return data ? data[offset] : as_float(static_cast<std::int32_t>(from + offset));
  }
};

/// A result of a map, stored or reduced. A reduction that adds to what is there goes on from it.
struct result {
  float* data = nullptr;
  strides step{};
  bool reduces = false, adds = false;
  reduction kind = reduction::sum;
};

/// A map with its space folded; of the dimensions those that a reduction keeps stand first.
struct map_call {
  int rank = 0, kept = 0;
  std::array<std::int64_t, max_rank> extent{};
  std::array<operand, max_operands_of_step> operands{};
  std::array<result, max_results_of_step> results{};  // by the chain's results; null data: not wanted

  std::int64_t extent_of(int from, int to) const {
    std::int64_t product = 1;
    for (int d = from; d < to; ++d) product *= extent[static_cast<std::size_t>(d)];
    return product;
  }
};

/// Where an index lies along the dimensions [from, to): its offset for each of `count` strides is added to at[].
template <int Count, class Strided>
AKIN_HOST_DEVICE void walk(const std::array<std::int64_t, max_rank>& extent, int from, int to, std::int64_t index,
                           const Strided (&all)[Count], std::int64_t* at) {
  for (int d = max_rank - 1; d >= 0; --d) {  // a constant bound, so that a device keeps everything in registers
    if (d < from || d >= to) continue;
    const std::int64_t e = extent[static_cast<std::size_t>(d)], here = d == from ? index : index % e;
    if (d > from) index /= e;
    for (int k = 0; k < Count; ++k) at[k] += here * all[k].step[static_cast<std::size_t>(d)];
  }
}

/// An array has one at least.
template <class Chain>
inline constexpr int operands_of = Chain::operands > 0 ? Chain::operands : 1;

/// Stores the results of element `index`.
template <class Chain>
struct store_element {
  std::array<std::int64_t, max_rank> extent;
  int rank;
  operand operands[operands_of<Chain>];
  result results[Chain::results];

  AKIN_HOST_DEVICE void operator()(std::int64_t index) const {
    std::int64_t from[operands_of<Chain>] = {}, to[Chain::results] = {};
    walk(extent, 0, rank, index, operands, from);
    walk(extent, 0, rank, index, results, to);
    float values[Chain::results];
    Chain::evaluate([&](int k) { return operands[k].at(from[k]); }, values);
    for (int r = 0; r < Chain::results; ++r)
      if (results[r].data) results[r].data[to[r]] = values[r];
  }
};

/// What a reduction has come to. Sums carry what the rounding of each addition lost, since a part may be long.
struct accumulator {
  float value = 0, sum = 0, lost = 0;

  accumulator() = default;
  AKIN_HOST_DEVICE explicit accumulator(reduction kind) : value{start_of(kind)} {}

  AKIN_HOST_DEVICE void add(reduction kind, float x) {
    if (kind == reduction::maximum) value = larger(value, x);
    else if (kind == reduction::minimum) value = smaller(value, x);
    else if (kind == reduction::sum) add(x);
    else add_exponential(x);
  }
  AKIN_HOST_DEVICE float total(reduction kind) const {
    if (kind == reduction::sum) return whole();
    if (kind != reduction::log_sum_exp || (sum == 0 && value == -std::numeric_limits<float>::infinity())) return value;
    return static_cast<float>(value + std::log(static_cast<double>(whole())));
  }

 private:
  AKIN_HOST_DEVICE float whole() const { return std::isfinite(lost) ? sum + lost : sum; }
  AKIN_HOST_DEVICE void add(float x) {
    const float next = sum + x, of_x = next - sum;
    lost += (sum - (next - of_x)) + (x - of_x);
    sum = next;
  }
  // value is the largest x so far, and the sum is of exp(x - value).
  AKIN_HOST_DEVICE void add_exponential(float x) {
    if (x == -std::numeric_limits<float>::infinity()) return;
    if (x > value) {
      const float smaller_by = std::exp(value - x);
      sum = product(sum, smaller_by);
      lost = product(lost, smaller_by);
      value = x;
      add(1);
    } else {
      add(x == value ? 1 : std::exp(x - value));
    }
  }
};

/// How the reduced entries of each result are cut: part p takes `length` of them, `step` apart.
struct parts {
  std::int64_t results = 1, entries = 1, count = 1;
  bool neighbours = false;  // along the last dimension: then neighbouring parts take neighbouring entries

  AKIN_HOST_DEVICE std::int64_t result_of(std::int64_t index) const { return neighbours ? index / count : index % results; }
  AKIN_HOST_DEVICE std::int64_t part_of(std::int64_t index) const { return neighbours ? index % count : index / results; }
  AKIN_HOST_DEVICE std::int64_t place(std::int64_t result, std::int64_t part) const { return part * results + result; }
  AKIN_HOST_DEVICE std::int64_t step() const { return neighbours ? count : 1; }
  AKIN_HOST_DEVICE std::int64_t first(std::int64_t part) const {
    return neighbours ? part : part * ((entries + count - 1) / count);
  }
  AKIN_HOST_DEVICE std::int64_t end(std::int64_t part) const {
    if (neighbours) return entries;
    const std::int64_t next = first(part + 1);
    return next < entries ? next : entries;
  }
};

/// Reduces one part of one result of each reduction that is wanted.
template <class Chain>
struct reduce_part {
  std::array<std::int64_t, max_rank> extent;
  int kept, rank;
  operand operands[operands_of<Chain>];
  reduction kinds[Chain::results];
  float* partials[Chain::results];  // null: not wanted
  parts cut;

  AKIN_HOST_DEVICE void operator()(std::int64_t index) const {
    const std::int64_t number = cut.result_of(index), part = cut.part_of(index), end = cut.end(part);
    std::int64_t from[operands_of<Chain>] = {};
    walk(extent, 0, kept, number, operands, from);
    accumulator totals[Chain::results];
    for (int r = 0; r < Chain::results; ++r) totals[r] = accumulator{kinds[r]};
    for (std::int64_t entry = cut.first(part); entry < end; entry += cut.step()) {
      std::int64_t at[operands_of<Chain>];
      for (int k = 0; k < operands_of<Chain>; ++k) at[k] = from[k];
      walk(extent, kept, rank, entry, operands, at);
      float values[Chain::results];
      Chain::evaluate([&](int k) { return operands[k].at(at[k]); }, values);
      for (int r = 0; r < Chain::results; ++r)
        if (partials[r]) totals[r].add(kinds[r], values[r]);
    }
    for (int r = 0; r < Chain::results; ++r)
      if (partials[r]) partials[r][cut.place(number, part)] = totals[r].total(kinds[r]);
  }
};

/// Adds the parts of one result in their order.
struct merge_parts {
  std::array<std::int64_t, max_rank> extent;
  int kept;
  result to[1];
  const float* partials;
  parts cut;

  AKIN_HOST_DEVICE void operator()(std::int64_t number) const {
    std::int64_t at = 0;
    walk(extent, 0, kept, number, to, &at);
    const reduction kind = to[0].kind;
    accumulator total{kind};
    if (to[0].adds) total.add(kind, to[0].data[at]);
    for (std::int64_t part = 0; part < cut.count; ++part) total.add(kind, partials[cut.place(number, part)]);
    to[0].data[at] = total.total(kind);
  }
};

/// The parts of a chain that are compiled for it: those that a step needs.
struct compiled_chain {
  void (*store)(queue&, const map_call&) = nullptr;
  void (*reduce)(queue&, const map_call&, const parts&, float* const* partials) = nullptr;
  void (*lines)(queue&, const std::span<const map_call* const>& group, std::int64_t count) = nullptr;  // of the group that begins with this map
};

template <class Chain>
void store_all(queue& q, const map_call& c) {
  store_element<Chain> work{c.extent, c.rank, {}, {}};
  std::copy_n(c.operands.begin(), Chain::operands, work.operands);
  std::copy_n(c.results.begin(), Chain::results, work.results);
  q.each(c.extent_of(0, c.rank), work);
}

template <class Chain>
void reduce_all(queue& q, const map_call& c, const parts& cut, float* const* partials) {
  reduce_part<Chain> work{c.extent, c.kept, c.rank, {}, {}, {}, cut};
  std::copy_n(c.operands.begin(), Chain::operands, work.operands);
  for (int r = 0; r < Chain::results; ++r) work.kinds[r] = c.results[static_cast<std::size_t>(r)].kind;
  std::copy_n(partials, Chain::results, work.partials);
  q.each(cut.results * cut.count, work);
}

template <class Chain, class Lines, class Results>
struct words_of_tape;
template <class Chain, std::size_t... Line, std::size_t... Result>
struct words_of_tape<Chain, std::index_sequence<Line...>, std::index_sequence<Result...>> {
  using type = chain_words<Chain::operands, Chain::results, tape_line::of(Chain::tape[Line]).word...,
                           tape_line::of({scalar::none, Chain::taken[Result], std::int16_t{Result}}).word...>;
};
/// The words of a chain, which has `operands`, `results`, a `tape`, and in `taken` the line that each result takes.
template <class Chain>
using words_of = typename words_of_tape<Chain, std::make_index_sequence<Chain::tape.size()>, std::make_index_sequence<Chain::taken.size()>>::type;

/// The functions of a chain.
template <class Chain>
constexpr compiled_chain compile() { return {store_all<words_of<Chain>>, reduce_all<words_of<Chain>>}; }
template <class Chain>
constexpr compiled_chain compile_reductions() { return {nullptr, reduce_all<words_of<Chain>>}; }

/// Runs a chain over a space.
/// values: work and sums are cut by extents only: the same bits on every run
class map_run {
 public:
  map_run(queue& q, const compiled_chain& chain) : queue_{q}, chain_{chain} {}

  void run(const map_call& c) {
    store(c);
    std::array<bool, max_results_of_step> done{};
    for (std::size_t r = 0; r < c.results.size(); ++r)
      if (c.results[r].data && c.results[r].reduces && !done[r]) reduce(c, r, done);
  }

 private:
  void store(map_call c) {
    for (auto& r : c.results)
      if (r.reduces) r.data = nullptr;
    if (std::none_of(c.results.begin(), c.results.end(), [](const result& r) { return r.data; })) return;
    fold(c);
    chain_.store(queue_, c);
  }

  // Reductions that keep the same dimensions run together.
  void reduce(map_call c, std::size_t first, std::array<bool, max_results_of_step>& done) {
    const auto keeps = [&](const result& r, int d) { return r.step[static_cast<std::size_t>(d)] != 0; };
    for (std::size_t r = 0; r < c.results.size(); ++r) {
      bool alike = c.results[r].data && c.results[r].reduces;
      for (int d = 0; d < c.rank; ++d) alike = alike && keeps(c.results[r], d) == keeps(c.results[first], d);
      if (alike) done[r] = true;
      else c.results[r].data = nullptr;
    }
    fold(c);
    const bool neighbours = c.rank > 0 && !keeps(c.results[first], c.rank - 1);
    order(c, [&](int d) { return keeps(c.results[first], d); });
    const parts cut = cut_for(c.extent_of(0, c.kept), c.extent_of(c.kept, c.rank), neighbours);
    std::array<float*, max_results_of_step> partials{};
    const auto wanted = std::count_if(c.results.begin(), c.results.end(), [](const result& r) { return r.data; });
    float* room = queue_.room(scratch::partials, wanted * most_partials(cut));
    for (std::size_t r = 0; r < c.results.size(); ++r)
      if (c.results[r].data) partials[r] = std::exchange(room, room + cut.results * cut.count);
    chain_.reduce(queue_, c, cut, partials.data());
    for (std::size_t r = 0; r < c.results.size(); ++r)
      if (c.results[r].data) queue_.each(cut.results, merge_parts{c.extent, c.kept, {c.results[r]}, partials[r], cut});
  }

  // At least 64 entries a part; enough parts for a device, and a warp of them where they are neighbours.
  static constexpr std::int64_t part = 64, enough = 65536, warp = 32;
  static parts cut_for(std::int64_t results, std::int64_t entries, bool neighbours) {
    const std::int64_t most = std::max<std::int64_t>(neighbours ? warp : 1, enough / std::max<std::int64_t>(results, 1));
    return {results, entries, std::clamp<std::int64_t>(entries / part, 1, most), neighbours};
  }
  // Of these extents and of all that are smaller.
  static std::int64_t most_partials(const parts& cut) {
    return std::min(cut.results * std::max<std::int64_t>(cut.entries / part, 1), std::max(cut.results * (cut.neighbours ? warp : 1), enough));
  }

  template <class Visit>
  static void for_each_stride(map_call& c, Visit visit) {
    for (auto& o : c.operands) visit(o.step);
    for (auto& r : c.results)
      if (r.data) visit(r.step);
  }
  static void fold(map_call& c) {
    fold_space(c.rank, c.extent, [&](auto visit) { for_each_stride(c, visit); });
  }

  // Those that are kept first, each kind in the order of the space.
  template <class Keeps>
  static void order(map_call& c, Keeps keeps) {
    std::array<int, max_rank> from{};
    int count = 0;
    for (const bool kept : {true, false}) {
      for (int d = 0; d < c.rank; ++d)
        if (keeps(d) == kept) from[static_cast<std::size_t>(count++)] = d;
      if (kept) c.kept = count;
    }
    const auto turn = [&](auto& numbers) {
      const auto before = numbers;
      for (int d = 0; d < c.rank; ++d)
        numbers[static_cast<std::size_t>(d)] = before[static_cast<std::size_t>(from[static_cast<std::size_t>(d)])];
    };
    turn(c.extent);
    for_each_stride(c, turn);
  }

  queue& queue_;
  const compiled_chain& chain_;
};

/// A map's arguments as strides.
inline map_call call_of(const map_arguments<float>& a) {
  map_call c;
  c.rank = a.space.rank;
  c.extent = a.space.extent;
  for (std::size_t k = 0; k < a.operands.size(); ++k) {
    const auto& o = a.operands[k];
    auto& to = c.operands[k];
    if (o.kind == operand_kind::real) to = {o.value.data, 0, strides_in(a.space, o.value)};
    else if (o.kind == operand_kind::integer) to = {reinterpret_cast<const float*>(o.integers), 0, strides_in(a.space, o.value)};
    else if (o.kind == operand_kind::seed) to = {nullptr, o.seed, {}};
    else to = {nullptr, o.first, strides_in(a.space, o.value)};
  }
  for (const auto& s : a.stores) c.results[static_cast<std::size_t>(s.step)] = {s.value.data, strides_in(a.space, s.value)};
  for (const auto& r : a.reductions)
    if (r.value.size() > 0)
      c.results[static_cast<std::size_t>(r.step)] = {r.value.data, strides_in(a.space, r.value), true, r.goes_on, r.kind};
  return c;
}

inline void map(queue& q, const compiled_chain& chain, const map_arguments<float>& a) { map_run{q, chain}.run(call_of(a)); }

}  // namespace device
}  // namespace akin::inline v0
