// SPDX-License-Identifier: Apache-2.0
// The memory plan: where each stored value lies, so that values which are never alive together share bytes.
#pragma once

#include <akin/graph/extents.hpp>
#include <akin/graph/needed.hpp>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// Offsets in bytes. Values of region 0 lie in the arena. A repeated body has a scratch frame, shared by its layers, and a saved
/// frame for each layer with what its gradient will read.
struct memory_plan {
  struct frame {
    std::int64_t scratch_bytes = 0, saved_bytes = 0;  // saved: of one layer
    std::int64_t scratch_at = 0, saved_at = 0;        // in the parent's scratch; in the parent's saved frame, or in the arena where the parent is the model
    std::int64_t carry_bytes = 0;                     // of a layer's argument, where the body runs again for its gradient
    std::int64_t again_at = 0;                        // its scratch then, in that of the gradient's parent
    std::int64_t first_layer = 0;                     // of those that take part in a gradient; what the others would keep shares one place
    std::int64_t lent_from = INT64_MAX, lent_at = 0;  // in the model itself: the place from which on layers keep it where gradients will lie, the first byte there

    /// What is kept of each layer until its gradient.
    std::int64_t kept_bytes() const { return carry_bytes > 0 ? carry_bytes : saved_bytes; }
    std::int64_t place_of(std::int64_t layer) const { return std::max<std::int64_t>(layer - first_layer + (first_layer > 0 ? 1 : 0), 0); }
    /// Where the body runs: its scratch, and the one saved frame of a body that runs again.
    std::int64_t room() const { return scratch_bytes + (carry_bytes > 0 ? saved_bytes : 0); }
  };
  std::vector<std::int64_t> offset;  // per node, -1: not stored by the program
  std::vector<char> saved;           // per node
  std::vector<frame> frames;         // per region
  std::int64_t bytes = 0;            // of the arena
  std::int64_t sum_of_values = 0;    // what it would be if nothing shared
  std::vector<std::int64_t> kept;    // per node: bytes of a product of pairs that lies in the arena from its first pass to its last; 0: it does not
  std::vector<std::int64_t> strips;  // per group of steps that run in strips: a strip's extent
  std::vector<char> of_strip;        // per node: it exists for one strip at a time
  needed_steps needed;               // what runs
  bool runs(const blueprint& b, const plan_step& s) const { return needed.step[b.number_of(s)] != 0; }
  bool keeps(int product) const { return kept[static_cast<std::size_t>(product)] != 0; }
};

namespace detail {

constexpr std::int64_t in_lines(std::int64_t bytes) { return (bytes + 63) / 64 * 64; }

struct lifetime {
  std::int64_t bytes = 0;
  int begin = 0, end = 0;
  std::int64_t* at = nullptr;
};

// Places the largest first, each at the lowest offset where it meets nothing that lives at the same time. Not by std::sort: compiling it costs each of a
// user's files more than this search costs a bind of some hundred values.
[[gnu::cold]] inline std::int64_t place(std::vector<lifetime> values) {
  std::int64_t total = 0;
  std::vector<lifetime> placed;  // by their offsets
  placed.reserve(values.size());
  while (!values.empty()) {
    const auto largest = std::max_element(values.begin(), values.end(), [](const lifetime& a, const lifetime& b) { return a.bytes < b.bytes; });
    const lifetime v = *largest;
    values.erase(largest);
    std::int64_t at = 0;
    for (const lifetime& other : placed) {
      if (*other.at >= at + v.bytes) break;
      if (other.begin <= v.end && v.begin <= other.end) at = std::max(at, *other.at + other.bytes);
    }
    *v.at = at;
    placed.insert(std::find_if(placed.begin(), placed.end(), [&](const lifetime& other) { return *other.at > at; }), v);
    total = std::max(total, at + v.bytes);
  }
  return total;
}

// Regions in an order in which those that a region's steps run, or run again, stand before it.
[[gnu::cold]] inline std::vector<std::size_t> inner_first(const blueprint& b) {
  std::vector<std::size_t> order;
  for (const bool backwards : {false, true})
    for (std::size_t r = b.regions.size(); r-- > 1;)
      if ((b.regions[r].forward >= 0) == backwards) order.push_back(r);
  order.push_back(0);
  return order;
}

}  // namespace detail

