// SPDX-License-Identifier: Apache-2.0
// explain(): a plan in words, before it runs.
#pragma once

#include <akin/graph/memory.hpp>
#include <akin/support/bytes_text.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace akin::inline v0 {

[[gnu::cold]] inline std::string describe_node(const blueprint& b, const extent_table& extents, int n) {
  const node& x = b.at(n);
  std::string s{x.op->name};
  if (x.name >= 0) s += detail::sentence_of({" '", extents.name(b.names[static_cast<std::size_t>(x.name)]), "'"});
  return detail::sentence_of({s, extent_table{b}.shape_text(x.axes), " (node ", n, ")"});
}

/// 17.2 G, 350 M
inline std::string count_text(double count) {
  char text[32];
  const char* const prefix[] = {" ", " k", " M", " G", " T"};
  int power = 0;
  for (; count >= 1000 && power < 4; count /= 1000) ++power;
  std::snprintf(text, sizeof text, power == 0 ? "%.0f%s" : "%.3g%s", count, prefix[power]);
  return text;
}

namespace detail {

/// The first pass that reads a product of pairs.
inline const plan_step* first_pass_of(const blueprint& b, int product) {
  for (const plan_step& s : b.steps)
    for (const plan_operand& o : b.operands_of(s))
      if (o.kind == operand_kind::product && o.node == product) return &s;
  return nullptr;
}

/// Multiplications and additions of the products that a pair pass computes; a product that an earlier pass kept costs nothing.
inline double operations_of_pass(const blueprint& b, const extent_table& e, const memory_plan* memory, const plan_step& s) {
  double depths = 0;
  const auto depth_of = [&](int factor) {
    for (int k = 0; k < b.at(factor).axes.rank; ++k)
      if (const int axis = b.at(factor).axes[k]; axis != s.space[0] && axis != s.space[1]) return static_cast<double>(e[axis]);
    return 0.0;
  };
  for (const plan_operand& o : b.operands_of(s))
    if (o.kind == operand_kind::product && !(memory && memory->keeps(o.node) && first_pass_of(b, o.node) != &s)) depths += depth_of(b.at(o.node).in[0]);
  for (const plan_sink& k : b.sinks_of(s))
    if (k.kind == sink_kind::contract) depths += depth_of(k.node);
  return 2 * depths * static_cast<double>(e[s.space[0]]) * static_cast<double>(e[s.space[1]]);
}

/// The reductions of earlier passes that a pass cannot do without: why it is a pass of its own.
inline std::vector<int> awaited(const blueprint& b, const plan_step& s) {
  std::vector<int> found, open;
  std::vector<char> seen(b.nodes.size(), 0);
  const auto push = [&](int n) {
    if (n < 0 || seen[static_cast<std::size_t>(n)]) return;
    seen[static_cast<std::size_t>(n)] = 1;
    open.push_back(n);
  };
  for (const plan_operand& o : b.operands_of(s)) push(o.node);
  for (const plan_sink& k : b.sinks_of(s))
    for (int i : b.at(k.node).in) push(i);  // a contraction's tall factor
  while (!open.empty()) {
    const int n = open.back();
    open.pop_back();
    const int producer = b.producer[static_cast<std::size_t>(n)] - 1;
    if (producer >= 0 && b.steps[static_cast<std::size_t>(producer)].is_pair_pass()) found.push_back(n);
    else
      for (int i : b.at(n).in) push(i);
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// What a chain computes, and where its results go.
inline std::string explain_chain(const blueprint& b, const extent_table& e, const plan_step& s) {
  int functions = 0;
  for (const scalar_step& t : b.tape.part(s.tape, s.tape_size))
    functions += t.code != scalar::operand && t.code != scalar::constant ? 1 : 0;
  std::string text = ": " + std::to_string(functions) + (functions == 1 ? " function of " : " functions of ");
  text += std::to_string(s.operand_count) + (s.operand_count == 1 ? " operand" : " operands");
  if (s.product_count > 0) text += ", " + std::to_string(s.product_count) + (s.product_count == 1 ? " product" : " products");
  for (const plan_sink& k : b.sinks_of(s)) {
    const node& n = b.at(k.node);
    text += k.kind == sink_kind::store ? "; stores" : k.kind == sink_kind::reduce ? "; " + std::string{n.op->name} + " to" : "; contracts to";
    text += e.shape_text(n.axes);
  }
  return text;
}

/// Its place among the passes over pairs; those that run in the same strips are one.
inline int number_of_pass(const blueprint& b, const plan_step& s) {
  int number = 1;
  const strip_group* last = nullptr;
  for (int k = 0; k < b.ranges[0].count; ++k) {
    const plan_step& other = b.steps[static_cast<std::size_t>(k)];
    const strip_group* const strips = b.strips_of(k);
    if (!other.is_pair_pass()) continue;
    if (last && strips != last) ++number;
    if (&other == &s) break;
    if (!strips) ++number;
    last = strips;
  }
  return number;
}

/// Which products of a pass are kept between passes, and the bytes that this takes.
inline std::string explain_kept(const blueprint& b, const memory_plan* memory, const plan_step& s) {
  const bool in_strips = b.strips_of(static_cast<int>(b.number_of(s))) != nullptr;
  struct { int count = 0; std::int64_t bytes = 0; } written, read;
  for (const plan_operand& o : b.operands_of(s)) {
    if (o.kind != operand_kind::product || !memory || !memory->keeps(o.node)) continue;
    auto& products = first_pass_of(b, o.node) == &s ? written : read;
    ++products.count, products.bytes += memory->kept[static_cast<std::size_t>(o.node)];
  }
  if (written.count + read.count == 0) return ", never stored";
  const auto text = [](const auto& products, const char* what) {
    if (products.count == 0) return std::string{};
    return ", " + (products.count == 1 ? std::string{"a product"} : std::to_string(products.count) + " products") + " of " + bytes_text(products.bytes) + what;
  };
  return text(written, in_strips ? " kept for the strip" : " kept for later passes") + text(read, in_strips ? " kept for the strip" : " kept by an earlier pass");
}

/// A pass over pairs: its place among them, what it costs, why it is one of its own, and what it keeps.
inline std::string explain_pass(const blueprint& b, const extent_table* extents, const memory_plan* memory, const plan_step& s) {
  const extent_table unbound{b};
  const extent_table& e = extents ? *extents : unbound;
  const strip_group* const strips = b.strips_of(static_cast<int>(b.number_of(s)));
  const bool again = strips && std::any_of(b.steps.data() + strips->begin, &s, [](const plan_step& other) { return other.is_pair_pass(); });
  std::string text = "pair pass " + std::to_string(number_of_pass(b, s)) + (again ? ", again," : "") + " of tiles" + e.shape_text(s.space);
  text += explain_kept(b, memory, s);
  if (extents) text += ", " + count_text(operations_of_pass(b, e, memory, s)) + "FLOP";
  std::vector<std::string> reductions;
  for (int n : awaited(b, s)) reductions.push_back(std::string{b.at(n).op->name} + unbound.shape_text(b.at(n).axes));
  for (auto r = reductions.begin(); r != reductions.end(); ++r)
    if (std::find(reductions.begin(), r, *r) == r) text += (r == reductions.begin() ? ", waits for " : " and ") + *r;
  return text + explain_chain(b, e, s);
}

inline std::string explain_step(const blueprint& b, const extent_table* extents, const memory_plan* memory, const plan_step& s) {
  const extent_table unbound{b};
  const extent_table& e = extents ? *extents : unbound;
  if (s.kind == step_kind::kernel) return std::string{b.at(s.node).op->name} + e.shape_text(b.at(s.node).axes);
  if (s.kind == step_kind::repeat) {
    const auto& r = b.regions[static_cast<std::size_t>(b.at(s.node).argument[0])];
    std::string layers{b.axes[static_cast<std::size_t>(r.depth_axis)].name};
    if (e[r.depth_axis] >= 0) layers += " = " + std::to_string(e[r.depth_axis]);
    std::string text = std::string{b.at(s.node).op->name} + " over " + layers + " (region " + std::to_string(b.at(s.node).argument[0]) + ")";
    if (!memory) return text;
    const auto& f = memory->frames[static_cast<std::size_t>(r.forward >= 0 ? r.forward : b.at(s.node).argument[0])];
    if (r.forward >= 0) {
      if (f.carry_bytes > 0) text += ", each layer runs again before";
      if (f.first_layer > 0) text += ", down to layer " + std::to_string(f.first_layer);
    } else if (f.kept_bytes() > 0) {
      text += ", keeps " + bytes_text(f.kept_bytes()) + " of each layer";
      if (const std::int64_t lent = f.place_of(e[r.depth_axis]) - f.lent_from; lent > 0) text += ", of the last " + std::to_string(lent) + " where gradients will lie";
    }
    return text;
  }
  return s.is_pair_pass() ? explain_pass(b, extents, memory, s) : "map" + e.shape_text(s.space) + explain_chain(b, e, s);
}

/// 1120 images
inline std::string strip_text(const blueprint& b, const extent_table* extents, const memory_plan* memory, const strip_group& g) {
  const std::string axis{b.axes[static_cast<std::size_t>(g.axis)].name};
  if (!memory || !extents) return axis;
  return std::to_string(std::min(memory->strips[static_cast<std::size_t>(&g - b.strips.data())], (*extents)[g.axis])) + " " + axis;
}

}  // namespace detail

/// The plan, a step a line, with the regions of repeats indented; sizes where the program is bound, and then only what runs.
inline std::string explain(const blueprint& b, const extent_table* extents, const memory_plan* memory) {
  std::string text = std::to_string(b.nodes.size()) + " nodes, " + std::to_string(b.steps.size()) + " steps";
  if (b.pair_passes > 0) text += ", " + std::to_string(b.pair_passes) + (b.pair_passes == 1 ? " pass" : " passes") + " over the pairs";
  text += "\n";
  for (std::size_t r = 0; r < b.regions.size(); ++r) {
    const auto runs = [&](int k) { return !memory || memory->runs(b, b.steps[static_cast<std::size_t>(b.ranges[r].begin + k)]); };
    const strip_group* before = nullptr;
    const line_group* lines_before = nullptr;
    int first = 0;
    while (first < b.ranges[r].count && !runs(first)) ++first;
    if (first == b.ranges[r].count) continue;
    if (r > 0) text += "region " + std::to_string(r) + (b.regions[r].forward >= 0 ? ", gradient of region " + std::to_string(b.regions[r].forward) : "") + ":\n";
    for (int k = 0; k < b.ranges[r].count; ++k) {
      if (r == 0 && k == 0) text += "forward:\n";
      if (r == 0 && k == b.forward_steps) text += "backward:\n";
      if (!runs(k)) continue;
      const strip_group* const strips = b.strips_of(b.ranges[r].begin + k);
      if (strips && strips != before) text += "  in strips of " + detail::strip_text(b, extents, memory, *strips) + ":\n";
      before = strips;
      std::string indent = strips ? "    " : "  ";
      const line_group* const lines = b.lines_of(b.ranges[r].begin + k);
      if (lines && lines != lines_before) text += indent + "line by line of" + (extents ? *extents : extent_table{b}).shape_text(lines->lines) + ":\n";
      if (lines) indent += "  ";
      lines_before = lines;
      text += indent + detail::explain_step(b, extents, memory, b.steps[static_cast<std::size_t>(b.ranges[r].begin + k)]) + "\n";
    }
  }
  if (memory) text += "memory: one arena of " + bytes_text(memory->bytes) + " for values of " + bytes_text(memory->sum_of_values) + " in all\n";
  return text;
}

}  // namespace akin::inline v0
