// SPDX-License-Identifier: Apache-2.0
// A condition as a factor.
// expect: akin: arithmetic: a condition or an index is no real
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return sum(x * (x > 0));
#else
    return sum(x * as_real(x > 0));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
