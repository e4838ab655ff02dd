// SPDX-License-Identifier: Apache-2.0
// Programs: bind, resize, shared weights, mistakes at run time, no allocation after the first step.
#include "check_model.hpp"
#include "count_allocations.hpp"

using namespace akin;
using akin_test::ordinary;
using akin_test::subject;

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct embed : axis<"embed"> {} embed;
inline constexpr struct pixels : axis<"pixels"> {} pixels;
inline constexpr struct layers : axis<"layers"> {} layers;
inline constexpr struct out_width : axis<"out_width"> {} out_width;

struct clip {
  static constexpr auto define(model& m) {
    const auto w = m.parameter<"w">(initial::normal(1, pixels), pixels, embed);
    const auto x = l2_normalize(dot(m.input<"x">(images, pixels), w));
    const auto y = l2_normalize(m.input<"y">(texts, embed));
    return symmetric_cross_entropy(dot(x, y) * exp(m.parameter<"t">(initial::constant(1))), paired(images, texts));
  }
};

/// The same weights without a loss.
struct encoder {
  static constexpr auto define(model& m) {
    const auto w = m.parameter<"w">(initial::normal(1, pixels), pixels, embed);
    return l2_normalize(dot(m.input<"x">(images, pixels), w));
  }
};

struct deep {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto labels = m.indices<"labels">(images);
    const auto y = repeat(m, layers, "blocks", x, [&](auto h) {
      const auto w = m.parameter<"weight">(initial::normal(1, embed), out_width, embed);
      return h + tanh(dot(dot(h, w), w));
    });
    return sum(y * y) + sum(as_real(same(labels, labels)));
  }
};

// log(0) in the middle.
struct breaks {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto s = sum(x * x, over(embed));
    return sum(exp(log(s)) * 2);
  }
};