/// A product of pairs that several passes read, and the numbers it takes to keep it from the first to the last of them; 0: each computes it.
struct kept_product {
  int node = -1, first = -1, last = -1;  // steps of region 0
  std::int64_t numbers = 0;
  const strip_group* strips = nullptr;  // where these passes run in strips: then it is kept for one of them at a time
};

/// A stretch of the gradients, in bytes, and the step of region 0 that writes first into it: until then it is room for what nobody reads any more by that step.
struct idle_stretch {
  std::int64_t begin = 0, end = 0;
  int until = 0;
};

/// The products that more than one pass reads.
[[gnu::cold]] inline std::vector<kept_product> products_of_several_passes(const blueprint& b) {
  std::vector<kept_product> all;
  for (int k = 0; k < b.ranges[0].count; ++k) {
    const plan_step& s = b.steps[static_cast<std::size_t>(b.ranges[0].begin + k)];
    for (const plan_operand& o : b.operands_of(s)) {
      if (o.kind != operand_kind::product) continue;
      bool known = false;
      for (kept_product& p : all)
        if (p.node == o.node) known = true, p.last = k;
      if (!known) all.push_back({o.node, k, k, 0, b.strips_of(k)});
    }
  }
  std::erase_if(all, [](const kept_product& p) { return p.first == p.last; });
  return all;
}

