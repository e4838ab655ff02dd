// SPDX-License-Identifier: Apache-2.0
// How the plan asks a backend for the work of one node: the operation's table finds its kernel.
#pragma once

#include <akin/backend/memory.hpp>
#include <akin/expr/conv2d.hpp>
#include <akin/expr/dot.hpp>
#include <akin/expr/gather.hpp>
#include <akin/expr/layout.hpp>
#include <akin/expr/predicates.hpp>
#include <akin/support/error.hpp>

#include <cstdint>
#include <limits>
#include <span>

namespace akin::inline v0 {

/// One operand or result of a kernel: reals or 32-bit integers, by the node's kind.
template <class Real>
struct kernel_value {
  view<Real> reals{};
  view<std::int32_t> integers{};
};

/// What a kernel gets: labelled views of its operands and of its result, which lie where the backend computes, and the node's own numbers.
template <class Backend>
struct kernel_call {
  using real_type = typename Backend::real;
  const node& op;
  std::array<kernel_value<real_type>, 4> in{};
  kernel_value<real_type> out{};
  std::span<const std::int32_t> (*read_integers)(void* run, int node) = nullptr;
  void* run = nullptr;

  view<const real_type> operand(int k) const { return in[static_cast<std::size_t>(k)].reals; }
  view<const std::int32_t> integers(int k) const { return in[static_cast<std::size_t>(k)].integers; }
  view<real_type> result() const { return out.reals; }
  /// Integers of operand k for the host to read, where a kernel checks them.
  std::span<const std::int32_t> on_host(int k) const { return read_integers(run, op.in[static_cast<std::size_t>(k)]); }
};

/// The kernel of an operation on a backend. A user's operation specialises it for each backend that shall run it.
/// errors: compile time "akin: kernel: this operation has no kernel for this backend"
template <const operation* Op, class Backend>
struct kernel {};

template <const operation* Op, class Backend>
inline constexpr bool has_kernel = requires(Backend& backend, const kernel_call<Backend>& call) { kernel<Op, Backend>::run(backend, call); };

template <class Backend>
struct kernel<&contract_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) { backend.contract(c.operand(0), c.operand(1), c.result()); }
};

/// The numbers that a convolution's node carries.
struct conv2d_axes {
  int stride, padding, height, width;
};
template <class Backend>
conv2d_axes axes_of(const kernel_call<Backend>& c) { return {c.op.argument[0], c.op.argument[1], c.op.argument[2], c.op.argument[3]}; }

template <class Backend>
struct kernel<&conv2d_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const auto a = axes_of(c);
    backend.conv2d(c.operand(0), c.operand(1), c.result(), a.stride, a.padding, a.height, a.width);
  }
};
template <class Backend>
struct kernel<&conv2d_to_x_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const auto a = axes_of(c);
    backend.conv2d_to_x(c.operand(0), c.operand(1), c.result(), a.stride, a.padding, a.height, a.width);
  }
};
template <class Backend>
struct kernel<&conv2d_to_weight_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const auto a = axes_of(c);
    backend.conv2d_to_weight(c.operand(0), c.operand(1), c.result(), a.stride, a.padding, a.height, a.width);
  }
};

/// A tensor seen as [outer, along, inner] around one of its axes.
struct around {
  std::int64_t outer = 1, along = 1, inner = 1;
  template <class T>
  around(const view<T>& v, int axis) {
    const int at = v.find(axis);
    for (int k = 0; k < v.rank; ++k) (k < at ? outer : k == at ? along : inner) *= v.extent[static_cast<std::size_t>(k)];
  }
};

