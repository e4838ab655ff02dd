// SPDX-License-Identifier: Apache-2.0
// How the plan asks a backend for the work of one node: the operation's table finds its kernel.
#pragma once

#include <akin/backend/index_work.hpp>
#include <akin/expr/average_pool.hpp>
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
template <class Backend>
struct kernel<&contract_again_op, Backend> : kernel<&contract_op, Backend> {};

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

template <class Backend>
struct kernel<&add_by_place_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const auto out = c.result();
    backend.each(out.size(), detail::add_pairwise<typename Backend::real>{c.operand(0).data, c.operand(1).data, out.data});
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

/// An image seen as [outer, height, width, inner], and the windows that its pooling cuts it into.
template <class Real, class Backend>
pooling pooling_of(const view<Real>& image, const kernel_call<Backend>& c) {
  const auto height = static_cast<std::size_t>(image.find(c.op.argument[1]));
  const std::int64_t inner = image.stride(static_cast<int>(height) + 1);
  return {around{image, c.op.argument[1]}.outer, image.extent[height], image.extent[height + 1], inner, c.op.argument[0]};
}
template <class Backend>
struct kernel<&average_pool_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    backend.average_pool(c.operand(0).data, c.result().data, pooling_of(c.operand(0), c));
  }
};
template <class Backend>
struct kernel<&average_pool_to_x_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    backend.average_pool_to_x(c.operand(0).data, c.result().data, pooling_of(c.result(), c));
  }
};

template <class Backend>
struct kernel<&listed_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    using Real = typename Backend::real;
    const auto out = c.result();
    detail::check_listed(c.on_host(0), c.on_host(1), out.extent[0], out.extent[1]);
    backend.each(out.size(), detail::assign_zero<Real>{out.data});
    backend.each(c.integers(0).size(), detail::mark_listed<Real>{c.integers(0).data, c.integers(1).data, out.data, out.extent[1]});
  }
};

template <class Backend>
struct kernel<&kth_largest_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    using Real = typename Backend::real;
    backend.each(c.result().size(), detail::find_kth_largest<Real>{{c.operand(0), c.result()}, c.result().data, c.op.argument[0]});
  }
};

template <class Backend>
struct kernel<&arg_max_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    backend.each(c.out.integers.size(), detail::find_arg_max<typename Backend::real>{{c.operand(0), c.out.integers}, c.out.integers.data});
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

template <class Backend>
struct kernel<&pick_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const around from{c.operand(0), c.op.argument[0]};
    const bool found_there = c.op.argument[1] == 1 && from.along > 0;
    const auto ids = found_there ? std::span<const std::int32_t>{} : c.on_host(1);
    for (std::size_t k = 0; k < ids.size(); ++k)
      if (ids[k] < 0 || ids[k] >= from.along) fail("pick: index ", ids[k], " at place ", k, " is outside of an axis of extent ", from.along);
    backend.each(from.outer, detail::pick_rows<typename Backend::real>{c.operand(0).data, c.integers(1).data, c.result().data, from.along, from.inner});
  }
};

template <class Backend>
struct kernel<&unpick_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const around to{c.result(), c.op.argument[0]};
    backend.each(to.outer * to.along, detail::unpick_rows<typename Backend::real>{c.operand(0).data, c.integers(1).data, c.result().data, to.along, to.inner});
  }
};

template <class Backend>
struct kernel<&first_arg_max_op, Backend> {
  static void run(Backend& backend, const kernel_call<Backend>& c) {
    const around from{c.integers(0), c.op.argument[0]};
    backend.each(from.outer, detail::find_first_arg_max{c.integers(0).data, c.out.integers.data, from.along});
  }
};

}  // namespace akin::inline v0
