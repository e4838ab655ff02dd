// SPDX-License-Identifier: Apache-2.0
// The condition of where belongs to other axes.
// expect: akin: where: the condition's axes must contain the values' or be contained
// shows: images
// shows: texts
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto y = m.input<"y">(texts, embed);
#ifdef AKIN_EXPECT_ERROR
    return where(y > 0, x, 0);
#else
    return where(x > 0, x, 0);
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
