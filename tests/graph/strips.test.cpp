// SPDX-License-Identifier: Apache-2.0
// Passes that wait for reductions along one axis only run together, in strips of the other, and so does what works on values of things with things: what joins,
// and that strips give what the whole gives.
#include "check_model.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

using namespace akin;
using akin_test::ordinary;
using akin_test::tested_backend;

namespace {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct embed : axis<"embed"> {} embed;
inline constexpr struct views : axis<"views"> {} views;
inline constexpr struct list : axis<"list"> {} list;

constexpr auto x_of(model& m) { return m.input<"x">(images, embed); }
constexpr auto y_of(model& m) { return m.input<"y">(texts, embed); }
constexpr auto scaled(model& m, auto similarity) { return similarity * exp(m.parameter<"t">(initial::constant(1))); }

struct both_sides {
  static constexpr auto define(model& m) { return info_nce(scaled(m, cosine(x_of(m), y_of(m))), paired(images, texts), over(texts)); }
};
struct texts_frozen {
  static constexpr auto define(model& m) { return info_nce(scaled(m, cosine(x_of(m), m.data<"y">(texts, embed))), paired(images, texts), over(texts)); }
};
// Strips of columns: the texts are the anchors.
struct images_frozen {
  static constexpr auto define(model& m) { return info_nce(scaled(m, cosine(m.data<"x">(images, embed), y_of(m))), paired(images, texts), over(images)); }
};
// What a pair is depends on where it stands in the whole, on either side.
struct neighbours {
  static constexpr auto define(model& m) {
    const auto s = scaled(m, cosine(x_of(m), y_of(m)));
    const auto near = exp(-abs(as_real(position(m, images)) - 40 * broadcast(as_real(position(m, texts)), images)) / 100);
    return mean(log_sum_exp(s, over(texts)) - sum(near * s, over(texts)) / sum(near, over(texts)));
  }
};
struct listed_positives {
  static constexpr auto define(model& m) {
    const auto s = scaled(m, cosine(x_of(m), y_of(m)));
    const auto positive = listed(m.indices<"i">(list), m.indices<"j">(list), images, texts);
    return mean(log_sum_exp(s, over(texts)) - select(s, positive, over(texts)));
  }
};
// Reductions that wait for each other, each along the texts: mean, variance, gradient.
struct standing_out {
  static constexpr auto define(model& m) {
    const auto s = cosine(x_of(m), y_of(m));
    const auto middle = mean(s, over(texts));
    return mean(softplus(1 - (select(s, paired(images, texts)) - middle) / sqrt(mean(square(s - middle), over(texts)) + 0.1)));
  }
};
// The loss is a sum over rows that is made where the gradient's maps are: it goes on from strip to strip.
struct focal {
  static constexpr auto define(model& m) {
    const auto s = scaled(m, cosine(x_of(m), y_of(m)));
    const auto log_probability = select(s, paired(images, texts)) - log_sum_exp(s, over(texts));
    return mean(square(1 - exp(log_probability)) * -log_probability);
  }
};
struct mined {
  static constexpr auto define(model& m) {
    const auto s = cosine(x_of(m), y_of(m));
    return mean(relu(kth_largest<2>(where(paired(images, texts), -9, s), over(texts)) - select(s, paired(images, texts)) + 0.2)) + mean(square(mean(s, over(images))));
  }
};
// The second view begins behind all images of the first.
struct second_view {
  static constexpr auto define(model& m) {
    const auto view = take(m.input<"x">(views, images, embed), views, 1);
    return info_nce(scaled(m, dot(view, y_of(m)) / 10), paired(images, texts), over(texts));
  }
};
struct both_ways_round {
  static constexpr auto define(model& m) { return info_nce(scaled(m, cosine(x_of(m), y_of(m))), paired(images, texts)); }
};
// The second pass needs sums of columns, which are whole after the last strip only.
struct centred {
  static constexpr auto define(model& m) {
    const auto s = cosine(x_of(m), y_of(m));
    return mean(log_sum_exp(s - mean(s, over(images)), over(texts)));
  }
};
// Sums of columns under the name of the rows: they have the strips' axis and are not of one strip.
struct columns_as_rows {
  static constexpr auto define(model& m) {
    const auto s = cosine(x_of(m), y_of(m));
    const auto weight = rename(log_sum_exp(s, over(images)), texts, images);
    return mean(log_sum_exp(2 * s + stop_gradient(weight) * s, over(texts)));
  }
};

template <class Model>
constexpr const plan& fused = detail::plan_of<Model, mode::training, true>;

template <class Model>
akin_test::results run_with(std::int64_t pair_budget, int n, int m) {
  akin_test::subject<Model, tested_backend> s{std::tuple{akin_test::tested_settings[0]}, ordinary, images(n), texts(m), embed(5)};
  s.program().pair_budget(pair_budget);
  s.program().bind(images(n), texts(m), embed(5));
  s.lend();
  return s.run();
}

}  // namespace