// A second largest of rows of which one entry is left, and the logarithm of a parameter.
struct few_entries {
  static constexpr auto define(model& m) {
    const auto s = dot(m.input<"x">(images, embed), m.input<"y">(texts, embed));
    const auto alone = where(paired(images, texts), s, -std::numeric_limits<double>::infinity());
    return sum(exp(kth_largest<2>(alone, over(texts)))) + sum(exp(max(where(s > 1000, s, -std::numeric_limits<double>::infinity()), over(images)))) + log(m.parameter<"p">(initial::constant(2)));
  }
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

TEST_CASE("smaller extents after resize give the numbers of a program bound small") {
  const auto check = [](auto& large, auto& small, auto&&... extents) {
    large.program().resize(extents...);
    for (auto& [name, numbers] : small.reals) large.reals[name] = numbers;
    large.program().template set<"x">(large.reals["x"]);
    large.program().template set<"y">(large.reals["y"]);
    akin_test::compare(large.run(), small.run(), 0);
  };
  {
    subject<clip, reference_backend> large{ordinary, images(9), texts(7), pixels(5), embed(4)};
    subject<clip, reference_backend> small{ordinary, images(4), texts(3), pixels(5), embed(4)};
    check(large, small, images(4), texts(3));
    subject<clip, reference_backend> same{ordinary, images(9), texts(7), pixels(5), embed(4)};
    check(large, same, images(9), texts(7));
  }
  {
    subject<clip, akin_test::tested_backend> large{std::tuple{akin_test::tested_settings[1]}, ordinary, images(90), texts(70), pixels(5), embed(24)};
    subject<clip, akin_test::tested_backend> small{std::tuple{akin_test::tested_settings[1]}, ordinary, images(33), texts(41), pixels(5), embed(24)};
    check(large, small, images(33), texts(41));
  }
}

TEST_CASE("an axis that resize does not name keeps the extent of bind") {
  subject<clip, reference_backend> s{ordinary, images(6), texts(6), pixels(5), embed(4)};
  s.program().resize(images(3));
  std::vector<double> x(15, 0.5);
  s.program().set<"x">(x);
  CHECK(std::isfinite(s.forward()));
  s.program().backward();
  CHECK(s.program().gradient<"x">().extent[0] == 3);
  CHECK(s.program().gradient<"y">().extent[0] == 6);
}

TEST_CASE("what may not be resized or bound") {
  subject<clip, reference_backend> s{ordinary, images(6), texts(6), pixels(5), embed(4)};
  auto& p = s.program();
  const double before = s.forward();
  CHECK(sentence_of([&] { p.resize(images(7)); }) == "resize: axis 'images' has extent 7, but the program was bound for at most 6");
  CHECK(sentence_of([&] { p.resize(embed(3)); }) == "resize: axis 'embed' is given extent 3, but the weights have 4");
  CHECK(sentence_of([&] { p.resize(images(-2)); }) == "resize: axis 'images' cannot have extent -2");
  CHECK(sentence_of([&] { p.resize(layers(2)); }) == "resize: the model has no axis named 'layers'");
  CHECK(sentence_of([&] { p.resize(images(2), images(3)); }) == "resize: axis 'images' is given twice, as 2 and as 3");
  CHECK(sentence_of([&] { p.pair_budget(-1); }) == "pair_budget: -1 bytes, expected 0 or more");
  CHECK(sentence_of([&] { p.bind(images(2), texts(2), embed(3)); }) == "bind: axis 'embed' is given extent 3, but the weights have 4");
  CHECK(sentence_of([&] { p.bind(images(2), images(3)); }) == "bind: axis 'images' is given twice, as 2 and as 3");
  CHECK(s.forward() == before);  // the program is as it was
  p.resize(images(6));
  CHECK(s.forward() == before);
  CHECK(sentence_of([&] { p.bind(images(2)); }).find("axis 'texts' has no extent") != std::string::npos);
  CHECK(sentence_of([&] { p.bind(images(2), texts(2), layers(2)); }) == "bind: the model has no axis named 'layers'");
  CHECK(sentence_of([&] { p.bind(images(-2), texts(2)); }) == "bind: axis 'images' cannot have extent -2");

  subject<deep, reference_backend> d{ordinary, images(2), embed(3), layers(2), out_width(3)};
  CHECK(sentence_of([&] { d.program().bind(images(2), layers(3)); }) == "bind: axis 'layers' is given extent 3, but the weights have 2");
}

TEST_CASE("an input lent for smaller extents is not read for larger ones") {
  subject<clip, reference_backend> s{ordinary, images(6), texts(6), pixels(5), embed(4)};
  s.program().resize(images(2));
  std::vector<double> small(10, 1.0);
  s.program().set<"x">(small);
  s.forward();
  s.program().resize(images(6));
  CHECK(sentence_of([&] { s.forward(); }) == "forward: input 'x' is not set");
}

static const std::string no_forward = "backward: forward has not run with these inputs, extents and random state since the last backward";

TEST_CASE("calls in the wrong order, and inputs of the wrong size or kind, are one sentence") {
  parameters<clip, double> weights;
  program<clip, reference_backend> p{weights};
  std::vector<double> x(30, 1.0), y(8, 1.0);
  std::vector<std::int32_t> whole(30);
  CHECK(sentence_of([&] { p.forward(); }) == "forward: the program is not bound");
  CHECK(sentence_of([&] { p.backward(); }) == no_forward);
  CHECK(sentence_of([&] { p.resize(images(1)); }) == "resize: the program is not bound");
  CHECK(sentence_of([&] { p.gradient<"x">(); }) == "gradient: the program is not bound");
  CHECK(sentence_of([&] { p.value(); }) == "value: the program is not bound");
  CHECK(sentence_of([&] { p.gradients(); }) == "gradient: the program is not bound");
  CHECK(sentence_of([&] { p.set<"x">(x); }) == "set: the program is not bound");
  p.bind(images(6), texts(2), pixels(5), embed(4));
  CHECK(sentence_of([&] { p.forward(); }) == "forward: input 'x' is not set");
  CHECK(sentence_of([&] { p.set<"x">(y); }) == "set: input 'x' has 8 numbers, expected 30 [images = 6, pixels = 5]");
  CHECK(sentence_of([&] { p.set<"x">(whole); }) == "set: input 'x' takes reals");
  p.set<"x">(x);
  p.set<"y">(y);
  CHECK(sentence_of([&] { p.backward(); }) == no_forward);
  CHECK(sentence_of([&] { p.value(); }) == "value: forward has not run since the last bind or resize");
  const std::string no_gradients = "gradient: backward has not run since the last forward, bind or resize";
  CHECK(sentence_of([&] { p.gradients(); }) == no_gradients);
  const double loss = p.forward();
  CHECK(p.value().data[0] == loss);
  CHECK(sentence_of([&] { p.gradient_numbers(); }) == no_gradients);
  p.backward();
  CHECK(p.gradients().size() == 21);
  CHECK(sentence_of([&] { p.backward(); }) == no_forward);  // it has written over what the forward kept
  p.forward();
  p.seed(7);
  CHECK(sentence_of([&] { p.backward(); }) == no_forward);
  p.set<"x">(x);
  CHECK(p.value().data[0] == loss);  // that of the last run
  p.forward();
  CHECK(sentence_of([&] { p.gradients(); }) == no_gradients);
  p.forward();
  p.backward();
  CHECK(p.first_not_finite() == "");  // it runs part by part in the same memory
  CHECK(sentence_of([&] { p.value(); }) == "value: forward has not run since the last bind or resize");
  CHECK(sentence_of([&] { p.gradients(); }) == no_gradients);
  p.resize(images(5));
  CHECK(sentence_of([&] { p.value(); }) == "value: forward has not run since the last bind or resize");

  subject<deep, reference_backend> d{ordinary, images(2), embed(3), layers(2), out_width(3)};
  std::vector<double> reals(2);
  CHECK(sentence_of([&] { d.program().set<"labels">(reals); }) == "set: input 'labels' takes 32-bit integers");
}

TEST_CASE("programs share weights, and a program for part of a model borrows the weights of the whole") {
  parameters<clip, double> weights;
  weights.bind(3, pixels(5), embed(4));
  program<clip, reference_backend> training{weights}, second{weights};
  program<encoder, reference_backend, mode::evaluation> encode{static_cast<parameter_store<double>&>(weights)};
  training.bind(images(3), texts(3));
  second.bind(images(3), texts(3));
  encode.bind(images(3));
  random_stream random{1, 1};
  std::vector<double> x(15), y(12);
  for (double& v : x) v = random.normal();
  for (double& v : y) v = random.normal();
  training.set<"x">(x), training.set<"y">(y), second.set<"x">(x), second.set<"y">(y), encode.set<"x">(x);
  const double before = training.forward();
  CHECK(second.forward() == before);
  encode.forward();
  const auto view = encode.value();
  const std::vector<double> rows(view.data, view.data + view.size());
  CHECK(std::abs(rows[0] * rows[0] + rows[1] * rows[1] + rows[2] * rows[2] + rows[3] * rows[3] - 1) < 1e-14);
  for (double& w : weights.values()) w += 0.25 * random.normal();
  const double after = training.forward();
  CHECK(after != before);
  CHECK(second.forward() == after);
  encode.forward();
  CHECK(encode.value().data[0] != rows[0]);
}

TEST_CASE("a step after the first allocates nothing") {
  if (const auto reason = akin_test::uncounted(); !reason.empty()) {
    MESSAGE("skipped: ", reason);
    return;
  }
  subject<clip, akin_test::tested_backend> s{std::tuple{akin_test::tested_settings[1]}, ordinary, images(150), texts(150), pixels(20), embed(33)};
  s.forward();
  s.program().backward();
  CHECK(akin_test::allocations_of([&] {
          for (int k = 0; k < 3; ++k) s.forward(), s.program().backward();
        }) == 0);
  subject<deep, akin_test::tested_backend> d{std::tuple{akin_test::tested_settings[1]}, ordinary, images(70), embed(33), layers(3), out_width(12)};
  d.forward();
  d.program().backward();
  CHECK(akin_test::allocations_of([&] {
          for (int k = 0; k < 3; ++k) d.forward(), d.program().backward();
        }) == 0);
}

TEST_CASE("first_not_finite names the step that made the value") {
  const auto zero_row = [](std::string_view, std::int64_t k, double) { return k < 3 ? 0.0 : 1.0; };
  subject<breaks, reference_backend> s{zero_row, images(2), embed(3)};
  CHECK(s.program().first_not_finite().substr(0, 12) == "log [images]");
  subject<breaks, reference_backend> sound{[](std::string_view, std::int64_t, double) { return 1.0; }, images(2), embed(3)};
  CHECK(sound.program().first_not_finite() == "");
  subject<breaks, akin_test::tested_backend> nan{[](std::string_view, std::int64_t k, double) { return k == 4 ? NAN : 1.0; }, images(2), embed(3)};
  CHECK(nan.program().first_not_finite().substr(0, 6) == "input ");
  CHECK(sentence_of([&] { nan.program().backward(); }) == no_forward);
  subject<deep, akin_test::tested_backend> inside{ordinary, images(4), embed(5), layers(3), out_width(2)};
  inside.weights.values()[2 * 10 + 5] = NAN;  // the last layer's, of 2 rows
  CHECK(inside.program().first_not_finite() == "parameter 'blocks.*.weight' [out_width, embed] (node 3), row 1");
  // Rows that `where` has left nothing are no mistake; what comes after them may be one.
  subject<few_entries, akin_test::tested_backend> few{ordinary, images(2), texts(2), embed(3)};
  CHECK(few.program().first_not_finite() == "");
  few.weights.values()[0] = -1;
  CHECK(few.program().first_not_finite().substr(0, 3) == "log");
}
