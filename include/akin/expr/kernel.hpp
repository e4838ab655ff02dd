// SPDX-License-Identifier: Apache-2.0
// How the plan asks a backend for the work of one node: the operation's table finds its kernel.
#pragma once

#include <akin/expr/conv2d.hpp>
#include <akin/expr/dot.hpp>
#include <akin/expr/gather.hpp>
#include <akin/expr/layout.hpp>

#include <algorithm>
#include <cstdint>

namespace akin::inline v0 {

/// One operand or result of a kernel: reals or 32-bit integers, by the node's kind.
template <class Real>
struct kernel_value {
  view<Real> reals{};
  view<std::int32_t> integers{};
};

/// What a kernel gets: labelled views of its operands and of its result, and the node's own numbers.
template <class Backend>
struct kernel_call {
  using real_type = typename Backend::real;
  const node& op;
  std::array<kernel_value<real_type>, 4> in{};
  kernel_value<real_type> out{};

  view<const real_type> operand(int k) const { return in[static_cast<std::size_t>(k)].reals; }
  view<const std::int32_t> integers(int k) const { return in[static_cast<std::size_t>(k)].integers; }
  view<real_type> result() const { return out.reals; }
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

template <class Backend>
struct kernel<&gather_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const auto ids = c.integers(1);
    const auto rows = c.operand(0).extent[0], count = ids.size();
    for (std::int64_t k = 0; k < count; ++k)
      if (ids.data[k] < 0 || ids.data[k] >= rows) fail("gather: id ", ids.data[k], " at place ", k, " is outside of the table's ", rows, " rows");
    backend.gather(c.operand(0).data, ids.data, c.result().data, count, c.operand(0).stride(0));
  }
};
template <class Backend>
struct kernel<&scatter_add_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const auto ids = c.integers(1);
    backend.scatter_add(c.operand(0).data, ids.data, c.result().data, ids.size(), c.result().extent[0], c.result().stride(0));
  }
};
template <class Backend>
struct kernel<&pick_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const around from{c.operand(0), c.op.argument[0]};
    const auto ids = c.integers(1);
    for (std::int64_t k = 0; k < from.outer; ++k) {
      if (ids.data[k] < 0 || ids.data[k] >= from.along) fail("pick: index ", ids.data[k], " at place ", k, " is outside of an axis of extent ", from.along);
      backend.slice(c.operand(0).data + k * from.along * from.inner, c.result().data + k * from.inner, 1, from.along, ids.data[k], 1, from.inner);
    }
  }
};
template <class Backend>
struct kernel<&unpick_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const around to{c.result(), c.op.argument[0]};
    const auto ids = c.integers(1);
    for (std::int64_t k = 0; k < to.outer; ++k)
      backend.place(c.operand(0).data + k * to.inner, c.result().data + k * to.along * to.inner, 1, to.along, ids.data[k], 1, to.inner);
  }
};
template <class Backend>
struct kernel<&first_arg_max_op, Backend> {
  static void run(Backend&, const kernel_call<Backend>& c) {
    const auto ids = c.integers(0);
    const around from{ids, c.op.argument[0]};
    for (std::int64_t k = 0; k < from.outer; ++k) {
      const std::int32_t* row = ids.data + k * from.along;
      c.out.integers.data[k] = static_cast<std::int32_t>(std::max_element(row, row + from.along) - row);
    }
  }
};

}  // namespace akin::inline v0
