// SPDX-License-Identifier: Apache-2.0
// A value computed before the repeat.
// expect: akin: repeat: the block uses a value computed outside
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct heads : akin::axis<"heads"> {} heads;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto scale = stop_gradient(exp(m.data<"y">(embed)));
#ifdef AKIN_EXPECT_ERROR
    return sum(akin::repeat(m, heads, "blocks", x, [&](auto h) { return h * scale; }));
#else
    return sum(akin::repeat(m, heads, "blocks", x * scale, [&](auto h) { return h * 2; }));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
