// SPDX-License-Identifier: Apache-2.0
// The first of the largest along an axis that is not the last.
// expect: akin: first_arg_max: it runs along the last axis
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto tokens = m.indices<"tokens">(texts, embed);
    const auto y = m.input<"y">(texts, embed);
#ifdef AKIN_EXPECT_ERROR
    return sum(pick(y, first_arg_max(tokens, akin::over(texts)), embed));
#else
    return sum(pick(y, first_arg_max(tokens, akin::over(embed)), embed));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
