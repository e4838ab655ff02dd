// SPDX-License-Identifier: Apache-2.0
// The gradient of a model against central differences, for whoever wrote an objective or an operation.
#pragma once

#include <akin/backend/reference/reference.hpp>
#include <akin/graph/program.hpp>
#include <akin/support/random.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// The entry of one input or parameter whose gradient differs most from its difference quotient.
struct gradient_error {
  std::string name;
  std::int64_t entry = 0;
  double gradient = 0, quotient = 0;
  double error = 0;  // |gradient - quotient| over the largest quotient of this input or parameter, which counts as 1e-3 at least; infinity where one is not finite
};

/// What an input holds at an entry: `drawn` is a standard normal number for reals, 0, 1 or 2 for integers.
using input_generator = std::function<double(std::string_view input, std::int64_t entry, double drawn)>;

namespace detail {

template <class Model>
class gradient_checker {
 public:
  template <class... Extents>
  explicit gradient_checker(const input_generator& fill, const Extents&... given) {
    weights_.bind(1, given...);
    program_.bind(given...);
    extents_ = extent_table{blueprint_of<Model, mode::training, false>()};
    (extents_.set(given.axis, given.size), ...);
    extents_.derive();
    fill_all(fill, names);
  }

  std::vector<gradient_error> run() {
    for (const auto& t : weights_.tensors())
      if (t.role == role::state) states_.push_back({t.values, {t.values.begin(), t.values.end()}});
    program_.forward();
    program_.backward();
    measure_all(names);
    std::stable_sort(errors_.begin(), errors_.end(), [](const gradient_error& a, const gradient_error& b) { return a.error > b.error; });
    return std::move(errors_);
  }

 private:
  static constexpr const model& graph() { return full_graph<Model, mode::training>; }
  static constexpr auto names = std::make_integer_sequence<int, graph().name_count>{};
  template <int K>
  static constexpr auto text_of = text_of_name<Model, mode::training, K>();
  using role = named_value::role_kind;

  template <int... K>
  void fill_all(const input_generator& fill, std::integer_sequence<int, K...>) {
    reals_.resize(sizeof...(K));
    integers_.resize(sizeof...(K));
    (fill_one<K>(fill), ...);
  }
  template <int K>
  void fill_one(const input_generator& fill) {
    constexpr named_value v = graph().names[K];
    if constexpr (v.takes_input()) {
      random_stream random{2, K};
      for (std::int64_t k = 0; k < extents_.size(graph().at(v.node).axes); ++k) {
        if constexpr (graph().at(v.node).kind == value_kind::index) integers_[K].push_back(static_cast<std::int32_t>(fill(text_of<K>.view(), k, std::floor(3 * random.uniform()))));
        else reals_[K].push_back(fill(text_of<K>.view(), k, random.normal()));
      }
      if constexpr (graph().at(v.node).kind == value_kind::index) program_.template set<text_of<K>>(std::span<const std::int32_t>{integers_[K]});
      else program_.template set<text_of<K>>(std::span<const double>{reals_[K]});
    }
  }

  // Gradients are copied before the first difference quotient runs the program again.
  template <int... K>
  void measure_all(std::integer_sequence<int, K...>) {
    (collect<K>(), ...);
    for (const auto& t : weights_.tensors())
      if (t.role == role::parameter) {
        const auto first = program_.gradients().begin() + t.offset;
        tensors_.push_back({t.name, t.values, {first, first + static_cast<std::ptrdiff_t>(t.values.size())}});
      }
    for (auto& [name, numbers, gradient] : tensors_) measure(name, numbers, gradient);
  }
  template <int K>
  void collect() {
    constexpr named_value v = graph().names[K];
    if constexpr (v.role == role::input && graph().adjoint_of(v.node) != 0) {
      const auto g = program_.template gradient<text_of<K>>();
      tensors_.push_back({std::string{text_of<K>.view()}, reals_[K], {g.data, g.data + g.size()}});
    }
  }

  // From the states that the first run saw: each run may update them.
  double loss() {
    for (const auto& [state, start] : states_) std::copy(start.begin(), start.end(), state.begin());
    return program_.forward();
  }

  void measure(const std::string& name, std::span<double> numbers, const std::vector<double>& gradient) {
    gradient_error worst{name};
    double largest = 1e-3;
    for (std::size_t k = 0; k < numbers.size(); ++k) {
      const double start = numbers[k], step = 1e-5 * std::max(1.0, std::abs(start));
      numbers[k] = start + step;
      const double above = loss();
      numbers[k] = start - step;
      const double below = loss();
      numbers[k] = start;
      const double quotient = (above - below) / (2 * step), difference = std::abs(gradient[k] - quotient);
      const double error = std::isfinite(difference) ? difference : std::numeric_limits<double>::infinity();
      if (std::isfinite(quotient)) largest = std::max(largest, std::abs(quotient));
      if (k == 0 || error > worst.error) worst = {name, static_cast<std::int64_t>(k), gradient[k], quotient, error};
    }
    worst.error /= largest;
    errors_.push_back(worst);
  }

  struct tensor {
    std::string name;
    std::span<double> numbers;
    std::vector<double> gradient;
  };

  parameters<Model, double> weights_;
  program<Model, reference_backend> program_{weights_};
  extent_table extents_;
  std::vector<std::vector<double>> reals_;
  std::vector<std::vector<std::int32_t>> integers_;
  std::vector<tensor> tensors_;
  std::vector<std::pair<std::span<double>, std::vector<double>>> states_;
  std::vector<gradient_error> errors_;
};

}  // namespace detail

/// The gradient of a model's scalar against central differences, in double precision on the reference backend: one entry for each input and parameter that has
/// a gradient, the worst first. A sound gradient shows errors of 1e-9 or so; above 1e-6 it is wrong, or the model has a kink where it was evaluated.
/// cost:    two forward runs for each number of the inputs and parameters: small extents are enough
/// errors:  those of bind
/// example: for (const auto& e : gradient_check<my_objective>(images(7), texts(5), embed(4))) std::cout << e.name << " " << e.error << "\n";
template <class Model, class... Extents>
std::vector<gradient_error> gradient_check(const input_generator& fill, const Extents&... extents) { return detail::gradient_checker<Model>{fill, extents...}.run(); }
template <class Model>
std::vector<gradient_error> gradient_check(std::same_as<extent> auto... extents) {
  return gradient_check<Model>([](std::string_view, std::int64_t, double drawn) { return drawn; }, extents...);
}

}  // namespace akin::inline v0
