// SPDX-License-Identifier: Apache-2.0
// Frozen towers and blocks, rates by layer, and that an optimiser follows them layer by layer.
#include <akin/akin.hpp>
#include <akin/train/tower_rates.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace akin;

namespace tower_rates_test {

inline constexpr struct rows : axis<"rows", 2> {} rows;
inline constexpr struct layers : axis<"layers"> {} layers;

struct towers {
  static constexpr auto define(model& m) {
    const auto block = [&](auto x) { return x * m.parameter<"weight">(initial::constant(1), rows); };
    const auto image = repeat(m, layers, "visual.transformer.resblocks", m.parameter<"visual.class_embedding">(initial::constant(1), rows), block);
    const auto text = repeat(m, layers, "transformer.resblocks", m.parameter<"positional_embedding">(initial::constant(1), rows), block);
    return sum(image * m.parameter<"visual.proj">(initial::constant(1), rows)) + sum(text) * learnable_temperature(m);
  }
};

// How far one step of SGD with rate 1 and gradients of 1 moves the first number of each tensor.
std::vector<std::pair<std::string, double>> ways(const rate_of_tensor& rate) {
  parameters<towers, double> weights;
  weights.bind(1, layers(3));
  const std::vector<double> start(weights.values().begin(), weights.values().end()), ones(start.size(), 1.0);
  sgd<double> optimizer{weights, {0, 0, decay_policy::legacy, rate}};
  optimizer.step(ones, 1);
  std::vector<std::pair<std::string, double>> all;
  for (const auto& t : weights.tensors()) all.emplace_back(t.name, start[static_cast<std::size_t>(t.offset)] - t.values[0]);
  return all;
}

double way(const rate_of_tensor& rate, const std::string& name) {
  const auto all = ways(rate);
  const auto found = std::ranges::find(all, name, [](const auto& each) { return each.first; });
  REQUIRE(found != all.end());
  return found->second;
}

}  // namespace tower_rates_test

using namespace tower_rates_test;

TEST_CASE("a frozen tower stays, everything else moves") {
  for (const auto& [name, moved] : ways(freeze(clip_tower::image))) {
    const bool image = name.starts_with("visual.");
    CHECK(moved == doctest::Approx(image ? 0 : 1));
  }
  for (const auto& [name, moved] : ways(freeze(clip_tower::text))) {
    const bool stays = name.starts_with("visual.") || name == "logit_scale";
    CHECK(moved == doctest::Approx(stays ? 1 : 0));
  }
}

TEST_CASE("the first blocks of a tower stay, with what stands before them") {
  const auto rate = freeze_blocks(clip_tower::image, 2);
  CHECK(way(rate, "visual.class_embedding") == 0);
  CHECK(way(rate, "visual.transformer.resblocks.1.weight") == 0);
  CHECK(way(rate, "visual.transformer.resblocks.2.weight") == doctest::Approx(1));
  CHECK(way(rate, "visual.proj") == doctest::Approx(1));
  CHECK(way(rate, "transformer.resblocks.0.weight") == doctest::Approx(1));
}

TEST_CASE("rates fall from layer to layer towards the input") {
  const auto rate = both(decay_by_layer(clip_tower::image, 3, 0.5), freeze(clip_tower::text));
  CHECK(way(rate, "visual.proj") == doctest::Approx(1));
  CHECK(way(rate, "visual.transformer.resblocks.2.weight") == doctest::Approx(0.5));
  CHECK(way(rate, "visual.transformer.resblocks.0.weight") == doctest::Approx(0.125));
  CHECK(way(rate, "visual.class_embedding") == doctest::Approx(0.0625));
  CHECK(way(rate, "positional_embedding") == 0);
}

TEST_CASE("a tensor's depth in its tower, by name") {
  CHECK(depth_in_tower("text.token_embedding.weight", 12) == 0);
  CHECK(depth_in_tower("visual.trunk.blocks.11.mlp.fc1.weight", 12) == 12);
  CHECK(depth_in_tower("ln_final.weight", 12) == 13);
  CHECK(depth_in_tower("visual.trunk.attn_pool.q.weight", 12) == 13);
  CHECK(!in_tower(clip_tower::text, "logit_bias"));
}
