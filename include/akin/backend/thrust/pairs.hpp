// SPDX-License-Identifier: Apache-2.0
// Pair passes: rows in chunks, whose products with all columns fill a panel of bounded size; what stands in the panels is a map
// like any other.
#pragma once

#include <akin/backend/thrust/contract.hpp>
#include <akin/backend/thrust/map.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

namespace akin::inline v0 {
namespace device {

/// What a pass over a pair space needs.
struct panel_plan {
  std::int64_t rows = 0, columns = 0;  // of the space
  std::int64_t panel_numbers = 0;      // at most, but one row
  int panels = 0;                      // products, lists, and results that something reads again
  std::int64_t states = 0;             // numbers that reductions remember

  /// Rows of a panel: as many as fit.
  std::int64_t rows_at_once() const {
    return std::clamp<std::int64_t>(panel_numbers / std::max<std::int64_t>(columns, 1), 1, std::max<std::int64_t>(rows, 1));
  }
  /// For this space and every smaller one.
  std::int64_t numbers() const { return panels * std::min(rows * columns, std::max(panel_numbers, columns)) + states; }
};

/// Marks the listed pairs of a chunk.
struct mark_pairs {
  const std::int32_t *rows, *columns;
  float* panel;
  std::int64_t first_row, first_column, row_count, width;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    const std::int64_t i = rows[k] - first_row, j = columns[k] - first_column;
    if (i >= 0 && i < row_count && j >= 0 && j < width) panel[i * width + j] = 1;
  }
};

struct fill_numbers {
  float* out;
  float value;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const { out[k] = value; }
};
struct fill_integers {
  std::int32_t* out;
  std::int32_t value;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const { out[k] = value; }
};

/// Entries of one line of a panel: a row, or a column.
struct panel_lines {
  const float* panel;
  std::int64_t line_step, entry_step, entries;
};

/// The k largest entries of each line so far, and the least of them in `out`.
struct keep_largest {
  panel_lines from;
  float *best, *out;  // best[rank * lines + line]
  std::int64_t lines, k;
  AKIN_HOST_DEVICE void operator()(std::int64_t line) const {
    float* const mine = best + line;
    for (std::int64_t e = 0; e < from.entries; ++e) {
      const float x = from.panel[line * from.line_step + e * from.entry_step];
      if (!(x > mine[(k - 1) * lines])) continue;
      std::int64_t at = k - 1;
      for (; at > 0 && mine[(at - 1) * lines] < x; --at) mine[at * lines] = mine[(at - 1) * lines];
      mine[at * lines] = x;
    }
    out[line] = mine[(k - 1) * lines];
  }
};

/// The largest entry of each line so far, and where it first stood.
struct keep_arg_max {
  panel_lines from;
  float* best;
  std::int32_t *places, first_place;
  AKIN_HOST_DEVICE void operator()(std::int64_t line) const {
    for (std::int64_t e = 0; e < from.entries; ++e) {
      const float x = from.panel[line * from.line_step + e * from.entry_step];
      if (!(x > best[line])) continue;
      best[line] = x;
      places[line] = first_place + static_cast<std::int32_t>(e);
    }
  }
};

/// One pass over the pairs. A chunk has all columns, so what is reduced to rows is done with it; the rest goes on from chunk to
/// chunk, in their order.
class pair_pass {
 public:
  pair_pass(queue& q, const compiled_chain& chain, const pair_arguments<float>& a, std::int64_t panel_numbers)
      : queue_{q}, chain_{chain}, a_{a}, plan_{a.rows, a.columns, panel_numbers}, chunk_{plan_.rows_at_once()} {
    lay_out();
  }

  const panel_plan& plan() const { return plan_; }

