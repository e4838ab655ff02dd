// SPDX-License-Identifier: Apache-2.0
// The larger of two values with other axes.
// expect: akin: arithmetic: one operand's axes must contain the other's
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
    return maximum(x, y);
#else
    return maximum(x, x);
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
