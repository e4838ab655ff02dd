// SPDX-License-Identifier: Apache-2.0
// Objectives against their golden values: loss and gradients to x, y, t and bias, on both backends.
#pragma once

#include "check_model.hpp"

#include <akin/io/safetensors.hpp>

#include <cstring>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct teacher_embed : akin::axis<"teacher_embed"> {} teacher_embed;

namespace akin_test {

inline std::vector<double> doubles(const akin::safetensors_file& file, std::string_view name) {
  const auto* entry = file.find(name);
  REQUIRE(entry != nullptr);
  REQUIRE(entry->type == akin::dtype::f64);
  std::vector<double> values(entry->bytes.size() / 8);
  std::memcpy(values.data(), entry->bytes.data(), entry->bytes.size());
  return values;
}

template <class Model, class Backend, class... Arguments>
results run_objective(std::tuple<Arguments...> arguments) {
  const akin::safetensors_file inputs{std::string{AKIN_GOLDEN_DIR} + "/objectives/inputs.safetensors"};
  constexpr std::int64_t n = 37, d = 19, teacher = 7;
  const auto nothing = [](std::string_view, std::int64_t, double) { return 0.0; };
  bool has_teacher = false;
  for (const auto& a : akin::blueprint_of<Model, akin::mode::training, Backend::fuses>().axes) has_teacher = has_teacher || a.name == "teacher_embed";
  const auto run = [&](const auto&... extents) {
    subject<Model, Backend> s{arguments, nothing, extents...};
    for (auto& [name, numbers] : s.reals) {
      const auto from = doubles(inputs, name);
      REQUIRE(from.size() == numbers.size());
      std::transform(from.begin(), from.end(), numbers.begin(), [](double x) { return static_cast<typename Backend::real>(x); });
    }
    for (auto& [name, numbers] : s.integers) {
      const auto from = inputs.read<std::int64_t>("ids");
      std::transform(from.begin(), from.end(), numbers.begin(), [](std::int64_t x) { return static_cast<std::int32_t>(x); });
    }
    for (auto& t : s.weights.tensors()) t.values[0] = static_cast<typename Backend::real>(doubles(inputs, t.name)[0]);
    return s.run();
  };
  if (has_teacher) return run(images(n), texts(n), embed(d), teacher_embed(teacher));
  return run(images(n), texts(n), embed(d));
}

inline void compare_golden(const results& got, const std::string& name, double tolerance) {
  CAPTURE(name);
  const akin::safetensors_file golden{std::string{AKIN_GOLDEN_DIR} + "/objectives/" + name + ".safetensors"};
  for (const auto& t : golden.tensors()) {
    const std::string key = t.name == "loss" ? t.name : "d " + t.name.substr(1);
    CAPTURE(key);
    REQUIRE(got.count(key) == 1);
    const double d = difference(got.at(key), doubles(golden, t.name), 0);
    if (std::getenv("AKIN_TEST_VERBOSE")) std::cout << "  " << name << " " << key << ": " << d << "\n";
    CHECK(d <= tolerance);
  }
}

/// The reference backend to 1e-9 of the largest entry.
template <class Model>
void check_reference(const std::string& name) { compare_golden(run_objective<Model, akin::reference_backend>(std::tuple<>{}), name, 1e-9); }

/// The cpu backend to 1e-5 of the largest entry, with the same bits for 1, 2, 3 and 8 threads.
template <class Model>
void check_fused(const std::string& name) {
  const auto one = run_objective<Model, akin::cpu_backend>(std::tuple{1});
  compare_golden(one, name, 1e-5);
  for (int threads : {2, 3, 8}) CHECK(run_objective<Model, akin::cpu_backend>(std::tuple{threads}) == one);
}

}  // namespace akin_test

/// The inputs of every objective: cosines, and logits that are exp(t) times them.
constexpr auto cosines(akin::model& m) { return akin::cosine(m.input<"x">(images, embed), m.input<"y">(texts, embed)); }
constexpr auto scale(akin::model& m) { return exp(m.parameter<"t">(akin::initial::constant(0))); }
constexpr auto logits(akin::model& m) { return cosines(m) * scale(m); }
/// Where image i and text j have one id.
constexpr auto same_id(akin::model& m) {
  const auto ids = m.indices<"ids">(images);
  return same(ids, rename(ids, images, texts));
}
