// SPDX-License-Identifier: Apache-2.0
// Two feature axes: which one is the row?
// expect: akin: l2_normalize: say which axis with over(...)
// shows: heads
// shows: embed
// max-lines: 12
#include <akin/loss/similarity.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct heads : akin::axis<"heads"> {} heads;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto q = m.input<"q">(images, heads, embed);
#ifdef AKIN_EXPECT_ERROR
    return l2_normalize(q);
#else
    return l2_normalize(q, akin::over(embed));
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
