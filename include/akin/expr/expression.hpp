// SPDX-License-Identifier: Apache-2.0
// What operators need to check axes: lists of axes as types, and the poison that keeps one mistake one error.
#pragma once

#include <akin/expr/build.hpp>

#include <type_traits>

namespace akin::inline v0 {

/// The axes of an expression that failed its check. Every later check lets it through, so that one mistake is one error.
struct unknown {};

// Names that stand in the compiler's message beside the sentence.
template <class... Axes>
struct left_is {};
template <class... Axes>
struct right_is {};
template <class... Axes>
struct axes_are {};
template <class Axis>
struct axis_is {};

namespace detail {

template <class List, class Axis>
inline constexpr bool has = false;
template <class... A, class Axis>
inline constexpr bool has<axes<A...>, Axis> = (std::is_same_v<A, Axis> || ...);

template <class Outer, class Inner>
inline constexpr bool contains = false;
template <class Outer, class... A>
inline constexpr bool contains<Outer, axes<A...>> = (has<Outer, A> && ...);

template <class Left, class Right>
struct joined;
template <class... A, class... B>
struct joined<axes<A...>, axes<B...>> { using type = axes<A..., B...>; };

template <class List, class Keep>
struct filtered;  // axes of List for which Keep<Axis>::value
template <class Keep>
struct filtered<axes<>, Keep> { using type = axes<>; };
template <class First, class... Rest, class Keep>
struct filtered<axes<First, Rest...>, Keep> {
  using rest = typename filtered<axes<Rest...>, Keep>::type;
  using type = std::conditional_t<Keep::template keeps<First>, typename joined<axes<First>, rest>::type, rest>;
};
template <class List>
struct not_in {
  template <class A>
  static constexpr bool keeps = !has<List, A>;
};
template <class List>
struct only_in {
  template <class A>
  static constexpr bool keeps = has<List, A>;
};
template <class All, class Gone>
using minus = typename filtered<All, not_in<Gone>>::type;
template <class A, class B>
using shared = typename filtered<A, only_in<B>>::type;

template <class List, class Old, class New>
struct replaced;
template <class... A, class Old, class... New>
struct replaced<axes<A...>, Old, axes<New...>> {
  template <class... X>
  struct join { using type = axes<>; };
  template <class First, class... Rest>
  struct join<First, Rest...> { using type = typename joined<First, typename join<Rest...>::type>::type; };
  using type = typename join<std::conditional_t<std::is_same_v<A, Old>, axes<New...>, axes<A>>...>::type;
};

template <template <class...> class As, class List>
struct named;
template <template <class...> class As, class... A>
struct named<As, axes<A...>> { using type = As<A...>; };
template <template <class...> class As>
struct named<As, unknown> { using type = As<unknown>; };
template <class L>
using as_left = typename named<left_is, L>::type;
template <class L>
using as_right = typename named<right_is, L>::type;
template <class L>
using as_axes = typename named<axes_are, L>::type;

template <class A, class B>
inline constexpr bool either_unknown = std::is_same_v<A, unknown> || std::is_same_v<B, unknown>;

}  // namespace detail

template <class... A>
inline constexpr bool axes_differ = true;
template <class First, class... Rest>
inline constexpr bool axes_differ<First, Rest...> = !detail::has<axes<Rest...>, First> && axes_differ<Rest...>;

/// over(texts): the axes along which a reduction runs or a contraction sums.
/// errors:   compile time "akin: over: one axis stands twice"
template <class... Axes>
struct over_axes {};
template <some_axis... A>
constexpr auto over(A...) {
  static_assert(axes_differ<A...>, "akin: over: one axis stands twice");
  return over_axes<A...>{};
}

}  // namespace akin::inline v0