TEST_CASE("one direction is one pass, with any number of reductions along it") {
  for (const plan* p : {&fused<both_sides>, &fused<texts_frozen>, &fused<images_frozen>, &fused<neighbours>, &fused<listed_positives>, &fused<standing_out>, &fused<focal>, &fused<second_view>}) {
    CHECK(p->pair_passes == 1);
    REQUIRE(p->strip_count == 1);
    // What runs in strips is in the forward part as a whole: a gradient that its passes make is there when the loss is.
    CHECK(p->strips[0].begin + p->strips[0].count <= p->forward_steps);
  }
  CHECK(fused<images_frozen>.strips[0].axis != fused<texts_frozen>.strips[0].axis);
  for (const plan* p : {&fused<both_ways_round>, &fused<centred>, &fused<columns_as_rows>}) CHECK((p->strip_count == 0 && p->pair_passes >= 2));
}

TEST_CASE("strips give what the whole gives: three of them, one that is not full, one, and none") {
  const double tolerance = akin_test::settings_share_bits ? 1e-5 : 5e-5;  // a panel of one row adds 2,277 times to a sum that cancels
  for (const auto& size : {std::array{2 * 1120 + 37, 50}, {50, 2 * 1120 + 37}, {1121, 3}, {9, 7}, {1, 1}, {0, 3}, {3, 0}}) {
    const int n = size[0], m = size[1];
    CAPTURE(n);
    CAPTURE(m);
    akin_test::check_cpu<both_sides>(ordinary, tolerance, images(n), texts(m), embed(5));
    akin_test::check_cpu<texts_frozen>(ordinary, tolerance, images(n), texts(m), embed(5));
    akin_test::check_cpu<images_frozen>(ordinary, tolerance, images(n), texts(m), embed(5));
    akin_test::check_cpu<neighbours>(ordinary, tolerance, images(n), texts(m), embed(5));
    akin_test::check_cpu<standing_out>(ordinary, tolerance, images(n), texts(m), embed(5));
    akin_test::check_cpu<focal>(ordinary, tolerance, images(n), texts(m), embed(5));
    akin_test::check_cpu<mined>(ordinary, tolerance, images(n), texts(m), embed(5));
  }
}

TEST_CASE("an entry along a first axis begins where the whole says, whatever the strip") {
  for (const int n : {2277, 9}) akin_test::check_cpu<second_view>(ordinary, 5e-5, views(2), images(n), texts(50), embed(5));
  // A device backend says so when it is bound, since it rehearses the steps.
  const auto one_view = [] { akin_test::subject<second_view, tested_backend>{ordinary, views(1), images(2277), texts(5), embed(5)}.run(); };
  CHECK_THROWS_WITH_AS(one_view(), "take: entry 1 of an axis of extent 1", error);
}

TEST_CASE("sums of columns are waited for under any name") {
  akin_test::check_cpu<columns_as_rows>(ordinary, 5e-5, images(1500), texts(1500), embed(5));
}

TEST_CASE("a list is one of the whole, whatever the strip") {
  const auto fill = [](std::string_view name, std::int64_t k, double drawn) { return name == "i" ? static_cast<double>(5 * k) : name == "j" ? static_cast<double>(k % 50) : drawn; };
  akin_test::check_cpu<listed_positives>(fill, 1e-5, images(2277), texts(50), embed(5), list(450));
}

TEST_CASE("keeping a strip's product or not gives the same bits") {
  CHECK(run_with<both_sides>(std::int64_t{1} << 30, 2277, 50) == run_with<both_sides>(0, 2277, 50));
  CHECK(run_with<images_frozen>(std::int64_t{1} << 30, 50, 2277) == run_with<images_frozen>(0, 50, 2277));
}

