// SPDX-License-Identifier: Apache-2.0
// Two outputs of one name.
// expect: akin: output: two outputs of one name
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
    m.output<"square">(x * x);
#ifdef AKIN_EXPECT_ERROR
    m.output<"square">(exp(x));
    return sum(x);
#else
    m.output<"exponential">(exp(x));
    return sum(x);
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
