// SPDX-License-Identifier: Apache-2.0
// A pairing that chooses between numbers, where nothing says which model is meant.
// expect: akin: paired(a, b) belongs to no model yet: write paired(m, a, b)
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto s = dot(m.input<"x">(images, embed), m.input<"y">(texts, embed));
#ifdef AKIN_EXPECT_ERROR
    return sum(s * where(akin::paired(images, texts), 1, 0));
#else
    return sum(s * where(akin::paired(m, images, texts), 1, 0));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
