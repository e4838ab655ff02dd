// SPDX-License-Identifier: Apache-2.0
// Two numbers in one name, where one axis is remembered.
// expect: akin: scope: a number inside of another
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct layers : akin::axis<"layers"> {} layers;

struct numbered {
  static constexpr auto define(akin::model& m) {
    const auto outer = m.scope(layers);
#ifdef AKIN_EXPECT_ERROR
    const auto inner = m.scope(embed);
#else
    const auto inner = m.scope("inner");
#endif
    return sum(m.parameter<"w">(akin::initial::constant(1), embed));
  }
};

int main() {
  akin::parameters<numbered, float> weights;
  akin::program<numbered, akin::cpu_backend> p{weights};
}