  void run() {
    room_ = queue_.room(scratch::panels, plan_.numbers());
    for (const auto& c : a_.contractions)
      if (!a_.goes_on(c)) queue_.each(c.out.size(), fill_numbers{c.out.data, 0});
    for (const auto& r : a_.reductions) start(r);
    if (a_.rows == 0 || a_.columns == 0) return;
    call_.rank = 2;
    for (std::size_t k = 0; k < a_.operands.size(); ++k) call_.operands[k] = whole(a_.operands[k], panel_of_[k]);
    for (const auto& r : a_.reductions)
      if (merges(r.kind)) call_.results[z(r.step)] = {r.out, strides{r.keeps_rows ? 1 : 0, r.keeps_columns ? 1 : 0}, true, !r.keeps_rows || a_.goes_on(r), r.kind};
    for (std::size_t k = 0; k < stored_.size(); ++k)
      if (stores_[k]) call_.results[k] = {panel(stored_[k]), strides{a_.columns, 1}};
    for (i0_ = 0; i0_ < a_.rows; i0_ += chunk_) run_chunk();
  }

 private:
  static std::size_t z(int k) { return static_cast<std::size_t>(k); }
  std::int64_t lines_of(const pair_reduction<float>& r) const {
    return r.keeps_rows ? a_.rows : r.keeps_columns ? a_.columns : 1;
  }

  /// How many numbers a reduction remembers from panel to panel.
  std::int64_t states_of(const pair_reduction<float>& r) const {
    return merges(r.kind) ? 0 : lines_of(r) * (r.kind == reduction::kth_largest ? r.k : 1);
  }

  // The pass's room holds what reductions remember, then panels: of products that are not kept, of lists, and of results that something reads again.
  void lay_out() {
    for (const auto& r : a_.reductions) state_of_[z(r.step)] = std::exchange(plan_.states, plan_.states + states_of(r));
    panel_of_.fill(-1);
    for (std::size_t k = 0; k < a_.operands.size(); ++k) {
      const auto& o = a_.operands[k];
      const bool filled = o.kind == operand_kind::product ? a_.products[z(o.product)].memory == product_memory::none : o.kind == operand_kind::listed;
      if (filled) panel_of_[k] = plan_.panels++;
    }
    stored_.fill(-1);
    for (const auto& r : a_.reductions)
      if (!merges(r.kind)) store(z(r.step));
    for (const auto& c : a_.contractions) store(z(c.step));
  }

  // Results that take the same line of the tape share a panel; the first of them stores it.
  void store(std::size_t result) {
    for (std::size_t k = 0; k < stored_.size() && stored_[result] < 0; ++k)
      if (stored_[k] >= 0 && a_.lines[k] == a_.lines[result]) stored_[result] = stored_[k];
    if (stored_[result] >= 0) return;
    stored_[result] = plan_.panels++;
    stores_[result] = true;
  }

  float* panel(int number) const { return room_ + plan_.states + number * chunk_ * a_.columns; }
  float* state(const pair_reduction<float>& r) const { return room_ + state_of_[z(r.step)]; }

  void start(const pair_reduction<float>& r) {
    const std::int64_t lines = lines_of(r);
    const float first = start_of(r.kind);
    queue_.each(states_of(r), fill_numbers{state(r), first});
    if (a_.goes_on(r)) return;
    if (r.indices) queue_.each(lines, fill_integers{r.indices, 0});
    else queue_.each(lines, fill_numbers{r.out, first});
  }

  // An operand as it stands for the first chunk.
  operand whole(const pair_operand<float>& o, int number) const {
    if (number >= 0) return {panel(number), 0, strides{a_.columns, 1}};
    if (o.kind == operand_kind::product) return {a_.products[z(o.product)].kept, 0, strides{a_.columns, 1}};
    const strides step{o.per_row ? 1 : 0, o.per_column ? 1 : 0};
    if (o.kind == operand_kind::position) return {nullptr, o.per_column ? a_.first_column : 0, step};
    return {static_cast<const float*>(o.data), 0, step};
  }

  void run_chunk() {
    rows_ = std::min(chunk_, a_.rows - i0_);
    call_.extent = {rows_, a_.columns};
    map_call here = call_;
    for (std::size_t k = 0; k < a_.operands.size(); ++k) bring(a_.operands[k], panel_of_[k], here.operands[k]);
    for (auto& r : here.results)
      if (r.reduces && r.step[0] == 1) r.data += i0_;
    map_run{queue_, chain_}.run(here);
    for (const auto& r : a_.reductions) finish(r);
    for (const auto& c : a_.contractions) contract(c);
  }

