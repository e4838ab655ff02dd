// SPDX-License-Identifier: Apache-2.0
// A trained value from outside of the block.
// expect: akin: repeat: the block differentiates a value from outside
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct heads : akin::axis<"heads"> {} heads;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto w = m.parameter<"w">(akin::initial::constant(1), embed);
#ifdef AKIN_EXPECT_ERROR
    return sum(akin::repeat(m, heads, "blocks", x, [&](auto h) { return h * exp(w); }));
#else
    return sum(akin::repeat(m, heads, "blocks", x * exp(w), [&](auto h) { return h * m.parameter<"v">(akin::initial::constant(1), embed); }));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