TEST_CASE("a strip's product takes the room of one strip") {
  parameters<texts_frozen> weights;
  program<texts_frozen, tested_backend> p{weights};
  p.bind(images(8192), texts(2048), embed(4));
  const auto with = p.bytes();
  p.pair_budget(0);
  p.bind(images(8192), texts(2048), embed(4));
  CHECK(with - p.bytes() >= tested_backend::strip * 2048 * 4);
  CHECK(with - p.bytes() < tested_backend::strip * 2048 * 4 + (1 << 20));
  CHECK(p.explain().find("in strips of " + std::to_string(tested_backend::strip) + " images:") != std::string::npos);
}

TEST_CASE("a value that is not finite is found in strips too") {
  const std::size_t n = 2300;
  parameters<both_sides> weights;
  program<both_sides, tested_backend> p{weights};
  p.bind(images(2300), texts(2300), embed(5));
  std::vector<float> x(n * 5, 1), y(n * 5, 1);
  x[5 * 2290 + 1] = NAN;
  p.set<"x">(x);
  p.set<"y">(y);
  CHECK(std::isnan(p.forward()));
  CHECK(p.first_not_finite().find("row 2290") != std::string::npos);
  x[5 * 2290 + 1] = 1;
  CHECK(std::isfinite(p.forward()));
  CHECK(p.first_not_finite().empty());
}

