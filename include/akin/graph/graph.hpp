// SPDX-License-Identifier: Apache-2.0
// From a model's function to its graph with gradients, as constexpr values keyed by the model's name.
#pragma once

#include <akin/expr/repeat.hpp>
#include <akin/expr/dot.hpp>

namespace akin::inline v0 {

/// Which graph a program runs: training has gradients, dropout and batch statistics.
enum class mode : unsigned char { training, evaluation };

namespace detail {

template <class E>
struct is_scalar : std::false_type {};
template <>
struct is_scalar<expr<real, axes<>>> : std::true_type {};
template <class E>
struct axes_of_result { using type = unknown; };
template <class Kind, class Axes>
struct axes_of_result<expr<Kind, Axes>> { using type = Axes; };

template <class Model>
using result_type = decltype(Model::define(std::declval<model&>()));

}  // namespace detail

template <class Result>
inline constexpr bool result_is_an_expression = false;
template <class Kind, class Axes>
inline constexpr bool result_is_an_expression<expr<Kind, Axes>> = true;

/// The model's own graph, as its function wrote it.
template <class Model, mode Mode>
inline constexpr model forward_graph = [] {
  model m{Mode == mode::training};
  if constexpr (result_is_an_expression<detail::result_type<Model>>) m.result = Model::define(m).id;
  else m.result = build::constant(m, 0);  // that mistake has its sentence
  m.forward_size = m.size;
  return m;
}();

template <class Model, mode Mode>
inline constexpr bool has_gradient = Mode == mode::training && detail::is_scalar<detail::result_type<Model>>::value;

/// The graph with its gradients: the seed is 1, and walking back from the result every operation adds to the adjoints of its operands.
template <class Model, mode Mode>
inline constexpr model full_graph = [] {
  model m = forward_graph<Model, Mode>;
  if constexpr (has_gradient<Model, Mode>) {
    m.adjoint[static_cast<std::size_t>(m.result)] = static_cast<std::int16_t>(build::constant(m, 1) + 1);
    differentiate_region(m, m.result, 0);
  }
  return m;
}();

}  // namespace akin::inline v0
