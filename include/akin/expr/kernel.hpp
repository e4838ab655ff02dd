// SPDX-License-Identifier: Apache-2.0
// How the plan asks a backend for the work of one node: the operation's table finds its kernel.
#pragma once

#include <akin/expr/average_pool.hpp>
#include <akin/expr/conv2d.hpp>
#include <akin/expr/dot.hpp>
#include <akin/expr/gather.hpp>
#include <akin/expr/layout.hpp>
#include <akin/expr/predicates.hpp>
#include <akin/support/error.hpp>

#include <algorithm>
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

/// Refuses a list of pairs that does not ascend or leaves its axes.
inline void check_listed(std::span<const std::int32_t> first, std::span<const std::int32_t> second, std::int64_t first_extent, std::int64_t second_extent) {
  for (std::size_t k = 0; k < first.size(); ++k) {
    if (first[k] < 0 || first[k] >= first_extent || second[k] < 0 || second[k] >= second_extent)
      fail("listed: pair ", k, " is (", first[k], ", ", second[k], "), but there are ", first_extent, " x ", second_extent);
    if (k > 0 && first[k] < first[k - 1]) fail("listed: pair ", k, " is of ", first[k], " and follows one of ", first[k - 1], ": the first ids must ascend");
  }
}

template <class Backend>
struct kernel<&listed_op, Backend> {
  static void run(Backend&, const kernel_call<Backend>& c) {
    const auto first = c.integers(0), second = c.integers(1);
    const auto out = c.result();
    const auto count = static_cast<std::size_t>(first.size());
    check_listed({first.data, count}, {second.data, count}, out.extent[0], out.extent[1]);
    std::fill_n(out.data, out.size(), typename Backend::real{});
    for (std::size_t k = 0; k < count; ++k) out.data[first.data[k] * out.extent[1] + second.data[k]] = 1;
  }
};

/// For every entry of `out`, the entries of `in` along the axes that it lacks: visit(number of the result, line), where line(look) calls
/// look(entry, place) for each.
template <class Real, class Visit>
void for_each_line(const view<const Real>& in, const auto& out, Visit visit) {
  for (std::int64_t number = 0; number < out.size(); ++number) {
    std::int64_t rest = number, begin = 0, length = 1;
    for (int k = out.rank; k-- > 0;) {
      const auto at = static_cast<std::size_t>(k);
      begin += rest % out.extent[at] * in.stride_of(out.axis[at]);
      rest /= out.extent[at];
    }
    int along[max_rank], axes = 0;
    for (int k = 0; k < in.rank; ++k)
      if (out.find(in.axis[static_cast<std::size_t>(k)]) < 0) along[axes++] = k, length *= in.extent[static_cast<std::size_t>(k)];
    visit(number, [&](auto look) {
      for (std::int64_t place = 0; place < length; ++place) {
        std::int64_t left = place, at = begin;
        for (int k = axes; k-- > 0;) {
          at += left % in.extent[static_cast<std::size_t>(along[k])] * in.stride(along[k]);
          left /= in.extent[static_cast<std::size_t>(along[k])];
        }
        look(in.data[at], place);
      }
    });
  }
}

template <class Backend>
struct kernel<&kth_largest_op, Backend> {
  /// Without memory: the largest entries below the last ones found, until k are counted.
  static void run(Backend&, const kernel_call<Backend>& c) {
    using Real = typename Backend::real;
    for_each_line(c.operand(0), c.result(), [&](std::int64_t number, auto line) {
      Real best = std::numeric_limits<Real>::infinity();
      for (std::int64_t counted = 0, found = 1; counted < c.op.argument[0] && found > 0; counted += found) {
        Real next = -std::numeric_limits<Real>::infinity();
        found = 0;
        line([&](Real x, std::int64_t) {
          if (!(x < best || (counted == 0 && x == best)) || x < next) return;
          found = x > next || found == 0 ? 1 : found + 1;
          next = x;
        });
        best = next;
      }
      c.result().data[number] = best;
    });
  }
};
template <class Backend>
struct kernel<&arg_max_op, Backend> {
  static void run(Backend&, const kernel_call<Backend>& c) {
    using Real = typename Backend::real;
    for_each_line(c.operand(0), c.out.integers, [&](std::int64_t number, auto line) {
      Real best = -std::numeric_limits<Real>::infinity();
      std::int64_t found = 0;
      line([&](Real x, std::int64_t place) {
        if (x > best) best = x, found = place;
      });
      c.out.integers.data[number] = static_cast<std::int32_t>(found);
    });
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