namespace detail {

/// The strips in which a value of one strip at a time is made.
inline std::size_t strips_of_value(const blueprint& b, int n) {
  return static_cast<std::size_t>(b.strips_of(b.producer[static_cast<std::size_t>(n)] - 1) - b.strips.data());
}

[[gnu::cold]] inline std::int64_t bytes_of_strip(const blueprint& b, const extent_table& extents, const memory_plan& plan, int n, std::size_t real_bytes) {
  const std::int64_t whole = extents[b.at(n).axes[0]], strip = std::min(whole, plan.strips[strips_of_value(b, n)]);
  return whole == 0 ? 0 : extents.bytes(n, real_bytes) / whole * strip;
}

/// Even strips, of as many entries of the axis as fit together into so many bytes, or of one. They are the same for all groups along an axis, so that a product
/// that a gradient multiplies again has the bits of the layer's own.
[[gnu::cold]] inline void choose_strips(const blueprint& b, const extent_table& extents, std::int64_t bytes, std::size_t real_bytes, memory_plan& plan) {
  std::vector<std::int64_t> of_entry(b.strips.size(), 0);
  for (std::size_t n = 0; n < b.nodes.size(); ++n)
    if (const std::int64_t whole = plan.of_strip[n] ? extents[b.nodes[n].axes[0]] : 0; whole > 0)
      of_entry[strips_of_value(b, static_cast<int>(n))] += extents.bytes(static_cast<int>(n), real_bytes) / whole;
  std::vector<char> uncut(b.axes.size(), 0);  // axes along which such a product would be cut on one side alone
  for (std::size_t n = 0; n < b.nodes.size(); ++n) {
    if (b.nodes[n].op != &contract_again_op || b.producer[n] == 0) continue;
    const strip_group *const again = b.strips_of(b.producer[n] - 1), *const own = b.strips_of(b.producer[static_cast<std::size_t>(b.nodes[n].argument[0])] - 1);
    if ((again == nullptr) != (own == nullptr)) uncut[static_cast<std::size_t>((again ? again : own)->axis)] = 1;
  }
  for (std::size_t g = 0; g < b.strips.size(); ++g) {
    if (b.strips[g].of_pairs) continue;
    std::int64_t most_of_entry = 0;
    for (std::size_t other = 0; other < b.strips.size(); ++other)
      if (b.strips[other].axis == b.strips[g].axis) most_of_entry = std::max(most_of_entry, of_entry[other]);
    const std::int64_t whole = std::max<std::int64_t>(1, extents[b.strips[g].axis]);
    const bool cuts = most_of_entry > 0 && !uncut[static_cast<std::size_t>(b.strips[g].axis)];
    const std::int64_t most = cuts ? std::max<std::int64_t>(1, bytes / most_of_entry) : whole, count = (whole + most - 1) / most;
    plan.strips[g] = (whole + count - 1) / count;
  }
}

/// The longest stretch that idles until after a step.
[[gnu::cold]] inline idle_stretch longest_idle(std::span<const idle_stretch> all, int step) {
  idle_stretch longest, run;
  for (const idle_stretch& each : all) {
    if (each.until <= step) continue;
    if (run.end != each.begin) run.begin = each.begin;
    run.end = each.end;
    if (run.end - run.begin > longest.end - longest.begin) longest = run;
  }
  return longest;
}

/// Lends a frame's last layers such a stretch for what they keep; from then on it is no room for others.
[[gnu::cold]] inline void lend(std::vector<idle_stretch>& idle, int step, std::int64_t places, memory_plan::frame& f) {
  const idle_stretch room = longest_idle(idle, step);
  f.lent_at = in_lines(room.begin);
  const std::int64_t layers = std::clamp<std::int64_t>((room.end - f.lent_at) / f.kept_bytes(), 0, places);
  f.lent_from = places - layers;
  const std::int64_t end = f.lent_at + layers * f.kept_bytes();
  for (idle_stretch& each : idle)
    if (each.begin < end && each.end > room.begin) each.begin = std::min(each.end, end);
}

/// A map's result that lies where its operand did, which nothing reads any more.
struct written_over {
  int result, operand;
};

/// Such results, in the order of the steps; `last` of an operand becomes that of its result. Both have the same axes, so that an element is written where the
/// same element was read. Not where a map reduces too: a backend may read its operands once more for that. Nor in groups, whose steps do not run one after the other.
[[gnu::cold]] inline std::vector<written_over> maps_in_place(const blueprint& b, const memory_plan& plan, const std::vector<char>& external,
                                                             const std::vector<int>& first, std::vector<int>& last) {
  std::vector<written_over> all;
  const auto free = [&](int n) { return !external[static_cast<std::size_t>(n)] && !plan.saved[static_cast<std::size_t>(n)]; };
  for (std::size_t r = 0; r < b.regions.size(); ++r)
    for (int k = 0; k < b.ranges[r].count; ++k) {
      const int number = b.ranges[r].begin + k;
      const plan_step& s = b.steps[static_cast<std::size_t>(number)];
      if (s.kind != step_kind::map || !plan.runs(b, s) || b.strips_of(number) || b.lines_of(number)) continue;
      const auto sinks = b.sinks_of(s);
      if (std::any_of(sinks.begin(), sinks.end(), [](const plan_sink& sink) { return sink.kind != sink_kind::store; })) continue;
      const auto operands = b.operands_of(s);
      for (const plan_operand& o : operands) {
        const int v = o.node;
        if (o.kind != operand_kind::real || b.home(v) != v || b.at(v).region != static_cast<int>(r)) continue;
        if (first[static_cast<std::size_t>(v)] < 0 && (r == 0 || v != b.regions[r].carry_in)) continue;  // a leaf; a layer's argument too lies in its frame
        if (last[static_cast<std::size_t>(v)] != k || !free(v)) continue;
        const auto reads = std::count_if(operands.begin(), operands.end(), [&](const plan_operand& other) { return other.node >= 0 && b.home(other.node) == v; });
        if (reads != 1) continue;  // by another name it reads other entries than the one that it writes
        for (const plan_sink& sink : sinks) {
          const int n = sink.node;
          const bool taken = std::any_of(all.begin(), all.end(), [&](const written_over& w) { return w.result == n; });
          if (taken || !free(n) || !(b.at(n).axes == b.at(v).axes)) continue;
          all.push_back({n, v});
          break;
        }
      }
    }
  for (std::size_t k = all.size(); k-- > 0;) last[static_cast<std::size_t>(all[k].operand)] = last[static_cast<std::size_t>(all[k].result)];
  return all;
}

}  // namespace detail

