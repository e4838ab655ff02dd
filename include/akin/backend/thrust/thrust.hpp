// SPDX-License-Identifier: Apache-2.0
// The Thrust backend: the same programs on whatever system Thrust is configured for, the host's (CPP, OMP) or CUDA.
#pragma once

#include <akin/backend/thrust/conv2d.hpp>
#include <akin/backend/thrust/pairs.hpp>
#include <akin/backend/thrust/rows.hpp>

#include <cstdint>
#include <memory>
#include <string>

#if defined(__CUDACC__) && !defined(__CUDACC_RELAXED_CONSTEXPR__)
#error "akin: backend/thrust: nvcc needs --expt-relaxed-constexpr; the CMake target akin::thrust gives it"
#endif

namespace akin::inline v0 {

/// values: fp32; the same bits on every run, since all work and all sums are cut by extents only and nothing is added atomically
/// cost:   a stream, scratch that grows to what steps need, and for pair passes panels of `panel_bytes` each, which explain() lists
/// errors: run time "thrust: ...": no device, too little of its memory, a call that failed
class thrust_backend {
 public:
  using real = float;
  static constexpr bool fuses = true, computes_on_host = false;

  /// A panel holds products of as many rows with all columns as fit, one row at least.
  explicit thrust_backend(std::int64_t panel_bytes = std::int64_t{64} << 20) : panel_bytes_{panel_bytes} {}

  // ---- memory -------------------------------------------------------------------------------------------------------------------

  std::unique_ptr<memory_block> allocate(std::int64_t bytes) { return queue_.allocate(bytes); }
  void copy(const void* from, void* to, std::int64_t bytes) { queue_.copy(from, to, bytes); }
  /// Inputs, into two rooms by turns: they need not wait for the step before, which reads the other room.
  void begin_inputs() { queue_.begin_inputs(); }
  void copy_input(const void* from, void* to, std::int64_t bytes) { queue_.copy_input(from, to, bytes); }
  void end_inputs() { queue_.end_inputs(); }
  void copy_out(const void* from, void* to, std::int64_t bytes) { queue_.copy_out(from, to, bytes); }
  template <class Work>
  void each(std::int64_t count, const Work& work) {
    queue_.each(count, work);
  }
  template <class Term>
  double sum(double total, std::int64_t count, const Term& term) {
    return device::sum(queue_, total, count, term);
  }

  /// Allocates the panels that the plan's pair passes need, and the scratch that `steps` ask for.
  template <class Blueprint, class Extents, class Steps>
  void reserve(const Blueprint& b, const Extents& extents, const Steps& steps) {
    queue_.rehearse(steps);
    panels_ = {};
    for (const auto& s : b.steps) {
      if (!s.is_pair_pass()) continue;
      const device::panel_plan p = panels_of(b, extents, s);
      if (p.bytes() >= panels_.bytes()) panels_ = p;
    }
    panel_memory_.reset();
    if (b.pair_passes == 0) return;
    panel_memory_ = allocate(panels_.bytes());
    if (!panel_memory_)
      fail("bind: the pair passes need panels of ", panels_.bytes() / 1'000'000, " MB, which the device does not give");
  }
  std::string explain() const {
    std::string text;
    if (panel_memory_)
      text += "panels of pairs: " + std::to_string(panels_.panels) + " of " + std::to_string(panels_.rows_at_once()) + " x " +
              std::to_string(panels_.columns) + " numbers at most, " + std::to_string(panels_.bytes() / 1000) + " kB with what reductions remember\n";
    if (queue_.scratch_bytes() > 0) text += "scratch: " + std::to_string(queue_.scratch_bytes() / 1000) + " kB\n";
    return text;
  }

  // ---- fused work ---------------------------------------------------------------------------------------------------------------

  static constexpr std::int64_t strip = 1024;  // rows, or columns
  static bool keeps_pairs() { return true; }
  static std::int64_t kept_pairs(std::int64_t rows, std::int64_t columns) { return rows * columns; }

  using compiled_chain = device::compiled_chain;
  template <class Chain>
  static constexpr compiled_chain compile() {
    return device::compile<Chain>();
  }
  template <class Chain>
  static constexpr compiled_chain compile_pairs() {
    return device::compile<Chain>();
  }