template <class Backend>
struct kernel<&slice_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const around from{c.operand(0), c.op.argument[0]};
    const std::int64_t taken = c.op.argument[1] < 0 ? 1 : around{c.result(), c.op.argument[1]}.along;
    const std::int64_t first = c.op.argument[3] == 1 ? from.along - taken : c.op.argument[2];
    if (first < 0 || first + taken > from.along) fail("take: entry ", first + taken - 1, " of an axis of extent ", from.along);
    backend.slice(c.operand(0).data, c.result().data, from.outer, from.along, first, taken, from.inner);
  }
};
template <class Backend>
struct kernel<&place_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const around to{c.result(), c.op.argument[0]};
    const std::int64_t given = c.op.argument[1] < 0 ? 1 : around{c.operand(0), c.op.argument[1]}.along;
    backend.place(c.operand(0).data, c.result().data, to.outer, to.along, c.op.argument[3] == 1 ? to.along - given : c.op.argument[2], given, to.inner);
  }
};
template <class Backend>
struct kernel<&concatenate_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const auto join = [&](auto a, auto b, auto out) {
      const around first{a, c.op.argument[0]}, second{b, c.op.argument[1]};
      backend.concatenate(a.data, b.data, out.data, first.outer, first.along * first.inner, second.along * second.inner);
    };
    if (c.op.kind == value_kind::index) join(c.integers(0), c.integers(1), c.out.integers);
    else join(c.operand(0), c.operand(1), c.result());
  }
};

template <class Real>
struct assign_zero {
  Real* out;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const { out[k] = 0; }
};

/// Refuses a list of pairs that does not ascend or leaves its axes.
inline void check_listed(std::span<const std::int32_t> first, std::span<const std::int32_t> second, std::int64_t first_extent, std::int64_t second_extent) {
  for (std::size_t k = 0; k < first.size(); ++k) {
    if (first[k] < 0 || first[k] >= first_extent || second[k] < 0 || second[k] >= second_extent)
      fail("listed: pair ", k, " is (", first[k], ", ", second[k], "), but there are ", first_extent, " x ", second_extent);
    if (k > 0 && first[k] < first[k - 1]) fail("listed: pair ", k, " is of ", first[k], " and follows one of ", first[k - 1], ": the first ids must ascend");
  }
}

template <class Real>
struct mark_listed {
  const std::int32_t *first, *second;
  Real* out;
  std::int64_t columns;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const { out[first[k] * columns + second[k]] = 1; }
};
template <class Backend>
struct kernel<&listed_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    using Real = typename Backend::real;
    const auto out = c.result();
    check_listed(c.on_host(0), c.on_host(1), out.extent[0], out.extent[1]);
    backend.each(out.size(), assign_zero<Real>{out.data});
    backend.each(c.integers(0).size(), mark_listed<Real>{c.integers(0).data, c.integers(1).data, out.data, out.extent[1]});
  }
};

/// The entries of `in` along the axes that `out` lacks, for one entry of `out`: a line.
template <class Real>
struct lines_of {
  view<const Real> in;
  std::int64_t length = 1;
  int along[max_rank]{}, kept[max_rank]{}, axes = 0, kept_axes = 0;

  template <class Out>
  lines_of(const view<const Real>& in_, const view<Out>& out) : in{in_} {
    for (int k = 0; k < in.rank; ++k)
      if (out.find(in.axis[static_cast<std::size_t>(k)]) < 0) along[axes++] = k, length *= in.extent[static_cast<std::size_t>(k)];
    for (int k = 0; k < out.rank; ++k) kept[kept_axes++] = in.find(out.axis[static_cast<std::size_t>(k)]);
  }

  /// Calls look(entry, place) along the line of result `number`.
  template <class Look>
  AKIN_HOST_DEVICE void visit(std::int64_t number, Look look) const {
    const std::int64_t begin = offset(kept, kept_axes, number);
    for (std::int64_t place = 0; place < length; ++place) look(in.data[begin + offset(along, axes, place)], place);
  }

 private:
  AKIN_HOST_DEVICE std::int64_t offset(const int* dimensions, int count, std::int64_t number) const {
    std::int64_t at = 0;
    for (int k = count; k-- > 0;) {
      const std::int64_t extent = in.extent[static_cast<std::size_t>(dimensions[k])];
      at += number % extent * in.stride(dimensions[k]);
      number /= extent;
    }
    return at;
  }
};

/// Without memory: the largest entries below the last ones found, until k are counted.
template <class Real>
struct find_kth_largest {
  lines_of<Real> lines;
  Real* out;
  std::int64_t k;
  AKIN_HOST_DEVICE void operator()(std::int64_t number) const {
    constexpr Real infinity = std::numeric_limits<Real>::infinity();
    Real best = infinity;
    for (std::int64_t counted = 0, found = 1; counted < k && found > 0; counted += found) {
      Real next = -infinity;
      found = 0;
      lines.visit(number, [&](Real x, std::int64_t) {
        if (!(x < best || (counted == 0 && x == best)) || x < next) return;
        found = x > next || found == 0 ? 1 : found + 1;
        next = x;
      });
      best = next;
    }
    out[number] = best;
  }
};
template <class Backend>
struct kernel<&kth_largest_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    using Real = typename Backend::real;
    backend.each(c.result().size(), find_kth_largest<Real>{{c.operand(0), c.result()}, c.result().data, c.op.argument[0]});
  }
};

