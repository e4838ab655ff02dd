// SPDX-License-Identifier: Apache-2.0
// A weight that the loss does not reach.
// expect: akin: parameter: it receives no gradient
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto w = m.parameter<"w">(akin::initial::constant(0), embed);
#ifdef AKIN_EXPECT_ERROR
    return sum(x * stop_gradient(w));
#else
    return sum(x * w);
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
