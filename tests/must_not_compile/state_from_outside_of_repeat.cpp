// SPDX-License-Identifier: Apache-2.0
// A block moves a state that is not its own: each layer would give it another value.
// expect: akin: repeat: the block updates a state from outside or names an output, of which there would be one for each layer
// max-lines: 30
#include <akin/akin.hpp>

inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct layers : akin::axis<"layers"> {} layers;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto running = m.state<"running">(akin::initial::constant(0), embed);
    const auto x = repeat(m, layers, "blocks", m.input<"x">(embed), [&](auto h) {
#ifdef AKIN_EXPECT_ERROR
      m.update(running, h);
#else
      m.update(m.state<"running">(akin::initial::constant(0), embed), h);
#endif
      return h * 0.5;
    });
    return sum(x * running);
  }
};

int main() {
  akin::parameters<made> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
