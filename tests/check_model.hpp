// SPDX-License-Identifier: Apache-2.0
// Checks of a whole model: the tested backend against the reference, and gradients against central differences. Inputs are filled by name.
#pragma once

#include "tested_backend.hpp"

#include <akin/graph/gradient_check.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace akin_test {

/// What an input holds at element k: `drawn` is a standard normal for reals, uniform in [0, 1) for integers.
using generator = std::function<double(std::string_view input, std::int64_t k, double drawn)>;

/// Normal numbers, and integers 0, 1, 2.
inline double ordinary(std::string_view, std::int64_t, double drawn) { return drawn; }

/// Named results of one run: every output, the loss as "loss", gradients as "d input" and "d parameter".
using results = std::map<std::string, std::vector<double>>;

/// A bound program with filled inputs that a test may change between runs.
template <class Model, class Backend, akin::mode Mode = akin::mode::training>
class subject {
 public:
  using real = typename Backend::real;
  static constexpr const akin::model& graph() { return akin::full_graph<Model, Mode>; }

  template <class... Extents>
  explicit subject(const generator& fill, const Extents&... given) : subject{std::tuple<>{}, fill, given...} {}
  template <class... BackendArguments, class... Extents>
  explicit subject(std::tuple<BackendArguments...> arguments, const generator& fill, const Extents&... given)
      : program_{std::make_from_tuple<holder>(std::tuple_cat(std::tuple<akin::parameter_store<real>&>{weights}, arguments))} {
    weights.bind(7, given...);
    for (real& w : weights.values()) w = static_cast<real>(static_cast<float>(w));
    program().bind(given...);
    akin::extent_table extents{blueprint()};
    (extents.set(given.axis, given.size), ...);
    extents.derive();
    const auto b = blueprint();
    for (const auto& v : b.names) {
      if (v.role != akin::named_value::role_kind::input && v.role != akin::named_value::role_kind::data) continue;
      const std::string name{b.name(v)};
      const auto count = extents.size(b.at(v.node).axes);
      const bool whole = b.at(v.node).kind == akin::value_kind::index;
      std::uint64_t stream = 0;
      for (char c : name) stream = stream * 131 + static_cast<unsigned char>(c);
      akin::random_stream random{11, stream};
      for (std::int64_t k = 0; k < count; ++k) {
        if (whole) integers[name].push_back(static_cast<std::int32_t>(fill(name, k, random.uniform() * 3)));
        else reals[name].push_back(static_cast<real>(static_cast<float>(fill(name, k, random.normal()))));
      }
      if (whole) integers[name];
      else reals[name];
    }
    lend();
  }

  auto& program() { return program_.p; }
  static akin::blueprint blueprint() { return akin::blueprint_of<Model, Mode, Backend::fuses>(); }

  double forward() { return static_cast<double>(program().forward()); }

  results run() {
    results r;
    r["loss"] = {forward()};
    collect_outputs(r, std::make_integer_sequence<int, graph().output_count>{});
    if constexpr (akin::has_gradient<Model, Mode>) {
      program().backward();
      collect_gradients(r, std::make_integer_sequence<int, graph().name_count>{});
      for (const auto& t : weights.tensors())
        if (t.role == akin::named_value::role_kind::parameter)
          for (std::size_t k = 0; k < t.values.size(); ++k) r["d " + t.name].push_back(static_cast<double>(program().gradients()[static_cast<std::size_t>(t.offset) + k]));
    }
    return r;
  }

  /// Gives the program its inputs, again after a bind.
  void lend() { lend(std::make_integer_sequence<int, graph().name_count>{}); }

  akin::parameters<Model, real> weights;
  std::map<std::string, std::vector<real>> reals;
  std::map<std::string, std::vector<std::int32_t>> integers;

 private:
  struct holder {
    template <class... A>
    explicit holder(akin::parameter_store<real>& w, A... a) : p{w, a...} {}
    akin::program<Model, Backend, Mode> p;
  };

  template <int K>
  static constexpr auto text_of = akin::detail::text_of_name<Model, Mode, K>();
  template <int K>
  static constexpr auto text_of_output = [] {
    constexpr auto v = graph().outputs[K];
    akin::text<static_cast<std::size_t>(v.text_size) + 1> t;
    for (int k = 0; k < v.text_size; ++k) t.characters[k] = graph().texts[static_cast<std::size_t>(v.text_begin + k)];
    return t;
  }();