/// How large a backend's strips are: of pairs by rows, of things with things by what exists for a strip alone.
struct strip_sizes {
  std::int64_t rows = 0, bytes = 0;
};

/// Lays out everything that runs for the given extents. `external` marks nodes whose storage is elsewhere (gradients of parameters), and `idle` says until when
/// theirs is nobody's. A repeat of the model keeps its last layers where gradients will lie that are written after its own: those of another tower, of its stem.
[[gnu::cold]] inline memory_plan plan_memory(const blueprint& b, const extent_table& extents, const std::vector<char>& external, needed_steps needed,
                                             std::span<const kept_product> kept, std::vector<idle_stretch> idle, const strip_sizes& sizes, std::size_t real_bytes) {
  const std::size_t count = b.nodes.size();
  memory_plan plan{std::vector<std::int64_t>(count, -1), std::vector<char>(count, 0), std::vector<memory_plan::frame>(b.regions.size()), 0, 0,
                   std::vector<std::int64_t>(count, 0),  std::vector<std::int64_t>(b.strips.size(), sizes.rows), std::vector<char>(count, 0), std::move(needed)};
  std::vector<int> first(count, -1), last(count, -1);
  for (std::size_t r = 0; r < b.regions.size(); ++r) {
    const region_range& range = b.ranges[r];
    for (int k = 0; k < range.count; ++k) {
      const plan_step& s = b.steps[static_cast<std::size_t>(range.begin + k)];
      if (!plan.runs(b, s)) continue;
      // What runs in strips runs again and again, and what runs by lines side by side: their values live from the first step to the last.
      const strip_group* const strips = b.strips_of(range.begin + k);
      const line_group* const lines = b.lines_of(range.begin + k);
      const int begin = strips ? strips->begin - range.begin : lines ? lines->begin - range.begin : k;
      const int end = strips ? begin + strips->count - 1 : lines ? begin + lines->count - 1 : k;
      detail::for_each_result(b.parts(), s, [&](int n) {
        first[static_cast<std::size_t>(n)] = begin, last[static_cast<std::size_t>(n)] = end;
        plan.of_strip[static_cast<std::size_t>(n)] = strips && !strips->of_pairs && b.at(n).axes.rank > 0 && b.at(n).axes[0] == strips->axis;
      });
      detail::for_each_read(b.parts(), s, [&](int read) {
        const int n = b.home(read);
        if (b.at(n).region == static_cast<int>(r)) {
          if (last[static_cast<std::size_t>(n)] != end) plan.of_strip[static_cast<std::size_t>(n)] = 0;  // read by others too
          last[static_cast<std::size_t>(n)] = end;
        } else {
          plan.saved[static_cast<std::size_t>(n)] = 1;
          plan.of_strip[static_cast<std::size_t>(n)] = 0;
        }
      });
    }
  }
  for (std::size_t r = 0; r < b.regions.size(); ++r)  // a gradient that is a value of the forward body
    if (const int out = b.regions[r].carry_out; out >= 0 && b.at(b.home(out)).region != static_cast<int>(r)) plan.saved[static_cast<std::size_t>(b.home(out))] = 1;
  // What nothing reads later still occupies the step that makes it; what must outlive the run lives to the end.
  const auto keep = [&](int n) {
    const auto h = static_cast<std::size_t>(b.home(n));
    last[h] = b.ranges[static_cast<std::size_t>(b.nodes[h].region)].count;
    plan.of_strip[h] = 0;
  };
  keep(b.result);
  for (const auto& o : b.outputs) keep(o.node);
  for (const auto& u : b.updates) keep(u.value);
  for (const auto& v : b.names)
    if (b.adjoint[static_cast<std::size_t>(v.node)] != 0) keep(b.adjoint[static_cast<std::size_t>(v.node)] - 1);
  for (const auto& r : b.regions)
    if (r.carry_out >= 0) keep(r.carry_out);

  const std::vector<detail::written_over> in_place = detail::maps_in_place(b, plan, external, first, last);
  const auto lies_over_another = [&](int n) { return std::any_of(in_place.begin(), in_place.end(), [&](const detail::written_over& w) { return w.result == n; }); };
  detail::choose_strips(b, extents, sizes.bytes, real_bytes, plan);
  for (const std::size_t r : detail::inner_first(b)) {
    std::vector<detail::lifetime> scratch, saved;
    const auto& range = b.ranges[r];
    if (r == 0)
      for (const kept_product& p : kept) {
        if (p.numbers == 0) continue;
        const std::int64_t bytes = plan.kept[static_cast<std::size_t>(p.node)] = detail::in_lines(p.numbers * static_cast<std::int64_t>(real_bytes));
        plan.sum_of_values += bytes;
        scratch.push_back({bytes, p.strips ? p.strips->begin : p.first, p.last, &plan.offset[static_cast<std::size_t>(p.node)]});
      }
    for (std::size_t n = 0; n < count; ++n) {
      const bool carry = r > 0 && static_cast<int>(n) == b.regions[r].carry_in;
      if (b.nodes[n].region != static_cast<int>(r) || (first[n] < 0 && !carry) || external[n]) continue;
      const auto bytes = detail::in_lines(plan.of_strip[n] ? detail::bytes_of_strip(b, extents, plan, static_cast<int>(n), real_bytes) : extents.bytes(static_cast<int>(n), real_bytes));
      plan.sum_of_values += bytes;
      if (plan.saved[n] && r > 0) saved.push_back({bytes, 0, 0, &plan.offset[n]});
      else if (!lies_over_another(static_cast<int>(n))) scratch.push_back({bytes, carry ? 0 : first[n], carry ? range.count : last[n], &plan.offset[n]});
    }
    for (int k = 0; k < range.count; ++k) {
      const plan_step& s = b.steps[static_cast<std::size_t>(range.begin + k)];
      if (s.kind != step_kind::repeat || !plan.runs(b, s)) continue;
      const auto inner = static_cast<std::size_t>(b.at(s.node).argument[0]);
      auto& f = plan.frames[inner];
      if (const int forward = b.regions[inner].forward; forward >= 0) {
        scratch.push_back({f.scratch_bytes, k, k, &f.scratch_at});
        auto& again = plan.frames[static_cast<std::size_t>(forward)];
        if (again.carry_bytes > 0) scratch.push_back({again.room(), k, k, &again.again_at});
        continue;
      }
      f.first_layer = plan.needed.first_layer[inner];
      if (b.regions[inner].recomputed && f.saved_bytes > 0) f.carry_bytes = detail::in_lines(extents.bytes(s.node, real_bytes));
      scratch.push_back({f.room(), k, k, &f.scratch_at});
      if (f.saved_bytes == 0) continue;
      const std::int64_t places = f.place_of(extents.required(b.regions[inner].depth_axis));
      plan.sum_of_values += f.kept_bytes() * places;
      int end = k;
      for (int t = k; t < range.count; ++t) {
        const plan_step& later = b.steps[static_cast<std::size_t>(range.begin + t)];
        if (later.kind == step_kind::repeat && b.regions[static_cast<std::size_t>(b.at(later.node).argument[0])].forward == static_cast<int>(inner)) end = t;
      }
      if (r > 0) {
        saved.push_back({f.kept_bytes() * places, 0, 0, &f.saved_at});
        continue;
      }
      detail::lend(idle, end, places, f);
      scratch.push_back({f.kept_bytes() * f.lent_from, k, end, &f.saved_at});
    }
    auto& f = plan.frames[r];
    f.scratch_bytes = detail::place(std::move(scratch));
    f.saved_bytes = detail::place(std::move(saved));
  }
  for (const detail::written_over& w : in_place) plan.offset[static_cast<std::size_t>(w.result)] = plan.offset[static_cast<std::size_t>(w.operand)];
  plan.bytes = plan.frames[0].scratch_bytes;
  return plan;
}

}  // namespace akin::inline v0