  void bring(const pair_operand<float>& o, int number, operand& here) {
    if (o.kind == operand_kind::product) return multiply(a_.products[z(o.product)], number, here);
    if (o.kind == operand_kind::listed) {
      queue_.each(rows_ * a_.columns, fill_numbers{panel(number), 0});
      queue_.each(std::ssize(o.listed_rows),
                  mark_pairs{o.listed_rows.data(), o.listed_columns.data(), panel(number), a_.first_row + i0_, a_.first_column, rows_, a_.columns});
    } else if (o.per_row) {
      if (here.data) here.data += i0_;
      else here.from = a_.first_row + i0_;
    }
  }

  void multiply(const pair_product<float>& p, int number, operand& here) {
    float* const to = number >= 0 ? panel(number) : p.kept + i0_ * a_.columns;
    here.data = to;
    if (p.memory == product_memory::read) return;
    const auto steps = [](const view<const float>& v, int batch) {
      return std::pair{v.stride_of(batch), v.stride_of(v.axis[0] == batch ? v.axis[1] : v.axis[0])};
    };
    const auto [row, along_left] = steps(p.left, a_.row);
    const auto [column, along_right] = steps(p.right, a_.column);
    queue_.multiply({{p.left.data + i0_ * row, row, along_left, 0},
                     {p.right.data, along_right, column, 0},
                     {to, a_.columns, 1, 0},
                     rows_,
                     a_.columns,
                     p.left.size() / a_.rows});
  }

  void finish(const pair_reduction<float>& r) {
    if (merges(r.kind)) return;
    const std::int64_t lines = r.keeps_rows ? rows_ : a_.columns, first = r.keeps_rows ? i0_ : 0;
    const float* const entries = panel(stored_[z(r.step)]);
    const panel_lines from = r.keeps_rows ? panel_lines{entries, a_.columns, 1, a_.columns} : panel_lines{entries, 1, a_.columns, rows_};
    if (r.kind == reduction::kth_largest)
      queue_.each(lines, keep_largest{from, state(r) + first, r.out + first, lines_of(r), r.k});
    else
      queue_.each(lines, keep_arg_max{from, state(r) + first, r.indices + first,
                                      static_cast<std::int32_t>(r.keeps_rows ? 0 : i0_)});
  }

  void contract(const pair_contraction<float>& c) {
    const float* const g = panel(stored_[z(c.step)]);
    const int kept = c.keeps_rows ? a_.row : a_.column, summed = c.keeps_rows ? a_.column : a_.row;
    const auto inner = [](const auto& v, int batch) { return v.axis[0] == batch ? v.axis[1] : v.axis[0]; };
    const std::int64_t tall_step = c.tall.stride_of(summed), out_step = c.out.stride_of(kept),
                       width = c.out.extent[z(c.out.find(inner(c.out, kept)))];
    const matrix<const float> tall{c.tall.data + (c.keeps_rows ? 0 : i0_ * tall_step), tall_step,
                                   c.tall.stride_of(inner(c.tall, summed)), 0};
    const matrix<float> out{c.out.data + (c.keeps_rows ? i0_ * out_step : 0), out_step, c.out.stride_of(inner(c.out, kept)), 0};
    if (c.keeps_rows) queue_.multiply({{g, a_.columns, 1, 0}, tall, out, rows_, width, a_.columns, 1, a_.goes_on(c)});
    else queue_.multiply({{g, 1, a_.columns, 0}, tall, out, a_.columns, width, rows_, 1, true});
  }

  queue& queue_;
  const compiled_chain& chain_;
  const pair_arguments<float>& a_;
  panel_plan plan_;
  std::int64_t chunk_, i0_ = 0, rows_ = 0;
  std::array<int, max_operands_of_step> panel_of_{};  // per operand; -1: it lies elsewhere
  std::array<int, max_results_of_step> stored_{};     // per result its panel; -1: it has none
  std::array<bool, max_results_of_step> stores_{};
  std::array<std::int64_t, max_results_of_step> state_of_{};
  float* room_ = nullptr;
  map_call call_;
};

}  // namespace device
}  // namespace akin::inline v0
