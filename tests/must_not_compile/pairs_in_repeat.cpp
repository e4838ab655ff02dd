// SPDX-License-Identifier: Apache-2.0
// Pairs inside of a block.
// expect: akin: pairs: a value with two batch axes inside of repeat
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct heads : akin::axis<"heads"> {} heads;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return sum(akin::repeat(m, heads, "blocks", x, [&](auto h) { return h * exp(sum(dot(h, m.input<"y">(texts, embed)))); }));
#else
    return sum(akin::repeat(m, heads, "blocks", x, [&](auto h) { return h * exp(sum(h * m.parameter<"y">(akin::initial::constant(1), embed))); }));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
