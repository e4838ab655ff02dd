// SPDX-License-Identifier: Apache-2.0
// repeat: depth 0, 1 and 3, nested, against the same layers written one after the other.
#include "check_model.hpp"

using namespace akin;
using akin_test::ordinary;
using akin_test::subject;

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct embed : axis<"embed"> {} embed;
inline constexpr struct hidden : axis<"hidden"> {} hidden;
inline constexpr struct layers : axis<"layers"> {} layers;
inline constexpr struct steps : axis<"steps"> {} steps;

// Matrix products, a reduction, a value used twice, and a residual.
template <class E>
constexpr auto block(model& m, E x) {
  const auto w = m.parameter<"weight">(initial::normal(1, embed), embed, hidden);
  const auto scale = m.parameter<"scale">(initial::normal(1), embed);
  const auto norm = x - mean(x, over(embed));
  return x + dot(tanh(dot(norm * scale, w)), w) * scale;
}

struct repeated {
  static constexpr auto define(model& m) {
    const auto w = m.data<"w">(images, embed);
    const auto y = repeat(m, layers, "blocks", tanh(m.input<"x">(images, embed)), [&](auto x) { return block(m, x); });
    m.output<"y">(y);
    return sum(y * w);
  }
};

struct unrolled {
  static constexpr auto define(model& m) {
    const auto w = m.data<"w">(images, embed);
    auto y = tanh(m.input<"x">(images, embed));
    for (std::string_view name : {"blocks.0", "blocks.1", "blocks.2"}) {
      const auto scope = m.scope(name);
      y = block(m, y);
    }
    m.output<"y">(y);
    return sum(y * w);
  }
};

struct nested {
  static constexpr auto define(model& m) {
    const auto y = repeat(m, layers, "outer", m.input<"x">(images, embed), [&](auto x) {
      const auto scale = m.parameter<"scale">(initial::normal(1), embed);
      const auto g = repeat(m, steps, "inner", x * scale, [&](auto k) { return k + tanh(k * m.parameter<"weight">(initial::normal(1), embed)) * 0.5; });
      return g * sigmoid(x) + x;
    });
    m.output<"y">(y);
    return sum(y * m.data<"w">(images, embed));
  }
};

struct nested_unrolled {
  static constexpr auto define(model& m) {
    auto x = m.input<"x">(images, embed);
    for (std::string_view outer : {"outer.0", "outer.1"}) {
      const auto o = m.scope(outer);
      auto k = x * m.parameter<"scale">(initial::normal(1), embed);
      for (std::string_view inner : {"inner.0", "inner.1", "inner.2"}) {
        const auto i = m.scope(inner);
        k = k + tanh(k * m.parameter<"weight">(initial::normal(1), embed)) * 0.5;
      }
      x = k * sigmoid(x) + x;
    }
    m.output<"y">(x);
    return sum(x * m.data<"w">(images, embed));
  }
};

/// The block hands its argument through; the block does not read its argument.
struct identity_block {
  static constexpr auto define(model& m) {
    const auto y = repeat(m, layers, "blocks", exp(m.input<"x">(images, embed)), [](auto x) { return x; });
    return sum(y * y);
  }
};
struct constant_block {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto y = repeat(m, layers, "blocks", x, [&](auto h) { return 0 * h + m.parameter<"weight">(initial::normal(1), embed); });
    return sum(y * y) + sum(x);
  }
};

/// Two repeats one after the other, and a block that is only a linear map of its argument.
struct two_repeats {
  static constexpr auto define(model& m) {
    const auto linear = [&](auto h) { return h * m.parameter<"weight">(initial::normal(1), embed); };
    const auto x = repeat(m, layers, "first", m.input<"x">(images, embed), linear);
    const auto y = repeat(m, layers, "second", x, linear);
    m.output<"x">(x);
    return sum(y * x);
  }
};

/// A state for each layer, which the layer reads and moves; layers numbered from 1.
template <class E>
constexpr auto remembering(model& m, E x) {
  const auto running = m.state<"running">(initial::normal(1), embed);
  m.update(running, running * 0.5 + mean(x, over(images)));
  return x + tanh((x - running) * m.parameter<"weight">(initial::normal(1), embed));
}
struct states {
  static constexpr auto define(model& m) {
    const auto y = repeat(m, layers, "outer", m.input<"x">(images, embed), [&](auto x) {
      return repeat(m, steps, "", tanh(x), [&](auto k) { return remembering(m, k); }, 1);
    });
    m.output<"y">(y);
    return sum(y * m.data<"w">(images, embed));
  }
};
struct states_unrolled {
  static constexpr auto define(model& m) {
    auto x = m.input<"x">(images, embed);
    for (std::string_view outer : {"outer.0", "outer.1"}) {
      const auto o = m.scope(outer);
      x = tanh(x);
      for (std::string_view inner : {"1", "2", "3"}) {
        const auto i = m.scope(inner);
        x = remembering(m, x);
      }
    }
    m.output<"y">(x);
    return sum(x * m.data<"w">(images, embed));
  }
};