  template <int... K>
  void lend(std::integer_sequence<int, K...>) { (lend_one<K>(), ...); }
  template <int K>
  void lend_one() {
    constexpr auto v = graph().names[K];
    if constexpr (v.takes_input()) {
      const std::string name{text_of<K>.view()};
      if constexpr (graph().at(v.node).kind == akin::value_kind::index) program().template set<text_of<K>>(std::span<const std::int32_t>{integers[name]});
      else program().template set<text_of<K>>(std::span<const real>{reals[name]});
    }
  }
  template <int... K>
  void collect_outputs(results& r, std::integer_sequence<int, K...>) {
    (copy(program().template value<text_of_output<K>>(), r[std::string{text_of_output<K>.view()}]), ...);
  }
  template <int... K>
  void collect_gradients(results& r, std::integer_sequence<int, K...>) { (collect_gradient<K>(r), ...); }
  template <int K>
  void collect_gradient(results& r) {
    constexpr auto v = graph().names[K];
    if constexpr (v.role == akin::named_value::role_kind::input && graph().adjoint_of(v.node) != 0) copy(program().template gradient<text_of<K>>(), r["d " + std::string{text_of<K>.view()}]);
  }
  static void copy(akin::view<const real> v, std::vector<double>& into) { into.assign(v.data, v.data + v.size()); }

  holder program_;
};

/// Largest difference, as a part of the largest entry of `expected` (or of 1 where that is smaller than `floor`).
inline double difference(const std::vector<double>& got, const std::vector<double>& expected, double floor = 1e-3) {
  if (got.size() != expected.size()) return INFINITY;
  double worst = 0, largest = floor;
  for (std::size_t k = 0; k < got.size(); ++k) {
    if (std::isnan(got[k]) != std::isnan(expected[k])) return INFINITY;
    if (got[k] == expected[k] || std::isnan(got[k])) continue;
    worst = std::max(worst, std::abs(got[k] - expected[k]));
    largest = std::max(largest, std::abs(expected[k]));
  }
  return worst == 0 ? 0 : worst / largest;
}

/// Every result of `got` within `tolerance` of `expected`.
inline void compare(const results& got, const results& expected, double tolerance) {
  REQUIRE(got.size() == expected.size());
  for (const auto& each : expected) {
    const std::string& name = each.first;  // a binding cannot be captured in clang 14
    const auto& numbers = each.second;
    CAPTURE(name);
    REQUIRE(got.count(name) == 1);
    const double d = difference(got.at(name), numbers);
    if (std::getenv("AKIN_TEST_VERBOSE")) std::cout << "  " << name << " [" << numbers.size() << "]: " << d << "\n";
    CHECK(d <= tolerance);
  }
}

/// Gradients of all inputs and parameters against central differences, in double precision on the reference backend.
template <class Model, class... Extents>
void check_gradients(const generator& fill, const Extents&... given) {
  if constexpr (tests_reference)
    for (const auto& e : akin::gradient_check<Model>(fill, given...)) {
      CAPTURE(e.name);
      CAPTURE(e.entry);
      if (std::getenv("AKIN_TEST_VERBOSE")) std::cout << "  numeric d " << e.name << ": " << e.error << "\n";
      CHECK(e.error <= 1e-7);
    }
}

/// The tested backend against the reference backend: outputs, loss and all gradients, under three settings.
template <class Model, class... Extents>
void check_cpu(const generator& fill, double tolerance, const Extents&... given) {
  const results expected = subject<Model, akin::reference_backend>{fill, given...}.run();
  const auto run = [&](std::size_t setting) { return subject<Model, tested_backend>{std::tuple{tested_settings[setting]}, fill, given...}.run(); };
  const results got = run(0);
  compare(got, expected, tolerance);
  for (std::size_t k : {std::size_t{1}, std::size_t{2}}) {
    CAPTURE(k);
    if (settings_share_bits) compare(run(k), got, 0);
    else compare(run(k), expected, tolerance);
  }
}

}  // namespace akin_test
