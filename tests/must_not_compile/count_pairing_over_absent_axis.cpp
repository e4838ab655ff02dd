// SPDX-License-Identifier: Apache-2.0
// Pairs counted along an axis that they do not have.
// expect: akin: reduction: the operand does not have this axis
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto y = m.input<"y">(texts, embed);
#ifdef AKIN_EXPECT_ERROR
    return sum(dot(x, y)) + sum(count(m, akin::paired(images, texts), akin::over(embed)));
#else
    return sum(dot(x, y)) + sum(count(m, akin::paired(images, texts), akin::over(texts)));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
