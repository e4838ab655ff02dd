// SPDX-License-Identifier: Apache-2.0
// Contracted with a weight whose axes have one name.
// expect: akin: axis: a value has one axis twice
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct pixels : akin::axis<"pixels"> {} pixels;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return sum(dot(x, m.parameter<"w">(akin::initial::normal(1, embed), embed, embed), akin::over(embed)));
#else
    return sum(dot(x, m.parameter<"w">(akin::initial::normal(1, embed), embed, pixels), akin::over(embed)));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
