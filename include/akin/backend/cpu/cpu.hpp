// SPDX-License-Identifier: Apache-2.0
// The cpu backend: single precision, own SIMD kernels chosen by what the processor has, a pool of threads.
#pragma once

#include <akin/backend/cpu/average_pool.hpp>
#include <akin/backend/cpu/contract.hpp>
#include <akin/backend/cpu/conv2d.hpp>
#include <akin/backend/cpu/isa/adamw.hpp>
#include <akin/backend/cpu/map.hpp>
#include <akin/backend/cpu/pairs.hpp>
#include <akin/backend/memory.hpp>

#include <algorithm>
#include <cstring>
#include <memory>

namespace akin::inline v0 {

/// values: fp32, products in bf16 where that is asked for; the same bits for every number of threads on one kind of processor
/// cost:   one pool of threads, a megabyte of scratch for each of them and 32 besides, of which what no kernel touches costs nothing; a program with pair passes adds up to 15 MB for
///         each operand of a pass's products, and some tiles of 240 KiB for each thread; kernels allocate nothing
class cpu_backend : public host_backend {
 public:
  using real = float;
  static constexpr bool fuses = true, runs_lines = false;

  /// The precision of products of pairs, and that of all other products, convolutions apart.
  [[gnu::noinline]] explicit cpu_backend(int threads = thread_pool::hardware(), precision pairs = precision::fp32, precision towers = precision::fp32)
      : cpu_backend{std::make_shared<thread_pool>(threads), pairs, towers} {}
  /// Shares a pool with other programs that run on the same thread.
  explicit cpu_backend(std::shared_ptr<thread_pool> pool, precision pairs = precision::fp32, precision towers = precision::fp32)
      : pool_{std::move(pool)}, level_{cpu::best_isa()}, bf16_level_{cpu::best_bf16_isa()}, pairs_{pairs},
        products_{level_, form_of(towers, bf16_level_), cpu::bf16_kernels_of(bf16_level_)}, scratch_{pool_->size()}, weights_{products_} {}

  /// Allocates the tiles and the packed embeddings that the plan's pair passes need, and room for its packed weights.
  template <class Blueprint, class Extents>
  [[gnu::cold]] void reserve(const Blueprint& b, const Extents& extents) {
    pair_memory_.reserve(b, extents, pool_->size());
    weights_.reserve(b, extents);
  }
  /// What computes products, and of what: permissions to round are not taken where the processor would not be faster.
  std::string explain() const {
    const auto [similarity, gradient] = cpu::pair_forms_of(pairs_, bf16_level_);
    return detail::sentence_of({"products by ", name_of(bf16_level_), ": of pairs in ", name_of(similarity), ", their gradients in ", name_of(gradient), ", others in ", name_of(products_.form), "\n"});
  }
  /// Before a run: where its weights lie, and a number that changes with them.
  void look_at_weights(const float* weights, std::int64_t count, std::uint64_t version) { weights_.look_at(weights, count, version); }

  static constexpr std::int64_t strip = 1120;  // rows, or columns, of a strip: ten tiles
  static constexpr std::int64_t strip_bytes = std::int64_t{16} << 20;  // of what exists for a strip alone: it stays in a third-level cache
  /// Whether a product of pairs is sooner read again than computed again. Not where tiles compute it of rounded operands: for the CLIP loss of width 512
  /// a Xeon (Granite Rapids, one core) takes 520 ms instead of 556 at n = 8192 that way.
  bool keeps_pairs() const { return !(pairs_ == precision::bf16 && bf16_level_ == cpu::bf16_isa::amx_bf16); }
  /// How many numbers it takes to keep a product of a pair space between passes.
  static std::int64_t kept_pairs(std::int64_t rows, std::int64_t columns) { return cpu::pair_tiles{rows, columns}.kept_floats(); }

  using compiled_chain = cpu::compiled_chain;
  template <class Chain>
  static constexpr compiled_chain compile() { return cpu::compile<Chain>(); }
  template <class Chain>
  static constexpr compiled_chain compile_pairs() { return cpu::compile_pairs<Chain>(); }

  void map(const compiled_chain& chain, const map_arguments<float>& a) { cpu::map(*pool_, level_, scratch_, chain.at(level_), a); }
  void pair_pass(const compiled_chain& chain, const pair_arguments<float>& a) {
    cpu::pair_pass{a, level_, cpu::pair_forms_of(pairs_, bf16_level_), products_.bf16, chain.pairs_at(level_), pair_memory_}.run(*pool_);
  }

