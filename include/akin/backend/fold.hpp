// SPDX-License-Identifier: Apache-2.0
// Spaces with as few dimensions as those who walk through them allow.
#pragma once

#include <akin/tensor/view.hpp>

namespace akin::inline v0 {

/// Numbers from one index to the next along each dimension of a space; 0 along those that something lacks.
using strides = std::array<std::int64_t, max_rank>;

/// The strides of `v`, whose axes are some of the space's.
template <class Space, class V>
constexpr strides strides_in(const view<Space>& space, const view<V>& v) {
  strides s{};
  for (std::size_t k = 0; k < static_cast<std::size_t>(space.rank); ++k) s[k] = v.stride_of(space.axis[k]);
  return s;
}

/// Joins a dimension with the next one where every stride runs through both in one line; drops extents of 1. for_each(visit)
/// hands all strides to visit, to read or to change.
template <class ForEach>
constexpr void fold_space(int& rank, std::array<std::int64_t, max_rank>& extent, ForEach for_each) {
  const auto z = [](int k) { return static_cast<std::size_t>(k); };
  for (int d = rank - 1; d >= 0; --d) {
    bool joins = d + 1 < rank;
    const bool drops = extent[z(d)] == 1;
    if (joins) for_each([&](const strides& s) { joins = joins && s[z(d)] == s[z(d + 1)] * extent[z(d + 1)]; });
    if (!joins && !drops) continue;
    if (!drops) extent[z(d + 1)] *= extent[z(d)];
    for (int k = d; k + 1 < rank; ++k) {
      extent[z(k)] = extent[z(k + 1)];
      for_each([&](strides& s) { s[z(k)] = s[z(k + 1)]; });
    }
    --rank;
  }
}

}  // namespace akin::inline v0
