// SPDX-License-Identifier: Apache-2.0
// Objectives against their golden values: loss and gradients to x, y, t and bias, on the reference backend and the tested one.
#pragma once

#include "check_model.hpp"

#include <akin/io/safetensors.hpp>

#include <cstring>
#include <memory>
#include <tuple>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct teacher_embed : akin::axis<"teacher_embed"> {} teacher_embed;
inline constexpr struct queue : akin::batch<"queue"> {} queue;

namespace akin_test {

inline std::vector<double> doubles(const akin::safetensors_file& file, std::string_view name) {
  const auto* entry = file.find(name);
  REQUIRE(entry != nullptr);
  REQUIRE(entry->type == akin::dtype::f64);
  std::vector<double> values(entry->bytes.size() / 8);
  std::memcpy(values.data(), entry->bytes.data(), entry->bytes.size());
  return values;
}

/// The extent where the model has the axis, else nothing.
template <class Model, class Axis>
auto if_there(Axis axis, std::int64_t size) {
  constexpr bool there = [] {
    for (const auto& a : akin::full_graph<Model, akin::mode::training>.axis_entries)
      if (a.name == Axis::name) return true;
    return false;
  }();
  if constexpr (there) return std::tuple{axis(size)};
  else return std::tuple<>{};
}

template <class Model, class Backend, class... Arguments>
results run_objective(std::tuple<Arguments...> arguments) {
  const akin::safetensors_file inputs{std::string{AKIN_GOLDEN_DIR} + "/objectives/inputs.safetensors"};
  auto s = std::apply([&](const auto&... extents) { return std::make_unique<subject<Model, Backend>>(arguments, ordinary, images(37), embed(19), extents...); },
                      std::tuple_cat(if_there<Model>(texts, 37), if_there<Model>(teacher_embed, 7), if_there<Model>(queue, 11)));
  for (auto& [name, numbers] : s->reals) {
    const auto from = doubles(inputs, name);
    REQUIRE(from.size() == numbers.size());
    std::transform(from.begin(), from.end(), numbers.begin(), [](double x) { return static_cast<typename Backend::real>(x); });
  }
  for (auto& [name, numbers] : s->integers) {
    const auto from = inputs.read<std::int64_t>("ids");
    std::transform(from.begin(), from.end(), numbers.begin(), [](std::int64_t x) { return static_cast<std::int32_t>(x); });
  }
  for (auto& t : s->weights.tensors()) t.values[0] = static_cast<typename Backend::real>(doubles(inputs, t.name)[0]);
  return s->run();
}

/// Below this an error is one of it, not of the largest entry. The gradient to t is a sum over all pairs that cancels: storing each anchor's
/// log_sum_exp in fp32 moves that of masked_false_negatives (-0.024) by 1e-7 usually and by 4e-7 at worst, whatever computes it.
inline double floor_of(const std::string& key) { return key == "d t" ? 0.05 : 0.02; }

inline void compare_golden(const results& got, const std::string& name, double tolerance, double (*floor)(const std::string&)) {
  CAPTURE(name);
  const akin::safetensors_file golden{std::string{AKIN_GOLDEN_DIR} + "/objectives/" + name + ".safetensors"};
  for (const auto& t : golden.tensors()) {
    const std::string key = t.name == "loss" ? t.name : "d " + t.name.substr(1);
    CAPTURE(key);
    REQUIRE(got.count(key) == 1);
    const double d = difference(got.at(key), doubles(golden, t.name), floor(key));
    if (std::getenv("AKIN_TEST_VERBOSE")) std::cout << "  " << name << " " << key << ": " << d << "\n";
    CHECK(d <= tolerance);
  }
}

/// The reference backend to 1e-9 of the largest entry; the tested backend to 1e-5 under every setting.
template <class Model>
void check_golden(const std::string& name) {
  if constexpr (tests_reference) compare_golden(run_objective<Model, akin::reference_backend>(std::tuple<>{}), name, 1e-9, [](const std::string&) { return 0.0; });
  const auto one = run_objective<Model, tested_backend>(std::tuple{tested_settings[0]});
  compare_golden(one, name, 1e-5, floor_of);
  for (std::size_t k = 1; k < tested_settings.size(); ++k) {
    const auto other = run_objective<Model, tested_backend>(std::tuple{tested_settings[k]});
    if (settings_share_bits) CHECK(other == one);
    else compare_golden(other, name, 1e-5, floor_of);
  }
}

// ---- an objective with every similarity ---------------------------------------------------------------------------------------------

struct by_dot {
  static constexpr auto of(akin::model& m) { return dot(m.input<"x">(images, embed), m.input<"y">(texts, embed)); }
};
struct by_cosine {
  static constexpr auto of(akin::model& m) { return 5 * akin::cosine(m.input<"x">(images, embed), m.input<"y">(texts, embed)); }
};
struct by_squared_distance {
  static constexpr auto of(akin::model& m) { return -akin::squared_distance(m.input<"x">(images, embed), m.input<"y">(texts, embed)); }
};
struct by_distance {
  static constexpr auto of(akin::model& m) { return -akin::euclidean_distance(m.input<"x">(images, embed), m.input<"y">(texts, embed)); }
};

/// Few integers, so that anchors have several positives, one or none.
inline double with_ids(std::string_view name, std::int64_t k, double drawn) { return name == "ids_of_texts" ? static_cast<double>(k % 4) : name == "ids" ? static_cast<double>((3 * k + k / 2) % 6) : drawn; }

/// cpu against reference for more rows than columns and fewer, one of either, one feature, none; gradients against differences.
template <class Model>
void check_objective(double tolerance = 1e-5, bool one_feature = true) {
  for (const std::array<int, 3>& nmd : {std::array{5, 7, 3}, std::array{40, 33, 4}, std::array{1, 1, 3}, std::array{1, 6, 2}, std::array{6, 1, 2}, std::array{7, 5, 1}, std::array{0, 3, 2}, std::array{3, 0, 2}}) {
    if (nmd[2] == 1 && !one_feature) continue;
    CAPTURE(nmd[0]);
    CAPTURE(nmd[1]);
    CAPTURE(nmd[2]);
    // With one feature cosines are 1 and -1, and their gradients the rounding of 0.
    check_cpu<Model>(with_ids, nmd[2] == 1 ? 1000 * tolerance : tolerance, images(nmd[0]), texts(nmd[1]), embed(nmd[2]));
  }
  check_gradients<Model>(with_ids, images(5), texts(4), embed(3));
}
template <template <class> class Objective>
void check_similarities(double tolerance = 1e-5) {
  check_objective<Objective<by_dot>>(tolerance);
  check_objective<Objective<by_cosine>>(tolerance);
  check_objective<Objective<by_squared_distance>>(tolerance);
  check_objective<Objective<by_distance>>(tolerance);
}

/// Loss and gradients are finite numbers.
template <class Model, class... Extents>
results finite_results(const generator& fill, const Extents&... given) {
  const auto got = subject<Model, akin::reference_backend>{fill, given...}.run();
  for (const auto& [name, numbers] : got)
    for (double x : numbers) CHECK(std::isfinite(x));
  return got;
}

/// Whether one entry that is no number makes the loss one, on both backends: an objective that left such an anchor out would train on.
template <class Model>
bool loss_sees_nan() {
  const auto broken = [](std::string_view name, std::int64_t k, double drawn) { return name == "x" && k == 0 ? NAN : drawn; };
  return std::isnan(subject<Model, akin::reference_backend>{broken, images(4), texts(4), embed(3)}.run().at("loss")[0]) &&
         std::isnan(subject<Model, tested_backend>{broken, images(4), texts(4), embed(3)}.run().at("loss")[0]);
}

}  // namespace akin_test

/// The inputs of every golden objective: cosines, and logits that are exp(t) times them.
constexpr auto x_of(akin::model& m) { return m.input<"x">(images, embed); }
constexpr auto y_of(akin::model& m) { return m.input<"y">(texts, embed); }
constexpr auto cosines(akin::model& m) { return akin::cosine(x_of(m), y_of(m)); }
constexpr auto scale(akin::model& m) { return exp(m.parameter<"t">(akin::initial::constant(0))); }
constexpr auto logits(akin::model& m) { return cosines(m) * scale(m); }
inline constexpr auto own = akin::paired(images, texts);
/// Where image i and text j have one id.
constexpr auto same_id(akin::model& m) {
  const auto ids = m.indices<"ids">(images);
  return same(ids, rename(ids, images, texts));
}
/// The same with ids for either side, so that there may be more of one than of the other.
constexpr auto same_of_two(akin::model& m) { return same(m.indices<"ids">(images), m.indices<"ids_of_texts">(texts)); }
