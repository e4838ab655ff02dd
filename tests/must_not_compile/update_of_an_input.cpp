// SPDX-License-Identifier: Apache-2.0
// An update of what is no state.
// expect: akin: update: what it changes is no state: declare it with m.state
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto seen = m.state<"seen">(akin::initial::constant(0), images, embed);
#ifdef AKIN_EXPECT_ERROR
    m.update(x, seen * 0.5 + x);
    return sum(x);
#else
    m.update(seen, seen * 0.5 + x);
    return sum(x);
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
