// SPDX-License-Identifier: Apache-2.0
// An average over one axis, and over it again.
// expect: akin: over: one axis stands twice
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return sum(mean(x, akin::over(images, images, embed)));
#else
    return mean(x, akin::over(images, embed));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
