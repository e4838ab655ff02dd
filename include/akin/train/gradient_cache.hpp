// SPDX-License-Identifier: Apache-2.0
// Gradients of a contrastive loss over a batch that its encoders see in parts: as of the whole batch, in the memory of one part.
#pragma once

#include <akin/backend/index_work.hpp>
#include <akin/graph/program.hpp>
#include <akin/support/random.hpp>
#include <akin/train/optimizer.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace akin::inline v0 {

/// An encoder, and the input of the loss that its features are.
template <text Input, class Encoder>
struct encoded {
  static constexpr auto input = Input;
  using encoder = Encoder;
};

namespace detail {

template <class Axes>
struct first_axis;
template <class First, class... A>
struct first_axis<axes<First, A...>> { using type = First; };

/// An encoder under the one scalar whose gradient is what the data say: its backward goes on from any loss.
template <class Encoder>
struct with_given_gradient {
  template <class... A>
  static constexpr auto given(model& m, expr<real, axes<A...>>) { return m.data<"gradient of the features">(A{}...); }
  static constexpr auto define(model& m) {
    const auto features = Encoder::define(m);
    m.output<"features">(features);
    return sum(features * given(m, features));
  }
};

// Looks for states, and before the result for an operation that takes values of all examples and leaves none of each: a sum over the batch.
template <class Encoder>
consteval bool looks_one_by_one() {
  constexpr const model& m = forward_graph<Encoder, mode::training>;
  constexpr int rows = m.at(m.result).axes[0];
  bool reached[max_nodes]{};
  reached[m.result] = true;
  for (int n = m.size - 1; n >= 0; --n) {
    if (!reached[n]) continue;
    const node& x = m.nodes[n];
    if (x.op->plays == role::repeat) reached[m.regions[x.argument[0]].carry_out] = true;
    for (const int i : x.in) {
      if (i < 0) continue;
      reached[i] = true;
      if (m.at(i).axes.has(rows) && !x.axes.has(rows)) return false;
    }
  }
  return m.update_count == 0;
}

}  // namespace detail

/// Whether an encoder computes each example by itself, and changes nothing that it keeps.
template <class Encoder>
inline constexpr bool encodes_one_by_one = detail::looks_one_by_one<Encoder>();

namespace detail {

/// Adds a program's gradients of its own parameters to sums that are laid out as the weights are.
template <class Model, class Backend>
void add_gradients(program<Model, Backend>& program, shared_numbers<typename Backend::real>& sums) {
  using real = typename Backend::real;
  const auto* const gradients = program.gradient_numbers().read_on(program.backend());
  auto* const to = sums.update_on(program.backend());
  program.for_each_gradient([&](std::int64_t first, std::int64_t count) { program.backend().each(count, add_number<real>{gradients + first, to + first}); });
}

/// What a side is given of the whole batch.
template <class Program>
struct whole_input {
  const void* numbers = nullptr;
  std::int64_t per_row = 0;
  void (*lend)(Program&, const whole_input&, std::int64_t first, std::int64_t count) = nullptr;
};

}  // namespace detail

/// One encoder over a batch in parts.
template <class Encoder, class Backend>
class encoder_in_parts {
  using model_type = detail::with_given_gradient<Encoder>;
  using program_type = program<model_type, Backend>;
  using rows = typename detail::first_axis<typename detail::axes_of_result<detail::result_type<Encoder>>::type>::type;
  static constexpr const model& graph() { return full_graph<model_type, mode::training>; }

 public:
  using real_type = typename Backend::real;

  template <class... BackendArguments>
  explicit encoder_in_parts(parameter_store<real_type>& weights, const BackendArguments&... arguments) : program_{weights, arguments...} {}

  /// Binds the encoder to parts of so many examples; the extents are those of the whole batch.
  template <class... Extents>
  void bind(std::int64_t examples_of_a_part, const Extents&... whole) {
    if (examples_of_a_part < 1) fail("gradient_cache: a part of ", examples_of_a_part, " examples: give at least 1");
    rows_ = -1;
    ((whole.axis == rows::name ? rows_ = whole.size : 0), ...);
    if (rows_ < 1) fail("gradient_cache: bind: the whole batch needs an extent along axis '", rows::name, "'");
    bound_rows_ = part_ = std::min(examples_of_a_part, rows_);
    program_.bind(extent{whole.axis, whole.axis == rows::name ? part_ : whole.size}...);
    inputs_ = {};
    const node& features = graph().at(detail::find_output<model_type, mode::training>("features"));
    features_.assign(static_cast<std::size_t>(program_.extents().size(features.axes) / part_ * rows_), real_type{});
  }

