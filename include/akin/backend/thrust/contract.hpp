// SPDX-License-Identifier: Apache-2.0
// Labelled products as products of matrices. An operand whose axes do not lie as a matrix is copied first.
#pragma once

#include <akin/backend/fold.hpp>
#include <akin/backend/thrust/queue.hpp>

#include <array>
#include <cstdint>
#include <utility>

namespace akin::inline v0 {
namespace device {

/// Copies between a dense block and numbers that lie apart.
struct rearrange {
  std::array<std::int64_t, max_rank> extent{};
  int rank = 0;
  strides step{};
  const float* from = nullptr;
  float* to = nullptr;
  bool to_dense = true;

  AKIN_HOST_DEVICE void operator()(std::int64_t index) const {
    std::int64_t apart = 0, rest = index;
    for (int d = rank - 1; d >= 0; --d) {
      apart += rest % extent[static_cast<std::size_t>(d)] * step[static_cast<std::size_t>(d)];
      rest /= extent[static_cast<std::size_t>(d)];
    }
    if (to_dense) to[index] = from[apart];
    else to[apart] = from[index];
  }
};

/// A contraction in matrix form: the axes of the result and of the sum, by what they are.
class contraction {
 public:
  contraction(const view<const float>& a, const view<const float>& b, const view<float>& out) : a_{a}, b_{b}, out_{out} {
    for (int k = 0; k < out.rank; ++k) {
      const int axis = out.axis[static_cast<std::size_t>(k)];
      const bool in_a = a.find(axis) >= 0, in_b = b.find(axis) >= 0;
      if (!in_a && !in_b) fail("contract: axis ", axis, " of the result is in neither operand");
      (in_a && in_b ? batches_ : in_a ? rows_ : columns_).add(axis, out.extent[static_cast<std::size_t>(k)]);
    }
    for (const auto* v : {&a_, &b_})
      for (int k = 0; k < v->rank; ++k)
        if (const int axis = v->axis[static_cast<std::size_t>(k)]; out.find(axis) < 0 && !depth_.has(axis))
          depth_.add(axis, v->extent[static_cast<std::size_t>(k)]);
    for (int k = 0; k < a.rank; ++k)
      if (const int other = b.find(a.axis[static_cast<std::size_t>(k)]);
          other >= 0 && b.extent[static_cast<std::size_t>(other)] != a.extent[static_cast<std::size_t>(k)])
        fail("contract: axis ", a.axis[static_cast<std::size_t>(k)], " has extent ", a.extent[static_cast<std::size_t>(k)],
             " in one operand and ", b.extent[static_cast<std::size_t>(other)], " in the other");
  }

  void run(queue& q) {
    matrix_product p{{}, {}, {}, rows_.size(), columns_.size(), depth_.size(), batches_.size()};
    if (p.batches * p.rows * p.columns == 0) return;
    p.a = as_matrix(q, scratch::left, a_, rows_, depth_);
    p.b = as_matrix(q, scratch::right, b_, depth_, columns_);
    if (const auto c = in_place(out_.data, out_, rows_, columns_); c.data) {
      p.c = c;
      return q.multiply(p);
    }
    p.c = dense(q.room(scratch::result, p.batches * p.rows * p.columns), p.rows, p.columns);
    q.multiply(p);
    q.each(p.batches * p.rows * p.columns, apart(out_, rows_, columns_, p.c.data, out_.data, false));
  }

 private:
  /// Axes that play one part, outermost first.
  struct group {
    int rank = 0;
    std::array<int, max_rank> axis{};
    std::array<std::int64_t, max_rank> extent{};

    void add(int label, std::int64_t size) {
      axis[static_cast<std::size_t>(rank)] = label;
      extent[static_cast<std::size_t>(rank++)] = size;
    }
    bool has(int label) const {
      for (int k = 0; k < rank; ++k)
        if (axis[static_cast<std::size_t>(k)] == label) return true;
      return false;
    }
    std::int64_t size() const {
      std::int64_t product = 1;
      for (int k = 0; k < rank; ++k) product *= extent[static_cast<std::size_t>(k)];
      return product;
    }
    /// The one stride with which the group runs through v, or -1.
    template <class T>
    std::int64_t step_in(const view<T>& v) const {
      std::int64_t step = 0, span = 0;
      for (int k = rank - 1; k >= 0; --k) {
        if (extent[static_cast<std::size_t>(k)] == 1) continue;
        const std::int64_t here = v.stride_of(axis[static_cast<std::size_t>(k)]);
        if (here == 0 || (span != 0 && here != span)) return -1;
        if (span == 0) step = here;
        span = here * extent[static_cast<std::size_t>(k)];
      }
      return step;
    }
  };

  template <class T>
  static matrix<T> dense(T* data, std::int64_t rows, std::int64_t columns) {
    return {data, columns, 1, rows * columns};
  }

  /// The matrix where it lies; null data where its axes lie otherwise.
  template <class T, class U>
  matrix<T> in_place(T* data, const view<U>& v, const group& down, const group& along) const {
    matrix<T> m{data, down.step_in(v), along.step_in(v), batches_.step_in(v)};
    const bool lies = m.row_step >= 0 && m.column_step >= 0 && m.batch_step >= 0;
    const bool one_is_next = m.column_step == 1 || m.row_step == 1 || down.size() == 1 || along.size() == 1;
    if (!lies || !one_is_next) m.data = nullptr;
    return m;
  }

  template <class U>
  rearrange apart(const view<U>& v, const group& down, const group& along, const float* from, float* to, bool to_dense) const {
    rearrange work{{}, 0, {}, from, to, to_dense};
    for (const group* g : {&batches_, &down, &along})
      for (int k = 0; k < g->rank; ++k) {
        work.extent[static_cast<std::size_t>(work.rank)] = g->extent[static_cast<std::size_t>(k)];
        work.step[static_cast<std::size_t>(work.rank++)] = v.stride_of(g->axis[static_cast<std::size_t>(k)]);
      }
    return work;
  }

  matrix<const float> as_matrix(queue& q, scratch kind, const view<const float>& v, const group& down, const group& along) const {
    if (const auto m = in_place(v.data, v, down, along); m.data) return m;
    const std::int64_t rows = down.size(), columns = along.size();
    float* const copy = q.room(kind, batches_.size() * rows * columns);
    q.each(batches_.size() * rows * columns, apart(v, down, along, v.data, copy, true));
    return dense<const float>(copy, rows, columns);
  }

  view<const float> a_, b_;
  view<float> out_;
  group batches_, rows_, columns_, depth_;
};

/// out = a b, summed over every axis that out does not have; the axes of the three may stand in any order.
inline void contract(queue& q, const view<const float>& a, const view<const float>& b, const view<float>& out) {
  contraction{a, b, out}.run(q);
}

}  // namespace device
}  // namespace akin::inline v0
