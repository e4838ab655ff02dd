// SPDX-License-Identifier: Apache-2.0
// Nothing is left to be scaled.
// expect: akin: dropout: a rate is at least 0 and below 1
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return sum(dropout(x, 1));
#else
    return sum(dropout(x, 0.1));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
