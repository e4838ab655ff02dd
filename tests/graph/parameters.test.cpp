// SPDX-License-Identifier: Apache-2.0
// Parameters: names, shapes, roles and layers; initial values from the seed.
#include "graph/models.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace akin;

namespace {

struct mixed {
  static constexpr auto define(model& m) {
    const auto visual = m.scope("visual");
    const auto a = m.parameter<"a">(initial::normal(2, pixels), pixels, embed);
    const auto b = m.frozen<"b">(initial::constant(0.5), embed);
    const auto c = m.state<"c">(initial::uniform(3, embed, pixels), embed);
    const auto again = m.parameter<"a">(initial::normal(2, pixels), pixels, embed);
    return sum(a * b + again * c);
  }
};

struct another_rank {
  static constexpr auto define(model& m) {
    const auto visual = m.scope("visual");
    return sum(m.frozen<"b">(initial::constant(0.5)));
  }
};

struct divided_by_nothing {
  static constexpr auto define(model& m) { return sum(m.parameter<"w">(initial::normal(1, pixels), embed)); }
};

template <class F>
std::string sentence_of(F f) {
  try {
    f();
  } catch (const error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("names, roles, shapes") {
  parameters<mixed, double> w;
  CHECK(!w.bound());
  w.bind(5, pixels(100), embed(40));
  auto t = w.tensors();
  REQUIRE(t.size() == 3);
  CHECK(t[0].name == "visual.a");
  CHECK(t[0].shape == std::vector<std::int64_t>{100, 40});
  CHECK(t[0].role == named_value::role_kind::parameter);
  CHECK(t[1].name == "visual.b");
  CHECK(t[1].role == named_value::role_kind::frozen);
  CHECK(t[2].name == "visual.c");
  CHECK(t[2].role == named_value::role_kind::state);
  CHECK(w.size() == 4080);
  CHECK(w.find("visual.b")->offset == 4000);
  CHECK(w.find("b") == nullptr);
}

TEST_CASE("initial values: constants, the deviation of normals, the bound of uniforms") {
  parameters<mixed, double> w;
  w.bind(5, pixels(100), embed(40));
  auto t = w.tensors();
  double mean = 0, square = 0;
  for (double x : t[0].values) mean += x / 4000, square += x * x / 4000;
  CHECK(std::abs(mean) < 5 * 0.2 / std::sqrt(4000.0));            // 2 / sqrt(100) = 0.2
  CHECK(std::abs(square / 0.04 - 1) < 5 * std::sqrt(2.0 / 4000));
  for (double x : t[1].values) CHECK(x == 0.5);
  const double bound = 3 / std::sqrt(40.0) / 10;
  double largest = 0;
  for (double x : t[2].values) largest = std::max(largest, std::abs(x));
  CHECK(largest <= bound);
  CHECK(largest > 0.8 * bound);
}

TEST_CASE("one seed, one set of weights; float holds the rounded doubles") {
  parameters<mixed, double> a, b, c;
  parameters<mixed> f;
  a.bind(1, pixels(5), embed(3)), b.bind(1, pixels(5), embed(3)), c.bind(2, pixels(5), embed(3)), f.bind(1, pixels(5), embed(3));
  CHECK(std::equal(a.values().begin(), a.values().end(), b.values().begin()));
  CHECK(!std::equal(a.values().begin(), a.values().end(), c.values().begin()));
  for (std::size_t k = 0; k < a.values().size(); ++k) CHECK(f.values()[k] == static_cast<float>(a.values()[k]));
}

TEST_CASE("a tensor for each layer, inner repeats fastest") {
  parameters<deep_model, double> w;
  w.bind(1, pixels(2), embed(3), layers(2), steps(3));
  std::vector<std::string> names;
  for (const auto& t : w.tensors()) names.push_back(t.name);
  CHECK(names == std::vector<std::string>{"projection", "outer.0.scale", "outer.1.scale", "outer.0.inner.0.weight", "outer.0.inner.1.weight", "outer.0.inner.2.weight",
                                          "outer.1.inner.0.weight", "outer.1.inner.1.weight", "outer.1.inner.2.weight"});
  CHECK(w.size() == 6 + 2 * 3 + 6 * 3);
  for (const auto& t : w.tensors()) CHECK(t.values.data() == w.values().data() + t.offset);
  parameters<deep_model, double> empty;
  empty.bind(1, pixels(2), embed(3), layers(0), steps(3));
  CHECK(empty.tensors().size() == 1);
}

TEST_CASE("mistakes") {
  parameters<mixed, double> w;
  CHECK(sentence_of([&] { w.bind(1, pixels(5), embed(4), embed(3)); }) == "bind: axis 'embed' is given twice, as 4 and as 3");
  CHECK(sentence_of([&] { w.bind(1, pixels(5)); }) == "bind: axis 'embed' has no extent: give it one, as in bind(embed(64))");
  parameters<mixed, double> v;
  v.bind(1, pixels(5), embed(3));
  CHECK(sentence_of([&] { v.bind(1, pixels(5), embed(3)); }) == "parameters: they are bound already");
}

TEST_CASE("a start is divided by an axis that the model has") {
  parameters<divided_by_nothing, double> w;
  CHECK(sentence_of([&] { w.bind(1, embed(3)); }) == "parameters: the start of 'w' is divided by axis 'pixels', which the model lacks");
}

TEST_CASE("a tensor of another rank is another tensor") {
  parameters<mixed, double> w;
  w.bind(1, pixels(5), embed(3));
  program<another_rank, reference_backend> p{static_cast<parameter_store<double>&>(w)};
  CHECK(sentence_of([&] { p.bind(); }) == "program: tensor 'visual.b' has 1 axes, but the program expects 0");
}

TEST_CASE("a bind that failed leaves the parameters as they were") {
  parameters<mixed, double> w;
  CHECK_THROWS_AS(w.bind(1, pixels(5)), error);
  w.bind(1, pixels(5), embed(3));
  CHECK(w.tensors().size() == 3);
  CHECK(w.size() == 21);
}
