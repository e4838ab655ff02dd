// SPDX-License-Identifier: Apache-2.0
// A name that the model does not have.
// expect: akin: value: the model has no output of this name
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
    m.output<"y">(x);
    return sum(x);
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
#ifdef AKIN_EXPECT_ERROR
  return p.value<"x">().rank;
#else
  return p.value<"y">().rank;
#endif
}
