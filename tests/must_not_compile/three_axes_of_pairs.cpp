// SPDX-License-Identifier: Apache-2.0
// Scores of every pair and head, which would be stored.
// expect: akin: pairs: a value has two batch axes and more
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct heads : akin::axis<"heads"> {} heads;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, heads, embed);
    const auto y = m.input<"y">(texts, embed);
#ifdef AKIN_EXPECT_ERROR
    return sum(dot(x, y));
#else
    return sum(dot(sum(x, over(heads)), y));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
