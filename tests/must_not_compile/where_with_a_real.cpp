// SPDX-License-Identifier: Apache-2.0
// A real where a condition belongs.
// expect: akin: where: the condition is a number: compare it, as in s > 0
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return sum(where(x, x, 1));
#else
    return sum(where(x > 0, x, 1));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
