// SPDX-License-Identifier: Apache-2.0
// From a model's function to its graph with gradients, as constexpr values keyed by the model's name.
#pragma once

#include <akin/expr/repeat.hpp>
#include <akin/expr/dot.hpp>

#include <type_traits>
#include <utility>

namespace akin::inline v0 {

/// Which graph a program runs: training has gradients, dropout and batch statistics.
enum class mode : unsigned char { training, evaluation };

namespace detail {

template <class E>
struct is_scalar : std::false_type {};
template <>
struct is_scalar<expr<real, axes<>>> : std::true_type {};
template <class E>
struct axes_of_result;
template <class Kind, class Axes>
struct axes_of_result<expr<Kind, Axes>> { using type = Axes; };

}  // namespace detail

template <class Model>
concept has_define = requires(model& m) { Model::define(m); };
template <class Model>
concept returns_an_expression = has_define<Model> && detail::is_expression<std::remove_cv_t<decltype(Model::define(std::declval<model&>()))>>;

namespace detail {

/// What the model's function writes.
template <class Model, mode Mode>
constexpr model written_graph() {
  model m{Mode == mode::training};
  m.result = Model::define(m).id;
  m.forward_size = m.size;
  return m;
}

}  // namespace detail

/// Whether the function can run in the compiler, on the model that it is given. What comes after looks at a graph of one constant where it
/// cannot, so that the function's own mistake is the only one.
template <class Model, mode Mode>
concept has_graph = returns_an_expression<Model> && requires { typename std::enable_if_t<(detail::written_graph<Model, Mode>().size > 0)>; };

namespace detail {

template <class Model>
struct result_of { using type = expr<real, axes<>>; };
template <class Model>
  requires has_graph<Model, mode::training>
struct result_of<Model> { using type = decltype(Model::define(std::declval<model&>())); };
template <class Model>
using result_type = typename result_of<Model>::type;

}  // namespace detail

/// The model's own graph, as its function wrote it.
template <class Model, mode Mode>
inline constexpr model forward_graph = [] {
  if constexpr (has_graph<Model, Mode>) {
    return detail::written_graph<Model, Mode>();
  } else {
    model m;
    m.result = build::constant(m, 0);
    m.forward_size = m.size;
    return m;
  }
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