  void map(const compiled_chain& chain, const map_arguments<float>& a) { device::map(queue_, chain, a); }
  void pair_pass(const compiled_chain& chain, const pair_arguments<float>& a) {
    float* const panels = panel_memory_ ? reinterpret_cast<float*>(panel_memory_->data()) : nullptr;  // null while bind rehearses
    device::pair_pass{queue_, chain, a, panel_bytes_ / 4, panels}.run();
  }

  // ---- kernels ------------------------------------------------------------------------------------------------------------------

  void contract(view<const float> a, view<const float> b, view<float> out) { device::contract(queue_, a, b, out); }
  void conv2d(view<const float> x, view<const float> w, view<float> out, int stride, int padding, int height, int width) {
    device::conv2d(queue_, device::convolution_of(x, w, stride, padding, height, width), x.data, w.data, out.data);
  }
  void conv2d_to_x(view<const float> g, view<const float> w, view<float> x, int stride, int padding, int height, int width) {
    device::conv2d_to_x(queue_, device::convolution_of(x, w, stride, padding, height, width), g.data, w.data, x.data);
  }
  void conv2d_to_weight(view<const float> x, view<const float> g, view<float> w, int stride, int padding, int height, int width) {
    device::conv2d_to_weight(queue_, device::convolution_of(x, w, stride, padding, height, width), x.data, g.data, w.data);
  }

  void average_pool(const float* x, float* out, const pooling& p) { queue_.each(p.outer * p.rows() * p.columns() * p.inner, device::pool_window{x, out, p}); }
  void average_pool_to_x(const float* g, float* x, const pooling& p) { queue_.each(p.outer * p.height * p.width * p.inner, device::spread_window{g, x, p}); }

  void slice(const float* in, float* out, std::int64_t outer, std::int64_t along, std::int64_t from, std::int64_t count,
             std::int64_t inner) {
    queue_.each(outer * count * inner, device::take_slice{in, out, along * inner, from * inner, count * inner});
  }
  void place(const float* in, float* out, std::int64_t outer, std::int64_t along, std::int64_t from, std::int64_t count,
             std::int64_t inner) {
    queue_.each(outer * along * inner, device::place_slice{in, out, along * inner, from * inner, count * inner});
  }
  /// Each line of the result is a line of a, then one of b: reals or integers.
  template <class T>
  void concatenate(const T* a, const T* b, T* out, std::int64_t lines, std::int64_t of_a, std::int64_t of_b) {
    queue_.each(lines * (of_a + of_b), device::join_lines<T>{a, b, out, of_a, of_b});
  }
  void gather(const float* table, const std::int32_t* ids, float* out, std::int64_t count, std::int64_t width) {
    queue_.each(count * width, device::gather_rows{table, ids, out, width});
  }
  /// Rows that meet in one place are added in the order of the ids.
  void scatter_add(const float* rows, const std::int32_t* ids, float* table, std::int64_t count, std::int64_t table_rows,
                   std::int64_t width) {
    device::scatter_add(queue_, rows, ids, table, count, table_rows, width);
  }

 private:
  template <class Blueprint, class Extents>
  device::panel_plan panels_of(const Blueprint& b, const Extents& extents, const auto& step) const {
    device::panel_plan p{extents[step.space[0]], extents[step.space[1]], panel_bytes_ / 4};
    for (const auto& o : b.operands_of(step))
      p.panels += o.kind == operand_kind::product || o.kind == operand_kind::listed ? 1 : 0;
    for (const auto& sink : b.sinks_of(step)) {
      const bool reduces = sink.kind == decltype(sink.kind)::reduce;
      const auto& n = b.at(sink.node);
      const bool merges_alone = reduces && merges(n.op->reduces);
      p.panels += merges_alone ? 0 : 1;
      if (reduces && !merges_alone)
        p.states +=
            (n.op->reduces == reduction::kth_largest ? n.argument[0] : 1) * (n.axes.has(step.space[0]) ? p.rows : p.columns);
    }
    return p;
  }

  device::queue queue_;
  std::int64_t panel_bytes_;
  device::panel_plan panels_{};
  std::unique_ptr<memory_block> panel_memory_;
};

}  // namespace akin::inline v0