template <class From, class To>
void copy_weights(From& from, To& to) {
  for (auto& t : from.weights.tensors())
    for (auto& u : to.weights.tensors())
      if (u.name == t.name) std::copy(t.values.begin(), t.values.end(), u.values.begin());
}

TEST_CASE("repeat equals its layers written out, values and gradients by name") {
  subject<repeated, reference_backend> a{ordinary, images(3), embed(7), hidden(5), layers(3)};
  subject<unrolled, reference_backend> b{ordinary, images(3), embed(7), hidden(5)};
  copy_weights(a, b);
  akin_test::compare(a.run(), b.run(), 1e-13);
  subject<nested, reference_backend> c{ordinary, images(3), embed(7), layers(2), steps(3)};
  subject<nested_unrolled, reference_backend> d{ordinary, images(3), embed(7)};
  copy_weights(c, d);
  akin_test::compare(c.run(), d.run(), 1e-13);
}

TEST_CASE("every layer moves a state of its own after the forward, which its gradient does not see") {
  subject<states, reference_backend> a{ordinary, images(3), embed(7), layers(2), steps(3)};
  subject<states_unrolled, reference_backend> b{ordinary, images(3), embed(7)};
  subject<states, akin_test::tested_backend> c{std::tuple{akin_test::tested_settings[1]}, ordinary, images(3), embed(7), layers(2), steps(3)};
  copy_weights(a, b);
  const std::vector<double> start(a.weights.values().begin(), a.weights.values().end());
  for (int run = 0; run < 3; ++run) {
    const auto exact = a.run();
    akin_test::compare(b.run(), exact, 1e-13);
    akin_test::compare(c.run(), exact, 1e-5);
  }
  std::int64_t moved = 0;
  for (auto& t : a.weights.tensors())
    for (auto& u : b.weights.tensors())
      if (t.name == u.name) {
        CHECK(akin_test::difference({t.values.begin(), t.values.end()}, {u.values.begin(), u.values.end()}) < 1e-13);
        const bool changed = t.values.front() != start[static_cast<std::size_t>(t.offset)];
        CHECK(changed == (t.role == named_value::role_kind::state));
        moved += changed ? 1 : 0;
      }
  CHECK(moved == 6);  // outer.0.1.running to outer.1.3.running, by the same names
}

TEST_CASE("depth 0 is the identity") {
  subject<repeated, reference_backend> s{ordinary, images(3), embed(4), hidden(2), layers(0)};
  const auto got = s.run();
  for (std::size_t k = 0; k < 12; ++k) {
    const double t = std::tanh(s.reals["x"][k]);
    CHECK(got.at("y")[k] == t);
    CHECK(got.at("d x")[k] == doctest::Approx(s.reals["w"][k] * (1 - t * t)).epsilon(1e-14));
  }
  CHECK(s.weights.size() == 0);
}

TEST_CASE("gradients for depth 0, 1 and 3, and nested") {
  for (int depth : {0, 1, 3}) akin_test::check_gradients<repeated>(ordinary, images(2), embed(3), hidden(2), layers(depth));
  akin_test::check_gradients<nested>(ordinary, images(2), embed(3), layers(2), steps(3));
  akin_test::check_gradients<nested>(ordinary, images(2), embed(3), layers(2), steps(0));
  akin_test::check_gradients<nested>(ordinary, images(2), embed(3), layers(1), steps(1));
  akin_test::check_gradients<identity_block>(ordinary, images(2), embed(3), layers(2));
  akin_test::check_gradients<constant_block>(ordinary, images(2), embed(3), layers(2));
  akin_test::check_gradients<two_repeats>(ordinary, images(2), embed(3), layers(2));
}

TEST_CASE("cpu against reference") {
  for (int depth : {0, 1, 3}) akin_test::check_cpu<repeated>(ordinary, 2e-5, images(5), embed(17), hidden(9), layers(depth));
  akin_test::check_cpu<nested>(ordinary, 2e-5, images(5), embed(17), layers(3), steps(2));
  akin_test::check_cpu<nested>(ordinary, 2e-5, images(5), embed(17), layers(2), steps(0));
}