  /// Lends an input of the whole batch until the next set.
  template <text Name>
  void set(std::span<const real_type> values) { set_whole<Name>(values); }
  template <text Name>
  void set(std::span<const std::int32_t> values) { set_whole<Name>(values); }
  /// What cannot be lent is refused in one sentence.
  template <text Name, class Values>
    requires(!detail::can_lend<Values, real_type>)
  void set(Values&&) { detail::refuse_to_lend<Values, real_type>(); }

  /// The features of the whole batch, part by part.
  std::span<const real_type> forward(std::uint64_t seed) {
    if (rows_ < 0) fail("gradient_cache: an encoder is not bound");
    for (std::int64_t first = 0; first < rows_; first += part_) {
      run_part(seed, first, features_);  // any gradient will do: nothing goes back yet
      const auto part = program_.template value<"features">();
      std::copy_n(part.data, part.size(), features_.begin() + first * width());
    }
    return features_;
  }

  /// Runs the parts again with the same random state, and adds what the features' gradient makes of the weights'.
  void backward(std::uint64_t seed, std::span<const real_type> gradient, shared_numbers<real_type>& sums) {
    for (std::int64_t first = 0; first < rows_; first += part_) {
      run_part(seed, first, gradient);
      program_.backward();
      detail::add_gradients(program_, sums);
    }
  }

 private:
  template <text Name, class T>
  void set_whole(std::span<const T> values) {
    constexpr int n = detail::find_name<model_type, mode::training>(Name.view());
    static_assert(n >= 0 || !has_graph<model_type, mode::training>, "akin: set: the model has no input of this name");
    if constexpr (n >= 0) {
      if (rows_ < 0) fail("gradient_cache: set: the encoder is not bound");
      constexpr const axis_list& axes = graph().at(n).axes;
      constexpr bool in_parts = axes.rank > 0 && axes[0] == graph().at(graph().outputs[graph().output_count - 1].node).axes[0];
      if constexpr (!in_parts) return program_.template set<Name>(values);
      const auto count = static_cast<std::int64_t>(values.size());
      if (count % rows_ != 0)
        fail("gradient_cache: set: input '", Name.view(), "' has ", count, " numbers, which are not ", rows_, " rows of ", rows::name);
      const auto lend = [](program_type& p, const auto& input, std::int64_t first, std::int64_t rows_now) {
        const T* const from = static_cast<const T*>(input.numbers) + first * input.per_row;
        p.template set<Name>(std::span<const T>{from, static_cast<std::size_t>(rows_now * input.per_row)});
      };
      inputs_[static_cast<std::size_t>(graph().at(n).name)] = {values.data(), count / rows_, lend};
    }
  }

  void run_part(std::uint64_t seed, std::int64_t first, std::span<const real_type> gradient) {
    const std::int64_t count = std::min(part_, rows_ - first);
    if (count != bound_rows_) program_.resize(rows{}(bound_rows_ = count));
    for (const auto& input : inputs_)
      if (input.lend) input.lend(program_, input, first, count);
    const auto of_part = gradient.subspan(static_cast<std::size_t>(first * width()), static_cast<std::size_t>(count * width()));
    program_.template set<"gradient of the features">(of_part);
    program_.seed(mix(seed + static_cast<std::uint64_t>(first)));
    program_.forward();
  }

  std::int64_t width() const { return std::ssize(features_) / rows_; }

  program_type program_;
  std::array<detail::whole_input<program_type>, static_cast<std::size_t>(graph().name_count)> inputs_{};
  std::vector<real_type> features_;
  std::int64_t rows_ = -1, part_ = 0, bound_rows_ = 0;
};