namespace squares {

// Values of things with things, as attention's scores are, in forms that no layer of the library has: what is cut into strips and multiplied again gives what
// the reference gives, which does neither.

inline constexpr struct regions : axis<"regions"> {} regions;
inline constexpr struct others : second_axis<"others", struct regions> {} others;
inline constexpr struct width : axis<"width"> {} width;
inline constexpr struct layers : axis<"layers"> {} layers;

constexpr auto input_of(model& m) { return m.input<"x">(images, regions, width); }
constexpr auto others_of(auto x) { return rename(x, regions, others); }
constexpr auto scores_of(auto x) { return dot(x, others_of(x), over(width)); }
constexpr auto result_of(auto y) { return sum(y * tanh(y)); }

// No softmax, and a parameter whose gradient is a sum over all scores.
struct sigmoid_attention {
  static constexpr auto define(model& m) {
    return result_of(repeat(m, layers, "block", input_of(m), [&](auto x) {
      return x + 0.1 * dot(sigmoid(scores_of(x) * m.parameter<"scale">(initial::constant(1))), others_of(x), over(others));
    }));
  }
};
// Cosines with a temperature, then a mask; the second's scores come from the first.
struct two_in_a_block {
  static constexpr auto define(model& m) {
    return result_of(repeat(m, layers, "block", input_of(m), [&](auto x) {
      const auto cosines = scores_of(l2_normalize(x, over(width)));
      const auto y = x + dot(softmax(cosines * exp(m.parameter<"t">(initial::constant(1))), over(others)), others_of(x), over(others));
      const auto visible = where(at_most(position(m, others), position(m, regions)), scores_of(y), -3);
      return (y + dot(softmax(visible, over(others)), others_of(tanh(y)), over(others))) * 0.5;
    }));
  }
};
struct two_in_a_checkpointed_block {
  static constexpr auto define(model& m) {
    const auto guard = m.checkpoint_blocks();
    return two_in_a_block::define(m);
  }
};
// Weights that are dropped, by an element's place in the whole: in strips, in the gradient that computes them again, and where other axes stand around it.
struct dropped {
  static constexpr auto define(model& m) {
    return result_of(repeat(m, layers, "block", input_of(m), [&](auto x) {
      const auto share = dropout(softmax(scores_of(x), over(others)), 0.3);
      return x + dot(share, others_of(x), over(others)) * dropout(m.parameter<"gain">(initial::constant(1), width), 0.2);
    }));
  }
};
// Who is asked comes before who asks.
struct turned {
  static constexpr auto define(model& m) {
    return result_of(repeat(m, layers, "block", input_of(m), [](auto x) {
      return x + 0.3 * dot(softmax(dot(others_of(x), x, over(width)), over(others)), others_of(x), over(others));
    }));
  }
};
// Means over the images, which no strip of them has.
struct read_outside_of_strips {
  static constexpr auto define(model& m) {
    return result_of(repeat(m, layers, "block", input_of(m), [](auto x) {
      const auto share = softmax(scores_of(x) - mean(scores_of(x), over(images)), over(others));
      return x + 0.3 * dot(share, others_of(x), over(others)) + 0.1 * mean(share, over(others));
    }));
  }
};
struct without_examples {
  static constexpr auto define(model& m) {
    return result_of(repeat(m, layers, "block", m.input<"x">(regions, width), [](auto x) {
      return x + 0.3 * dot(softmax(scores_of(x), over(others)), others_of(x), over(others));
    }));
  }
};
// Not in a repeat, and kept for whoever reads the output.
struct outside_of_a_repeat {
  static constexpr auto define(model& m) {
    const auto x = input_of(m);
    const auto share = softmax(scores_of(x) * m.parameter<"t">(initial::constant(1)), over(others));
    m.output<"share">(share);
    const auto y = x + dot(share, others_of(x), over(others));
    return result_of(y + dot(softmax(scores_of(y), over(others)), others_of(y), over(others))) + sum(share * share);
  }
};

// Whoever looks for the product behind them meets some of these values on many ways.
struct polynomial {
  static constexpr auto define(model& m) {
    return result_of(repeat(m, layers, "block", input_of(m), [](auto x) {
      auto share = scores_of(x) * 0.1;
      for (int k = 0; k < 20; ++k) share = 0.1 * share * share + 0.8 * share;
      return x + dot(share, others_of(x), over(others));
    }));
  }
};
// A pass over pairs waits for scores, and scores for the pass.
struct pairs_between {
  static constexpr auto define(model& m) {
    const auto scores = scores_of(input_of(m));
    const auto logits = dot(m.input<"f">(images, width), m.input<"g">(texts, width)) * (sum(scores, over(regions, others)) * 0.05);
    return sum(tanh(scores) * tanh(log_sum_exp(logits, over(texts))));
  }
};

template <class Model, class... Given>
void agrees(const Given&... given) {
  akin_test::check_gradients<Model>(ordinary, given(3, 4, 3, 2)...);
  akin_test::check_cpu<Model>(ordinary, 1e-4, given(5, 7, 4, 3)...);
}

constexpr auto of_images = [](int n, int, int, int) { return images(n); };
constexpr auto of_regions = [](int, int n, int, int) { return regions(n); };
constexpr auto of_width = [](int, int, int n, int) { return width(n); };
constexpr auto of_layers = [](int, int, int, int n) { return layers(n); };

TEST_CASE("attention of one's own: gradients are those of central differences, and the backends agree") {
  agrees<sigmoid_attention>(of_images, of_regions, of_width, of_layers);
  agrees<two_in_a_block>(of_images, of_regions, of_width, of_layers);
  agrees<two_in_a_checkpointed_block>(of_images, of_regions, of_width, of_layers);
  agrees<dropped>(of_images, of_regions, of_width, of_layers);
  agrees<turned>(of_images, of_regions, of_width, of_layers);
  agrees<read_outside_of_strips>(of_images, of_regions, of_width, of_layers);
  agrees<without_examples>(of_regions, of_width, of_layers);
  agrees<polynomial>(of_images, of_regions, of_width, of_layers);
  agrees<outside_of_a_repeat>(of_images, of_regions, of_width);
}

template <class Model>
std::int64_t bytes_for(int examples) {
  parameters<Model> weights;
  program<Model, tested_backend> p{weights};
  p.bind(images(examples), regions(600), width(2), layers(2));
  return p.bytes();
}

TEST_CASE("blocks that run again and blocks with dropout have room for one strip of their scores") {
  constexpr std::int64_t scores = std::int64_t{256} * 600 * 600 * 4;
  CHECK(bytes_for<two_in_a_checkpointed_block>(512) - bytes_for<two_in_a_checkpointed_block>(256) < scores / 10);
  CHECK(bytes_for<dropped>(512) - bytes_for<dropped>(256) < scores / 10);
}

TEST_CASE("a pass over pairs is not cut with scores") {
  akin_test::check_cpu<pairs_between>(ordinary, 1e-3, images(3000), texts(300), regions(2), width(3));
}

TEST_CASE("sums over scores go on from strip to strip") {
  // Of one image two values take more than half of a strip's room.
  const auto of_strip = static_cast<std::int64_t>(std::sqrt(static_cast<double>(akin_test::tested_backend::strip_bytes) / (3.5 * sizeof(float))));
  akin_test::subject<sigmoid_attention, akin_test::tested_backend> s{ordinary, images(2), regions(of_strip), width(2), layers(1)};
  CHECK(s.program().explain().find("in strips of 1 images:") != std::string::npos);
  akin_test::check_cpu<sigmoid_attention>(ordinary, 2e-4, images(2), regions(of_strip), width(2), layers(1));
  akin_test::check_cpu<dropped>(ordinary, 2e-4, images(2), regions(of_strip), width(2), layers(1));
}

}  // namespace squares
