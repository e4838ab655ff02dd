// SPDX-License-Identifier: Apache-2.0
// What every kernel gets: a pointer with labelled extents. It owns nothing.
#pragma once

#include <akin/support/compiler.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>

namespace akin::inline v0 {

inline constexpr int max_rank = 6;

/// A dense row-major block of numbers whose dimensions carry axis labels (small integers, equal for equal axes).
/// Kernels match the dimensions of their operands by label and never ask what a label means.
template <class T>
struct view {
  T* data = nullptr;
  int rank = 0;
  std::array<int, max_rank> axis{};
  std::array<std::int64_t, max_rank> extent{};

  constexpr std::int64_t size() const {
    std::int64_t product = 1;
    for (int k = 0; k < rank; ++k) product *= extent[static_cast<std::size_t>(k)];
    return product;
  }

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // g++ 12 -O3 takes a copied view's axes for unset
#endif
  /// Position of the axis in this view, or -1.
  constexpr int find(int label) const {
    for (int k = 0; k < rank; ++k)
      if (axis[static_cast<std::size_t>(k)] == label) return k;
    return -1;
  }
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

  /// Elements between neighbours along dimension k.
  constexpr std::int64_t stride(int k) const {
    std::int64_t product = 1;
    for (int i = k + 1; i < rank; ++i) product *= extent[static_cast<std::size_t>(i)];
    return product;
  }

  /// Elements between neighbours along the axis with this label; 0 where the view does not have it (a broadcast).
  constexpr std::int64_t stride_of(int label) const {
    const int k = find(label);
    return k < 0 ? 0 : stride(k);
  }

  /// The same numbers, to read.
  template <class U>
    requires std::same_as<U, const T>
  constexpr operator view<U>() const {
    return {data, rank, axis, extent};
  }
};

/// Dense images [outer, height, width, inner] and the size x size windows, side by side, that pooling takes the mean of.
struct pooling {
  std::int64_t outer = 0, height = 0, width = 0, inner = 0, size = 1;
  constexpr std::int64_t rows() const { return height / size; }
  constexpr std::int64_t columns() const { return width / size; }
  /// Where a line of `inner` numbers begins.
  constexpr std::int64_t in_image(std::int64_t o, std::int64_t y, std::int64_t x) const { return ((o * height + y) * width + x) * inner; }
  constexpr std::int64_t in_result(std::int64_t o, std::int64_t row, std::int64_t column) const { return ((o * rows() + row) * columns() + column) * inner; }
};

}  // namespace akin::inline v0
