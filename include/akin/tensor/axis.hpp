// SPDX-License-Identifier: Apache-2.0
// Axes: names that are types, so that the compiler can check every operator by them.
#pragma once

#include <akin/support/compiler.hpp>

#include <algorithm>
#include <array>
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

/// A named axis of features: `inline constexpr struct embed : akin::axis<"embed"> {} embed;`
/// A static extent is optional; without one the extent is given when a program is bound: `embed(512)`.
template <text Name, std::int64_t Extent = 0>
struct axis : any_axis {
  static constexpr std::string_view name = Name.view();
  static constexpr std::int64_t static_extent = Extent;
  static constexpr bool numbers_examples = false;
  constexpr extent operator()(std::int64_t size) const { return {name, size}; }
};

/// An axis that numbers examples: images, texts, anchors. A value with two such axes is a pair value: a backend that fuses
/// computes it tile by tile, and stores of it at most products, as far as program::pair_budget allows.
template <text Name>
struct batch : any_axis {
  static constexpr std::string_view name = Name.view();
  static constexpr std::int64_t static_extent = 0;
  static constexpr bool numbers_examples = true;
  constexpr extent operator()(std::int64_t size) const { return {name, size}; }
};

/// A list of axes: the shape of an expression, in the order in which its numbers would lie in memory.
template <class... Axes>
struct axes {
  static constexpr int rank = sizeof...(Axes);
};

template <class A>
concept some_axis = std::is_base_of_v<any_axis, std::remove_cvref_t<A>>;

}  // namespace akin::inline v0
