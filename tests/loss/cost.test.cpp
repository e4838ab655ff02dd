// SPDX-License-Identifier: Apache-2.0
// The passes over the pairs that each objective's header promises: those of the value, and all with the gradient.
#include <akin/akin.hpp>

#include <doctest/doctest.h>

using namespace akin;

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct views : batch<"views"> {} views;
inline constexpr struct others : batch<"others"> {} others;
inline constexpr struct embed : axis<"embed"> {} embed;

/// A model around one objective, which is a lambda without state: objective(x, y, own, candidates). The positives are a pairing, or any predicate.
template <class Objective, bool Pairing>
struct model_of {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto y = m.input<"y">(texts, embed);
    if constexpr (Pairing) return Objective{}(x, y, paired(images, texts), over(texts));
    else return Objective{}(x, y, predicate(m, paired(images, texts)), over(texts));
  }
};

template <class Objective>
consteval bool passes(Objective, int for_value, int in_all) {
  constexpr const plan& p = detail::plan_of<model_of<Objective, false>, mode::training, true>;
  int found = 0;
  for (int k = 0; k < p.forward_steps; ++k) found += p.steps[k].is_pair_pass() ? 1 : 0;
  return p.found == mistake::none && found == for_value && p.pair_passes == in_all;
}

/// Where the number of positives is known beforehand, everything along one axis is one pass.
template <class Objective>
consteval bool joins(Objective) {
  constexpr const plan& p = detail::plan_of<model_of<Objective, true>, mode::training, true>;
  return p.found == mistake::none && p.pair_passes == 1 && p.strip_count == 1;
}

static_assert(passes([](auto x, auto y, auto own, auto o) { return info_nce(cosine(x, y) * 9, own, o); }, 1, 2));
static_assert(passes([](auto x, auto y, auto own, auto) { return info_nce(cosine(x, y) * 9, own); }, 1, 2));
static_assert(passes([](auto x, auto y, auto own, auto) { return info_nce(squared_distance(x, y) * -9, own); }, 1, 2));
static_assert(passes([](auto x, auto y, auto own, auto o) { return siglip(cosine(x, y) * 9 - 10, own, o); }, 1, 1));
static_assert(passes([](auto x, auto y, auto own, auto o) { return supervised_in(cosine(x, y) * 9, own, o); }, 1, 2));
static_assert(passes([](auto x, auto y, auto own, auto o) { return decoupled(cosine(x, y) * 9, own, o); }, 1, 2));
static_assert(passes([](auto x, auto y, auto own, auto o) { return debiased(cosine(x, y) * 9, own, o, 0.1, -9); }, 1, 2));
static_assert(passes([](auto x, auto y, auto own, auto o) { return hard_negatives(cosine(x, y) * 9, own, o, 1, 0.1, -9); }, 1, 2));
static_assert(passes([](auto x, auto y, auto own, auto o) { return info_nce(hardest<8>(cosine(x, y) * 9, own, o), own, o); }, 2, 3));
static_assert(passes([](auto x, auto y, auto own, auto o) { return n_pair(dot(x, y), own, o) + 0.02 * (squared_norm(x) + squared_norm(y)); }, 1, 2));
static_assert(passes([](auto x, auto y, auto own, auto o) { return info_nce(additive_margin(cosine(x, y), own, 0.2) * 9, own, o); }, 1, 2));
static_assert(passes([](auto x, auto y, auto own, auto o) { return info_nce(angular_margin(cosine(x, y), own, 0.2) * 9, own, o); }, 1, 2));
static_assert(passes([](auto x, auto y, auto own, auto o) { return hinge_sum(cosine(x, y), own, o, 0.2); }, 2, 3));
static_assert(passes([](auto x, auto y, auto own, auto o) { return hinge_hardest(cosine(x, y), own, o, 0.2); }, 1, 3));
static_assert(passes([](auto x, auto y, auto own, auto o) { return triplet_hardest(euclidean_distance(x, y), own, o, 0.2); }, 1, 3));
static_assert(passes([](auto x, auto y, auto own, auto o) { return triplet_semi_hard(euclidean_distance(x, y), own, o, 0.2); }, 2, 4));
static_assert(passes([](auto x, auto y, auto, auto) { return alignment(x, y); }, 0, 0));
static_assert(passes([](auto x, auto y, auto own, auto) { return alignment(squared_distance(x, y), own); }, 1, 2));
static_assert(passes([](auto x, auto, auto own, auto) { return uniformity(squared_distance(x, rename(x, images, texts)), own); }, 1, 2));
static_assert(passes([](auto x, auto y, auto own, auto o) { return label_smoothing(cosine(x, y) * 9, own, o, 0.1); }, 1, 2));
static_assert(passes([](auto x, auto y, auto, auto) { return distillation(cosine(x, y) * 9, 20 * dot(x, y)); }, 2, 3));
static_assert(passes([](auto x, auto y, auto, auto) {
  const auto z = concatenate(x, y, views);
  return nt_xent(cosine(z, rename(z, views, others)) * 9, images);
}, 1, 2));

static_assert(joins([](auto x, auto y, auto own, auto o) { return info_nce(cosine(x, y) * 9, own, o); }));
static_assert(joins([](auto x, auto y, auto own, auto o) { return supervised_in(cosine(x, y) * 9, own, o); }));
static_assert(joins([](auto x, auto y, auto own, auto o) { return info_nce(hardest<8>(cosine(x, y) * 9, own, o), own, o); }));
static_assert(joins([](auto x, auto y, auto own, auto o) { return n_pair(dot(x, y), own, o); }));
static_assert(joins([](auto x, auto y, auto own, auto o) { return info_nce(additive_margin(cosine(x, y), own, 0.2) * 9, own, o); }));
static_assert(joins([](auto x, auto y, auto own, auto o) { return info_nce(angular_margin(cosine(x, y), own, 0.2) * 9, own, o); }));
static_assert(joins([](auto x, auto y, auto own, auto o) { return hinge_sum(cosine(x, y), own, o, 0.2); }));
static_assert(joins([](auto x, auto y, auto own, auto o) { return hinge_hardest(cosine(x, y), own, o, 0.2); }));
static_assert(joins([](auto x, auto y, auto own, auto o) { return triplet_hardest(euclidean_distance(x, y), own, o, 0.2); }));
static_assert(joins([](auto x, auto y, auto own, auto o) { return triplet_semi_hard(euclidean_distance(x, y), own, o, 0.2); }));
static_assert(joins([](auto x, auto y, auto own, auto o) { return label_smoothing(cosine(x, y) * 9, own, o, 0.1); }));

TEST_CASE("passes are as promised") { CHECK(true); }  // the checks above are made by the compiler
