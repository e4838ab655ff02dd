// SPDX-License-Identifier: Apache-2.0
// An input behind stop_gradient.
// expect: akin: gradient: nothing flows back to this input
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto y = m.input<"y">(embed);
#ifdef AKIN_EXPECT_ERROR
    return sum(x * stop_gradient(y));
#else
    return sum(x * y);
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
  return p.gradient<"y">().rank;
}