  /// work(k) for every k below count, which must not touch what another one touches.
  template <class Work>
  void each(std::int64_t count, const Work& work) {
    in_blocks(count, 1 << 15, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) work(k);
    });
  }
  /// An AdamW update of `count` weights.
  template <class Update>
  void adamw(std::int64_t count, const Update& update) {
    in_blocks(count, 1 << 15, [&](std::int64_t begin, std::int64_t end) { cpu::adamw(level_, update, begin, end); });
  }
  [[gnu::noinline]] void copy(const void* from, void* to, std::int64_t bytes) {
    in_blocks(bytes, 1 << 18, [&](std::int64_t begin, std::int64_t end) { host_backend::copy(static_cast<const std::byte*>(from) + begin, static_cast<std::byte*>(to) + begin, end - begin); });
  }

  void contract(view<const float> a, view<const float> b, view<float> out) { cpu::contract(*pool_, products_, scratch_, a, b, out, &weights_); }

  void conv2d(view<const float> x, view<const float> w, view<float> out, int stride, int padding, int height, int width) {
    if (view<const float> cut; in_patches(x, w, out, stride, padding, height, width, cut)) return contract(cut, w, out);
    cpu::conv2d_forward(*pool_, level_, scratch_, shape(x, w, stride, padding, height, width), x.data, strides(x, w, height, width), w.data, out.data);
  }
  void conv2d_to_x(view<const float> g, view<const float> w, view<float> x, int stride, int padding, int height, int width) {
    cpu::conv2d_gradient_x(*pool_, level_, scratch_, shape(x, w, stride, padding, height, width), w.data, g.data, x.data, strides(x, w, height, width));
  }
  void conv2d_to_weight(view<const float> x, view<const float> g, view<float> w, int stride, int padding, int height, int width) {
    if (view<const float> cut; in_patches(x, w, g, stride, padding, height, width, cut)) return contract(g, cut, w);
    cpu::conv2d_gradient_weights(*pool_, level_, scratch_, shape(x, w, stride, padding, height, width), x.data, strides(x, w, height, width), g.data, w.data);
  }

  void average_pool(const float* x, float* out, const pooling& p) { cpu::average_pool(*pool_, x, out, p); }
  void average_pool_to_x(const float* g, float* x, const pooling& p) { cpu::average_pool_gradient(*pool_, g, x, p); }

  /// Rows that meet in one place are added in the order of the ids.
  void scatter_add(const float* rows, const std::int32_t* ids, float* table, std::int64_t count, std::int64_t table_rows, std::int64_t width) {
    in_blocks(table_rows * width, 1 << 16, [&](std::int64_t begin, std::int64_t end) { std::fill(table + begin, table + end, 0.f); });
    const auto kernels = cpu::chain_kernels_of(level_);
    for (std::int64_t k = 0; k < count; ++k) kernels.reduce_into(reduction::sum, table + ids[k] * width, rows + k * width, width);
  }

 private:
  template <class Work>
  void in_blocks(std::int64_t count, std::int64_t step, const Work& work) {
    pool_->run((count + step - 1) / step, [&](std::int64_t block, int) { work(block * step, std::min(count, (block + 1) * step)); });
  }

  static constexpr cpu::product_form form_of(precision towers, cpu::bf16_isa level) {
    if (towers == precision::bf16 && cpu::bf16_is_faster(level)) return cpu::product_form::plain;
    return level == cpu::bf16_isa::amx_bf16 ? cpu::product_form::exact : cpu::product_form::fp32;
  }

  /// A convolution whose windows lie side by side is a contraction of the image cut into them, height into rows and window, width likewise.
  static bool in_patches(const view<const float>& x, const view<const float>& w, const view<const float>& grid, int stride, int padding, int height, int width,
                         view<const float>& cut) {
    if (stride != 0 || padding != 0) return false;
    cut = {x.data, 0, {}, {}};
    const auto push = [&](int label, std::int64_t extent) {
      cut.axis[static_cast<std::size_t>(cut.rank)] = label;
      cut.extent[static_cast<std::size_t>(cut.rank++)] = extent;
    };
    for (std::size_t k = 0; k < 4; ++k) {
      const std::size_t along = x.axis[k] == height ? 1 : x.axis[k] == width ? 2 : 0;
      if (along > 0) push(grid.axis[along], grid.extent[along]), push(w.axis[along + 1], w.extent[along + 1]);
      else push(x.axis[k], x.extent[k]);
    }
    return cut.size() == x.size();  // else there are pixels beyond the last window
  }

  static cpu::conv2d_shape shape(const view<const float>& x, const view<const float>& w, int stride, int padding, int height, int width) {
    const auto along = [&](int label) { return x.extent[static_cast<std::size_t>(x.find(label))]; };
    // A stride of 0 is the kernel's extent: patches.
    if (stride == 0 && w.extent[2] != w.extent[3]) fail("conv2d: stride 0 needs a square kernel, got ", w.extent[2], " x ", w.extent[3]);
    return {x.extent[0], along(height), along(width), w.extent[1], w.extent[0], w.extent[2], w.extent[3], stride == 0 ? w.extent[2] : stride, padding};
  }
  static cpu::image_strides strides(const view<const float>& x, const view<const float>& w, int height, int width) {
    return {x.stride(0), x.stride_of(height), x.stride_of(width), x.stride_of(w.axis[1])};
  }

  std::shared_ptr<thread_pool> pool_;
  cpu::isa level_;
  cpu::bf16_isa bf16_level_;
  precision pairs_;
  cpu::dense_products products_;
  cpu::workspace scratch_;
  cpu::kept_weights weights_;
  cpu::pair_memory pair_memory_;
};

}  // namespace akin::inline v0