namespace detail {

template <class Encoded, class Backend>
class encoder_side : public encoder_in_parts<typename Encoded::encoder, Backend> {
  static_assert(encodes_one_by_one<typename Encoded::encoder>,
                "akin: gradient_cache: the encoder mixes the examples of a batch, as batch normalisation in training does, so that parts of a "
                "batch have other features than the whole");
 public:
  using encoder_in_parts<typename Encoded::encoder, Backend>::encoder_in_parts;
  static constexpr auto input = Encoded::input;
};

}  // namespace detail

/// A loss of features and the encoders that make them. A batch that does not fit into memory is encoded part by part; the loss sees all of
/// its features at once; then the parts are encoded again and take the features' gradient. An optimiser takes it in place of a program.
/// values:   loss and gradients are those of the whole batch, but for the order of sums; dropout draws other numbers for each part, the same
///           in both runs
/// cost:     encoders run forward twice; the memory of a part, and two numbers for each feature; steps allocate nothing but the table of
///           extents of a last part that is smaller
/// errors:   compile time "akin: gradient_cache: the encoder mixes the examples of a batch, ..."
/// source:   Gao et al. 2021 (2101.06983)
/// example:  gradient_cache<loss, cpu_backend, encoded<"x", image_encoder>, encoded<"y", text_encoder>> step{weights};
///           step.loss().bind(images(4096), texts(4096), embed(512));
///           step.encoder<"x">().bind(256, images(4096), ...); step.encoder<"x">().set<"pixels">(pixels); ...
///           step.forward(); step.backward(); optimizer.step(step, rate);
template <class Loss, class Backend, class... Encoded>
class gradient_cache : private detail::encoder_side<Encoded, Backend>... {
 public:
  using real_type = typename Backend::real;

  /// Borrows the weights of the whole model, which must be bound. Every program gets a backend of these arguments.
  template <class... BackendArguments>
  explicit gradient_cache(parameter_store<real_type>& weights, const BackendArguments&... arguments)
      : detail::encoder_side<Encoded, Backend>{weights, arguments...}..., loss_{weights, arguments...}, sums_{"gradients", weights.size()} {}

  program<Loss, Backend>& loss() { return loss_; }
  template <text Input>
  auto& encoder() { return find<Input, Encoded...>(); }

  /// The random state of the next forward and backward.
  void seed(std::uint64_t state) { seed_ = state; }

  real_type forward() {
    std::uint64_t number = 0;
    (forward_side<detail::encoder_side<Encoded, Backend>>(number++), ...);
    return loss_.forward();
  }
  void backward() {
    loss_.backward();
    loss_.backend().each(sums_.size(), detail::assign_zero<real_type>{sums_.write_on(loss_.backend())});
    detail::add_gradients(loss_, sums_);
    std::uint64_t number = 0;
    (backward_side<detail::encoder_side<Encoded, Backend>>(number++), ...);
  }

  real_type forward_and_backward() {
    const real_type loss = forward();
    backward();
    return loss;
  }

  /// The gradients of all parameters, laid out as the weights are.
  std::span<real_type> gradients() { return sums_.host(); }
  shared_numbers<real_type>& gradient_numbers() { return sums_; }
  parameter_store<real_type>& weights() { return loss_.weights(); }
  Backend& backend() { return loss_.backend(); }

 private:
  template <text Input, class First, class... Rest>
  auto& find() {
    using side = detail::encoder_side<First, Backend>;
    if constexpr (First::input.view() == Input.view()) return static_cast<encoder_in_parts<typename First::encoder, Backend>&>(static_cast<side&>(*this));
    else return find<Input, Rest...>();
  }

  std::uint64_t seed_of(std::uint64_t side) const { return mix(seed_ + 0x9e3779b97f4a7c15ull * (side + 1)); }
  template <class Side>
  void forward_side(std::uint64_t number) { loss_.template set<Side::input>(Side::forward(seed_of(number))); }
  template <class Side>
  void backward_side(std::uint64_t number) {
    const auto g = loss_.template gradient<Side::input>();
    Side::backward(seed_of(number), {g.data, static_cast<std::size_t>(g.size())}, sums_);
  }

  program<Loss, Backend> loss_;
  shared_numbers<real_type> sums_;
  std::uint64_t seed_ = 0;
};

}  // namespace akin::inline v0
