// SPDX-License-Identifier: Apache-2.0
// Weights that stay packed from run to run of a program that does not train them.
#pragma once

#include "akin/backend/cpu/packed_product.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace akin::inline v0 {
namespace cpu {

/// A place for each weight that a program multiplies with. A weight is packed when it is first met, and again when the weights have changed.
/// cost: as much memory as those weights, half of it where products are rounded to bf16. Where tiles compute in fp32 they pack the weights anew,
///       so that only what vectors multiply with is filled. One image of ViT-B/32: 86 ms with weights packed in every run, 40 with kept ones
class kept_weights {
 public:
  explicit kept_weights(const dense_products& products) : products_{products} {}

  /// Makes room for the weights of all contractions of a plan without gradients.
  template <class Blueprint, class Extents>
  [[gnu::cold]] void reserve(const Blueprint& b, const Extents& extents) {
    std::int64_t floats = 0, count = 0;
    b.for_each_weight(extents, [&](std::int64_t kept, std::int64_t summed, std::int64_t times) {
      floats += times * floats_of({0, kept, summed});
      count += times;
    });
    memory_ = floats == 0 ? aligned_floats{} : aligned_floats{floats};
    room_ = floats;
    used_ = 0;
    places_.clear();
    places_.reserve(static_cast<std::size_t>(count));
  }

  /// Where the weights lie now, and a number that changes with them.
  void look_at(const float* weights, std::int64_t count, std::uint64_t version) {
    first_ = weights;
    last_ = weights + count;
    version_ = version;
  }

  /// Multiplies with a packed weight, where the columns are one that has a place.
  bool multiply(thread_pool& pool, workspace& scratch, const product& p, const matrix_extents& e) {
    if (room_ == 0 || p.b < first_ || p.b >= last_ || e.columns < 64 || e.depth < 64) return false;
    const product_form form = products_.form_of(p, e);
    const packed_bf16_product rounded{products_.bf16, bf16_precision::plain, p, e};
    if (form == product_form::exact || (form == product_form::plain && !(rounded.keeps() && rounded.serves_rows(p)))) return false;
    place* const found = place_of(p, e);
    if (found == nullptr) return false;
    const bool is_old = std::exchange(found->version, version_) != version_;
    if (form == product_form::plain) {
      const bf16_panels panels = rounded.columns(reinterpret_cast<std::uint32_t*>(found->packed));
      if (is_old) rounded.pack(pool, panels);
      rounded.multiply(pool, scratch, panels);
    } else {
      const packed_product work{products_.level, p, e};
      if (is_old) work.pack(pool, 0, work.column_blocks(), found->packed);
      work.multiply(pool, scratch, 0, work.column_blocks(), found->packed);
    }
    return true;
  }

 private:
  struct place {
    const float* weight = nullptr;
    std::int64_t columns = 0, depth = 0, column_step = 0, depth_step = 0;
    float* packed = nullptr;
    std::uint64_t version = 0;
  };

  std::int64_t floats_of(const matrix_extents& e) const {
    return products_.form == product_form::plain ? bf16_kernels::panels_of_b(bf16_precision::plain, e.columns, e.depth).size() : packed_product::packed_floats(products_.level, e);
  }

  place* place_of(const product& p, const matrix_extents& e) {
    const place wanted{p.b, e.columns, e.depth, p.n.first(), p.k.second(), nullptr, 0};
    for (place& x : places_)
      if (x.weight == wanted.weight && x.columns == wanted.columns && x.depth == wanted.depth && x.column_step == wanted.column_step && x.depth_step == wanted.depth_step) return &x;
    const std::int64_t floats = floats_of(e);
    if (used_ + floats > room_ || places_.size() == places_.capacity()) return nullptr;
    places_.push_back(wanted);
    places_.back().packed = memory_.data() + used_;
    places_.back().version = version_ - 1;
    used_ += floats;
    return &places_.back();
  }

  const dense_products products_;
  aligned_floats memory_;
  std::int64_t room_ = 0, used_ = 0;
  std::vector<place> places_;
  const float *first_ = nullptr, *last_ = nullptr;
  std::uint64_t version_ = 0;
};

}  // namespace cpu
}  // namespace akin::inline v0
