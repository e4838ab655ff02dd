// SPDX-License-Identifier: Apache-2.0
// Axes: names that are types, so that the compiler can check every operator by them.
#pragma once

#include <akin/support/compiler.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace akin::inline v0 {

/// A string literal as a template argument.
template <std::size_t Size>
struct text {
  char characters[Size]{};
  constexpr text() = default;
  constexpr text(const char (&literal)[Size]) { std::copy_n(literal, Size, characters); }
  constexpr std::string_view view() const { return {characters, Size - 1}; }
};

/// An axis with the extent that a program is bound to.
struct extent {
  std::string_view axis;
  std::int64_t size;
};

struct any_axis {};

/// What axis and batch have in common.
template <text Name, std::int64_t Extent, bool NumbersExamples>
struct named_axis : any_axis {
  static constexpr std::string_view name = Name.view();
  static constexpr std::int64_t static_extent = Extent;
  static constexpr bool numbers_examples = NumbersExamples;
  using second_of = void;
  constexpr extent operator()(std::int64_t size) const { return {name, size}; }
  template <std::floating_point Size>
  constexpr extent operator()(Size) const {
    static_assert(!std::is_floating_point_v<Size>, "akin: an axis' extent is an integer");
    return {name, 0};
  }
};

/// A named axis of features: `inline constexpr struct embed : akin::axis<"embed"> {} embed;`
/// A static extent is optional; without one the extent is given when a program is bound: `embed(512)`.
template <text Name, std::int64_t Extent = 0>
struct axis : named_axis<Name, Extent, false> {};

/// An axis that numbers examples: images, texts, anchors. A value with two such axes is a pair value: a backend that fuses
/// computes it tile by tile, and stores of it at most products, as far as program::pair_budget allows.
template <text Name>
struct batch : named_axis<Name, 0, true> {};

/// A second axis of the things that Of numbers, so that a value can have both, as scores of tokens with tokens do. A backend that fuses makes such a value
/// strip by strip, along its first axis, and computes it again in the gradient of a repeat's layer.
template <text Name, class Of>
struct second_axis : named_axis<Name, Of::static_extent, false> {
  using second_of = Of;
};

/// A list of axes: the shape of an expression, in the order in which its numbers would lie in memory.
template <class... Axes>
struct axes {
  static constexpr int rank = sizeof...(Axes);
};

template <class A>
concept some_axis = std::is_base_of_v<any_axis, std::remove_cvref_t<A>>;

namespace detail {

// The arguments of bind and resize as one list.
template <class... Extents>
constexpr auto extents_of(const Extents&... given) {
  constexpr bool by_axis = (std::is_same_v<Extents, extent> && ...);
  static_assert(by_axis, "akin: an extent is given by its axis, as in bind(images(64), embed(512))");
  if constexpr (by_axis) return std::array<extent, sizeof...(Extents)>{given...};
  else return std::array<extent, 0>{};
}

}  // namespace detail

}  // namespace akin::inline v0
