// SPDX-License-Identifier: Apache-2.0
// Blocks that run again for their gradient: the same bits, and of each layer its argument alone is kept.
#include "check_model.hpp"

using namespace akin;
using akin_test::ordinary;
using akin_test::subject;

namespace checkpoint_test {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct embed : axis<"embed"> {} embed;
inline constexpr struct hidden : axis<"hidden"> {} hidden;
inline constexpr struct layers : axis<"layers"> {} layers;
inline constexpr struct steps : axis<"steps"> {} steps;

// Products, a random mask, a state that moves, and a repeat inside.
template <class E>
constexpr auto block(model& m, E x) {
  const auto w = m.parameter<"weight">(initial::normal(1, embed), embed, hidden);
  const auto running = m.state<"running">(initial::normal(1), embed);
  m.update(running, running * 0.5 + mean(x, over(images)));
  const auto y = dot(tanh(dot(dropout(x - running, 0.3), w)), w);
  return repeat(m, steps, "inner", x + y, [&](auto k) { return k + tanh(k * m.parameter<"scale">(initial::normal(1), embed)); });
}

template <bool Checkpoint>
struct deep {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed), w = m.data<"w">(images, embed);
    const auto y = [&] {
      if constexpr (Checkpoint) {
        const auto less_memory = m.checkpoint_blocks();
        return repeat(m, layers, "blocks", x, [&](auto h) { return block(m, h); });
      } else {
        return repeat(m, layers, "blocks", x, [&](auto h) { return block(m, h); });
      }
    }();
    return sum(repeat(m, steps, "tail", y, [](auto h) { return h * sigmoid(h); }) * w);
  }
};

// Two training steps, since states move between them.
template <class Backend, bool Checkpoint, class... Extents>
std::vector<akin_test::results> two_steps(const Extents&... given) {
  subject<deep<Checkpoint>, Backend> s{ordinary, given...};
  std::vector<akin_test::results> all;
  for (std::uint64_t step : {3u, 4u}) {
    s.program().seed(step);
    all.push_back(s.run());
    for (const auto& t : s.weights.tensors()) all.back()["value of " + t.name].assign(t.values.begin(), t.values.end());
  }
  return all;
}

template <class Backend>
void check_bits(int depth, int inner) {
  const auto kept = two_steps<Backend, false>(images(3), embed(7), hidden(5), layers(depth), steps(inner));
  const auto again = two_steps<Backend, true>(images(3), embed(7), hidden(5), layers(depth), steps(inner));
  for (std::size_t k : {0u, 1u}) akin_test::compare(again[k], kept[k], 0);
}

template <bool Checkpoint>
std::int64_t bytes_of(int depth) {
  parameters<deep<Checkpoint>> weights;
  program<deep<Checkpoint>, akin_test::tested_backend> p{weights};
  p.bind(images(64), embed(48), hidden(96), layers(depth), steps(2));
  return p.bytes();
}

}  // namespace checkpoint_test

using namespace checkpoint_test;

TEST_CASE("blocks that run again have the same bits: loss, gradients, states, random masks") {
  for (int depth : {0, 1, 3})
    for (int inner : {0, 2}) {
      CAPTURE(depth);
      CAPTURE(inner);
      check_bits<akin_test::tested_backend>(depth, inner);
      check_bits<reference_backend>(depth, inner);
    }
  akin_test::check_gradients<deep<true>>(ordinary, images(2), embed(3), hidden(2), layers(3), steps(2));
}

TEST_CASE("a further layer takes its argument's bytes, not those of all that its gradient reads") {
  const std::int64_t argument = 64 * 48 * 4;
  const auto of_a_layer = [](auto bytes) { return (bytes(24) - bytes(12)) / 12; };
  const std::int64_t again = of_a_layer(bytes_of<true>), kept = of_a_layer(bytes_of<false>);
  CHECK(again == argument);
  CHECK(kept >= 4 * argument);
  CHECK(bytes_of<true>(24) < bytes_of<false>(24) / 2);
}

TEST_CASE("explain() says which blocks run again, and what is kept of a layer") {
  parameters<deep<true>> weights;
  program<deep<true>, akin_test::tested_backend> p{weights};
  p.bind(images(64), embed(48), hidden(96), layers(4), steps(2));
  const auto text = p.explain();
  CAPTURE(text);
  CHECK(text.find("repeat over layers = 4 (region 1), keeps 12.3 kB of each layer") != std::string::npos);
  CHECK(text.find("repeat_to_x over layers = 4 (region 5), each layer runs again before") != std::string::npos);
}
