// SPDX-License-Identifier: Apache-2.0
// What a program refuses when it is compiled, one sentence for each mistake.
#pragma once

#include <akin/expr/kernel.hpp>
#include <akin/graph/blueprint.hpp>

#include <initializer_list>
#include <type_traits>
#include <utility>

namespace akin::inline v0 {

template <class Model, mistake Found>
inline constexpr bool graph_is_sound = Found == mistake::none;
template <class Result>
inline constexpr bool result_is_real = false;
template <class Kind, class Axes>
inline constexpr bool result_is_real<expr<Kind, Axes>> = std::is_same_v<Kind, real> || std::is_same_v<Axes, unknown>;  // unknown: another mistake has been named already
template <class Output>
inline constexpr bool output_is_scalar = false;
template <>
inline constexpr bool output_is_scalar<axes_are<>> = true;
template <>
inline constexpr bool output_is_scalar<axes_are<unknown>> = true;  // another mistake has been named already

namespace detail {

template <class Model, mode Mode>
constexpr int unreached_parameter() {
  constexpr const model& m = full_graph<Model, Mode>;
  for (int k = 0; k < m.name_count; ++k)
    if (m.names[static_cast<std::size_t>(k)].role == named_value::role_kind::parameter && m.adjoint_of(m.names[static_cast<std::size_t>(k)].node) == 0) return k;
  return -1;
}

template <class Model, mode Mode, int Name>
constexpr auto text_of_name() {
  constexpr const model& m = full_graph<Model, Mode>;
  constexpr named_value v = m.names[Name];
  text<static_cast<std::size_t>(v.text_size) + 1> t;
  for (int k = 0; k < v.text_size; ++k) t.characters[k] = m.texts[static_cast<std::size_t>(v.text_begin + k)];
  return t;
}

template <class Model, text Name>
inline constexpr bool receives_gradient = false;

template <class Model, mode Mode, bool Fuses>
consteval bool check_parameters() {
  if constexpr (constexpr int k = unreached_parameter<Model, Mode>(); plan_of<Model, Mode, Fuses>.found == mistake::none && has_gradient<Model, Mode> && k >= 0) {
    static_assert(receives_gradient<Model, text_of_name<Model, Mode, k>()>, "akin: parameter: it receives no gradient; declare it frozen if that is meant");
    return false;
  } else {
    return true;
  }
}

template <class Model, mode Mode, bool Fuses>
consteval bool check_graph() {
  if constexpr (std::is_same_v<typename axes_of_result<result_type<Model>>::type, unknown>) {
    return true;  // that mistake has its sentence
  } else {
    constexpr mistake found = plan_of<Model, Mode, Fuses>.found;
    static_assert(graph_is_sound<Model, found> || found != mistake::input_named_twice, "akin: input: two inputs of one name");
    static_assert(graph_is_sound<Model, found> || found != mistake::parameter_named_twice, "akin: parameter: one name with different axes, roles or starts");
    static_assert(graph_is_sound<Model, found> || found != mistake::three_batch_axes,
                  "akin: pairs: a value has two batch axes and more; write distances with dot or squared_distance, so that nothing of that size is stored");
    static_assert(graph_is_sound<Model, found> || found != mistake::pair_in_repeat, "akin: pairs: a value with two batch axes inside of repeat");
    static_assert(graph_is_sound<Model, found> || found != mistake::gradient_leaves_repeat, "akin: repeat: the block differentiates a value from outside; pass it through the block's argument");
    static_assert(graph_is_sound<Model, found> || found != mistake::value_enters_repeat, "akin: repeat: the block uses a value computed outside; compute it in the block or give it as an input");
    static_assert(graph_is_sound<Model, found> || found != mistake::pair_is_output, "akin: pairs: a value with two batch axes is an output, but is never stored; reduce it, or make one of its axes an akin::axis");
    static_assert(graph_is_sound<Model, found> || found != mistake::pair_not_fusable,
                  "akin: pairs: a value with two batch axes can come from dot, arithmetic and predicates, and go into arithmetic, reductions and dot; nothing else");
    static_assert(graph_is_sound<Model, found> || found != mistake::position_is_stored, "akin: position: it can be compared with indices, but has no numbers in memory; give the indices as an input");
    static_assert(graph_is_sound<Model, found> || found != mistake::kept_in_repeat, "akin: repeat: the block updates a state from outside or names an output, of which there would be one for each layer");
    static_assert(graph_is_sound<Model, found> || found != mistake::two_axes_of_one_name, "akin: axis: one name for an akin::axis and an akin::batch, or for two static extents");
    static_assert(graph_is_sound<Model, found> || found != mistake::axis_twice, "akin: axis: a value has one axis twice, so that its name does not say which is meant");
    static_assert(graph_is_sound<Model, found> || found != mistake::no_such_entry, "akin: take: an entry's number is from 0 to 32,767");
    static_assert(graph_is_sound<Model, found> || found != mistake::updates_no_state, "akin: update: what it changes is no state: declare it with m.state");
    static_assert(graph_is_sound<Model, found> || found != mistake::state_updated_twice, "akin: update: one state is updated twice");
    static_assert(graph_is_sound<Model, found> || found != mistake::output_named_twice, "akin: output: two outputs of one name");
    static_assert(graph_is_sound<Model, found> || found != mistake::number_in_number, "akin: scope: a number inside of another");
    static_assert(graph_is_sound<Model, found> || found != mistake::dropout_rate, "akin: dropout: a rate is at least 0 and below 1");
    static_assert(graph_is_sound<Model, found> || found != mistake::step_too_large, "akin: plan: a fused step takes at most 40 operands, 12 results and 4,096 functions");
    static_assert(graph_is_sound<Model, found> || found != mistake::circle, "akin: plan: steps wait for each other; this is a mistake of akin, please report the model");
    return found == mistake::none;
  }
}

template <class Model, mode Mode, class Backend, int Step>
constexpr const operation* operation_without_kernel() {
  using storage = blueprint_storage<Model, Mode, Backend::fuses>;
  constexpr plan_step step = storage::steps[static_cast<std::size_t>(Step)];
  if constexpr (step.kind == step_kind::kernel) {
    constexpr const operation* op = storage::operations[static_cast<std::size_t>(Step)];
    return has_kernel<op, Backend> ? nullptr : op;
  }
  return nullptr;
}

template <class Model, mode Mode, class Backend>
inline constexpr const operation* first_without_kernel = []<int... Step>(std::integer_sequence<int, Step...>) {
  const operation* first = nullptr;
  for (const operation* op : {static_cast<const operation*>(nullptr), operation_without_kernel<Model, Mode, Backend, Step>()...})
    if (first == nullptr) first = op;
  return first;
}(std::make_integer_sequence<int, static_cast<int>(blueprint_storage<Model, Mode, Backend::fuses>::size.steps)>{});

template <class Model, mode Mode, class Backend>
consteval bool check_kernels() {
  constexpr const operation* op = first_without_kernel<Model, Mode, Backend>;
  if constexpr (op != nullptr) static_assert(has_kernel<op, Backend>, "akin: kernel: this operation has no kernel for this backend");
  return op == nullptr;
}

// Looking at the checks is what makes them speak; each says its sentence itself.
consteval bool looked_at(bool, bool, bool) { return true; }

}  // namespace detail
}  // namespace akin::inline v0
