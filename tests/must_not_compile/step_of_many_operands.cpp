// SPDX-License-Identifier: Apache-2.0
// More operands in one fused step than it may have.
// expect: akin: plan: a fused step takes at most 40 operands, 12 results and 4,096 functions
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
#ifdef AKIN_EXPECT_ERROR
    constexpr int summands = 41;
#else
    constexpr int summands = 39;
#endif
    auto x = m.input<"x">(embed);
    for (int k = 0; k < summands; ++k) {
      const char letter[] = {static_cast<char>('0' + k)};
      const auto scope = m.scope({letter, 1});
      x = x + m.parameter<"w">(akin::initial::constant(1), embed);
    }
    return sum(x);
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