template <class Real>
struct find_arg_max {
  lines_of<Real> lines;
  std::int32_t* out;
  AKIN_HOST_DEVICE void operator()(std::int64_t number) const {
    Real best = -std::numeric_limits<Real>::infinity();
    std::int64_t found = 0;
    lines.visit(number, [&](Real x, std::int64_t place) {
      if (x > best) best = x, found = place;
    });
    out[number] = static_cast<std::int32_t>(found);
  }
};
template <class Backend>
struct kernel<&arg_max_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    backend.each(c.out.integers.size(), find_arg_max<typename Backend::real>{{c.operand(0), c.out.integers}, c.out.integers.data});
  }
};

template <class Backend>
struct kernel<&gather_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const auto ids = c.on_host(1);
    const auto rows = c.operand(0).extent[0];
    for (std::size_t k = 0; k < ids.size(); ++k)
      if (ids[k] < 0 || ids[k] >= rows) fail("gather: id ", ids[k], " at place ", k, " is outside of the table's ", rows, " rows");
    backend.gather(c.operand(0).data, c.integers(1).data, c.result().data, c.integers(1).size(), c.operand(0).stride(0));
  }
};
template <class Backend>
struct kernel<&scatter_add_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const auto ids = c.integers(1);
    backend.scatter_add(c.operand(0).data, ids.data, c.result().data, ids.size(), c.result().extent[0], c.result().stride(0));
  }
};

/// Row k of `part` and the row of `whole` that its id names, of those that lie `along` together.
template <class Real>
struct pick_rows {
  const Real* whole;
  const std::int32_t* ids;
  Real* part;
  std::int64_t along, inner;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    for (std::int64_t i = 0; i < inner; ++i) part[k * inner + i] = whole[(k * along + ids[k]) * inner + i];
  }
};
template <class Backend>
struct kernel<&pick_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const around from{c.operand(0), c.op.argument[0]};
    const auto ids = c.on_host(1);
    for (std::size_t k = 0; k < ids.size(); ++k)
      if (ids[k] < 0 || ids[k] >= from.along) fail("pick: index ", ids[k], " at place ", k, " is outside of an axis of extent ", from.along);
    backend.each(from.outer, pick_rows<typename Backend::real>{c.operand(0).data, c.integers(1).data, c.result().data, from.along, from.inner});
  }
};

/// Row `number` of the whole: one of the part, or zeros.
template <class Real>
struct unpick_rows {
  const Real* part;
  const std::int32_t* ids;
  Real* whole;
  std::int64_t along, inner;
  AKIN_HOST_DEVICE void operator()(std::int64_t number) const {
    const std::int64_t k = number / along;
    const bool picked = number % along == ids[k];
    for (std::int64_t i = 0; i < inner; ++i) whole[number * inner + i] = picked ? part[k * inner + i] : Real{};
  }
};
template <class Backend>
struct kernel<&unpick_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const around to{c.result(), c.op.argument[0]};
    backend.each(to.outer * to.along, unpick_rows<typename Backend::real>{c.operand(0).data, c.integers(1).data, c.result().data, to.along, to.inner});
  }
};

struct find_first_arg_max {
  const std::int32_t* ids;
  std::int32_t* out;
  std::int64_t along;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    const std::int32_t* const row = ids + k * along;
    std::int64_t best = 0;
    for (std::int64_t i = 1; i < along; ++i)
      if (row[i] > row[best]) best = i;
    out[k] = static_cast<std::int32_t>(best);
  }
};
template <class Backend>
struct kernel<&first_arg_max_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const around from{c.integers(0), c.op.argument[0]};
    backend.each(from.outer, find_first_arg_max{c.integers(0).data, c.out.integers.data, from.along});
  }
};

}  // namespace akin::inline v0
