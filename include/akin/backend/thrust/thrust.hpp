// SPDX-License-Identifier: Apache-2.0
// The Thrust backend: the same programs on whatever system Thrust is configured for, the host's (CPP, OMP) or CUDA.
#pragma once

#include <akin/backend/thrust/conv2d.hpp>
#include <akin/backend/thrust/lines.hpp>
#include <akin/backend/thrust/pairs.hpp>
#include <akin/backend/thrust/rows.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#if defined(__CUDACC__) && !defined(__CUDACC_RELAXED_CONSTEXPR__)
#error "akin: backend/thrust: nvcc needs --expt-relaxed-constexpr; the CMake target akin::thrust gives it"
#endif

namespace akin::inline v0 {

/// The most that a panel of pairs takes. It holds as many rows as fit, each with all columns, and one row at least.
struct pair_panels {
  std::int64_t bytes = std::int64_t{64} << 20;
};

/// values: fp32; the same bits on every run on one kind of device, since work and sums are cut by extents only (the norm of gradients, by CUB, also by the
///         device's size) and nothing is added atomically
/// cost:   scratch and, for pair passes, panels, which explain() lists; on CUDA also two streams, 32 MiB for cuBLAS and 8 MiB of pinned memory. Weights
///         keep the streams of the program that has used them last
/// errors: run time "thrust: ...": no device, a call that failed; "bind: ...": too little of its memory
class thrust_backend {
 public:
  using real = float;
  static constexpr bool fuses = true, runs_lines = true, computes_on_host = false;

  explicit thrust_backend(pair_panels panels = {}) : panel_bytes_{panels.bytes} {
    if (panels.bytes < 1) fail("thrust: panels of ", panels.bytes, " bytes, expected 1 or more");
  }

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
  void add_sum(double* total, std::int64_t count, const Term& term) {
    queue_.add_sum(total, count, term);
  }

  /// From here on this backend's work uses the block, after that of the backend that has used it so far.
  void use(memory_block& block) { queue_.use(block); }

  /// Gives back what the last bind has reserved: the next one may need its room.
  void release() {
    queue_.release();
    panels_ = {};
  }
  /// Allocates the panels and the scratch that `steps` ask for.
  template <class Steps>
  void reserve(const Steps& steps) {
    queue_.rehearse(steps);
  }
  /// What the backend has taken beside the blocks that it was asked for.
  std::int64_t own_bytes() const { return queue_.own_bytes(); }
  std::string explain() const {
    std::string text;
    const std::int64_t panels = queue_.bytes_of(device::scratch::panels), others = queue_.scratch_bytes() - panels;
    if (panels > 0)
      text += "panels of pairs: " + std::to_string(panels_.panels) + " of " + std::to_string(panels_.rows_at_once()) + " x " +
              std::to_string(panels_.columns) + " numbers at most, " + bytes_text(panels) + " with what reductions remember\n";
    if (others > 0) text += "scratch: " + bytes_text(others) + "\n";
    return text;
  }

  // ---- fused work ---------------------------------------------------------------------------------------------------------------

  static constexpr std::int64_t strip = 1024;  // rows, or columns
  static constexpr std::int64_t strip_bytes = std::int64_t{64} << 20;  // of what exists for a strip alone
  static bool keeps_pairs() { return true; }
  static std::int64_t kept_pairs(std::int64_t rows, std::int64_t columns) { return rows * columns; }

  using compiled_chain = device::compiled_chain;
  template <class Chain>
  static constexpr compiled_chain compile() {
    return device::compile<Chain>();
  }
  template <class Chain>
  static constexpr compiled_chain compile_reductions() {
    return device::compile_reductions<Chain>();
  }
  template <class... Chain>
  static constexpr compiled_chain compile_lines(const compiled_chain& first) {
    return device::compile_lines<Chain...>(first);
  }
  template <class Chain>
  static constexpr compiled_chain compile_pairs() {
    return device::compile<Chain>();
  }

  void map(const compiled_chain& chain, const map_arguments<float>& a) { device::map(queue_, chain, a); }
  void map_lines(const compiled_chain& chain, const view<const float>& lines, std::span<const map_of_group<float, compiled_chain>> maps) {
    device::map_lines(queue_, chain, lines, maps);
  }
  void pair_pass(const compiled_chain& chain, const pair_arguments<float>& a) {
    device::pair_pass pass{queue_, chain, a, panel_bytes_ / 4};
    if (pass.plan().numbers() > panels_.numbers()) panels_ = pass.plan();
    pass.run();
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
  device::queue queue_;
  std::int64_t panel_bytes_;
  device::panel_plan panels_{};  // the largest of a bound program's passes
};

}  // namespace akin::inline v0
