// SPDX-License-Identifier: Apache-2.0
// Passes that wait for reductions along one axis only run together, in strips of the other: what joins, and that strips give what the whole gives.
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
