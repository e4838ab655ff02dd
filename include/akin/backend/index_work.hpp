// SPDX-License-Identifier: Apache-2.0
// Work on one element or line, for a backend to run over all indices: where it runs and in which order is the backend's.
#pragma once

#include <akin/backend/memory.hpp>
#include <akin/support/error.hpp>
#include <akin/tensor/view.hpp>

#include <cstdint>
#include <limits>
#include <span>

namespace akin::inline v0 {
namespace detail {

template <class Real>
struct assign_zero {
  Real* out;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const { out[k] = 0; }
};

template <class Real>
struct add_number {
  const Real* numbers;
  Real* sums;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const { sums[k] += numbers[k]; }
};

template <class Real>
struct add_pairwise {
  const Real *a, *b;
  Real* out;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const { out[k] = a[k] + b[k]; }
};

/// Refuses a list of pairs that does not ascend or leaves its axes.
[[gnu::noinline]] inline void check_listed(std::span<const std::int32_t> first, std::span<const std::int32_t> second, std::int64_t first_extent, std::int64_t second_extent) {
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
    constexpr Real above_all = std::numeric_limits<Real>::infinity();
    Real best = above_all;
    for (std::int64_t counted = 0, found = 1; counted < k && found > 0; counted += found) {
      Real next = -above_all;
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

}  // namespace detail
}  // namespace akin::inline v0
