// SPDX-License-Identifier: Apache-2.0
// Parameters that stay: the others' gradients have the same bits, and what would only lead to the first is neither computed nor kept.
#include "check_model.hpp"

#include <akin/train/tower_rates.hpp>

using namespace akin;

namespace needed_test {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct pixels : axis<"pixels"> {} pixels;
inline constexpr struct embed : axis<"embed"> {} embed;
inline constexpr struct layers : axis<"layers"> {} layers;

template <class X>
constexpr auto tower(model& m, std::string_view name, X x) {
  const auto scope = m.scope(name);
  const auto first = dot(x, m.parameter<"conv1.weight">(initial::normal(1, pixels), pixels, embed));
  return repeat(m, layers, "transformer.resblocks", first, [&](auto h) {
    const auto w = m.parameter<"weight">(initial::normal(1, embed), pixels, embed);
    return h + dot(tanh(dot(h, w)), w);
  });
}

template <bool Checkpoint>
struct clip {
  static constexpr auto define(model& m) {
    const auto image = [&] {
      if constexpr (Checkpoint) {
        const auto less_memory = m.checkpoint_blocks();
        return tower(m, "visual", m.data<"image">(images, pixels));
      } else {
        return tower(m, "visual", m.data<"image">(images, pixels));
      }
    }();
    const auto text = tower(m, "", m.data<"text">(texts, pixels));
    return symmetric_cross_entropy(cosine(image, text) * learnable_temperature(m), paired(images, texts));
  }
};

/// A program with filled inputs that has run once.
template <bool Checkpoint>
struct run_once {
  parameters<clip<Checkpoint>> weights;
  std::vector<float> numbers;
  program<clip<Checkpoint>, akin_test::tested_backend> p{weights};
  float loss = 0;

  explicit run_once(std::function<bool(std::string_view)> stays) {
    random_stream random{3, 1};
    for (int k = 0; k < 40 * 24; ++k) numbers.push_back(static_cast<float>(random.normal()));
    if (stays) p.freeze(std::move(stays));
    p.bind(images(40), texts(40), pixels(24), embed(16), layers(6));
    p.template set<"image">(numbers);
    p.template set<"text">(numbers);
    loss = p.forward();
    p.backward();
  }
};

// Whatever learns has the gradient of the run in which everything does; the rest has none.
template <bool Checkpoint>
void check_same_bits(const rate_of_tensor& rate) {
  run_once<Checkpoint> all{{}}, some{without_gradient(rate)};
  CHECK(all.loss == some.loss);
  std::size_t of_those_that_stay = 0;
  for (const auto& t : all.weights.tensors()) {
    CAPTURE(t.name);
    const bool stays = rate(t.name) == 0;
    std::size_t other = 0, zeros = 0;
    for (std::size_t k = 0; k < t.values.size(); ++k) {
      const auto at = static_cast<std::size_t>(t.offset) + k;
      other += some.p.gradients()[at] != all.p.gradients()[at] ? 1 : 0;
      zeros += some.p.gradients()[at] == 0 ? 1 : 0;
    }
    if (stays) CHECK(zeros == t.values.size());
    if (stays) of_those_that_stay += t.values.size() * sizeof(float);
    else CHECK(other == 0);
    if (!stays) CHECK(zeros < t.values.size());
  }
  // The gradients of what stays are no room for layers of the other tower, which keep x and the product before its activation.
  CHECK(some.p.bytes() <= all.p.bytes() + static_cast<std::int64_t>(of_those_that_stay) + 40 * (16 + 24) * 4);
}

}  // namespace needed_test

using namespace needed_test;

TEST_CASE("what learns has the same gradient, whatever stays") {
  for (const auto tower : {clip_tower::image, clip_tower::text}) {
    check_same_bits<false>(freeze(tower));
    for (int blocks : {0, 1, 4, 6}) {
      CAPTURE(blocks);
      check_same_bits<false>(freeze_blocks(tower, blocks));
    }
  }
  check_same_bits<true>(freeze_blocks(clip_tower::image, 4));
  check_same_bits<true>(freeze(clip_tower::image));
}

TEST_CASE("a tower that stays has no steps in the gradient and keeps nothing of its layers") {
  run_once<false> all{{}}, some{without_gradient(freeze(clip_tower::image))};
  CHECK(all.p.explain().find("gradient of region 1") != std::string::npos);
  const auto text = some.p.explain();
  CAPTURE(text);
  CHECK(text.find("gradient of region 1") == std::string::npos);
  CHECK(text.find("gradient of region 2") != std::string::npos);
  CHECK(text.find("repeat over layers = 6 (region 1)\n") != std::string::npos);
  CHECK(some.p.bytes() < all.p.bytes() * 3 / 4);
}

TEST_CASE("layers of one tower keep what they can where gradients of the other will lie, but not where those of what stays do") {
  const std::string keeps = "(region 2), keeps 6.4 kB of each layer", lent = ", of the last 1 where gradients will lie\n";
  const auto of_text = [&](const std::string& text) { return text.substr(text.find(keeps) + keeps.size(), lent.size()); };
  run_once<false> all{{}}, some{without_gradient(freeze(clip_tower::image))}, half{without_gradient(freeze_blocks(clip_tower::image, 3))};
  CHECK(of_text(all.p.explain()) == lent);  // 10752 bytes are the image tower's
  CHECK(of_text(some.p.explain()).front() == '\n');
  CHECK(of_text(half.p.explain()).front() == '\n');
}

TEST_CASE("of a tower whose first blocks stay, the others go backwards, and are kept") {
  const auto bytes_with = [](int blocks) { return run_once<false>{without_gradient(freeze_blocks(clip_tower::image, blocks))}.p.bytes(); };
  const auto kept = [](const std::string& text) { return text.substr(text.find("(region 1), keeps"), 40); };
  run_once<false> all{{}}, some{without_gradient(freeze_blocks(clip_tower::image, 4))};
  CHECK(some.p.explain().find("down to layer 4") != std::string::npos);
  CHECK(all.p.explain().find("down to layer") == std::string::npos);
  CHECK(kept(some.p.explain()) == kept(all.p.explain()));  // of each layer
  // One further block: a place for those that stay, however many they are.
  CHECK(bytes_with(4) - bytes_with(5) == bytes_with(3) - bytes_with(4));
  CHECK(bytes_with(3) > bytes_with(4));
}

TEST_CASE("a parameter that the model declares frozen ends the gradient as well") {
  struct declared {
    static constexpr auto define(model& m) {
      const auto x = repeat(m, layers, "blocks", m.data<"x">(images, embed), [&](auto h) { return tanh(h * m.frozen<"weight">(initial::constant(1), embed)); });
      return sum(square(x * m.parameter<"gain">(initial::constant(1), embed)));
    }
  };
  const auto b = blueprint_of<declared, mode::training, true>();
  const auto needed = find_needed(b, std::vector<std::int64_t>{-1, -1, 0});  // x, weight, gain
  int repeats = 0;
  for (std::size_t k = 0; k < b.steps.size(); ++k) repeats += b.steps[k].kind == step_kind::repeat && needed.step[k] ? 1 : 0;
  CHECK(repeats == 1);
}
