// SPDX-License-Identifier: Apache-2.0
// An extent that is no integer.
// expect: akin: an axis' extent is an integer
// max-lines: 20
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
    return sum(x);
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
#ifdef AKIN_EXPECT_ERROR
  p.bind(images(2.5), embed(4));
#else
  p.bind(images(2), embed(4));
#endif
}
