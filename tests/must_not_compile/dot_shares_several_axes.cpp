// SPDX-License-Identifier: Apache-2.0
// Two axes could be meant.
// expect: akin: dot: operands share several axes: say which with over(...)
// shows: heads
// shows: embed
// max-lines: 12
#include <akin/expr/dot.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct words : akin::axis<"words"> {} words;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct heads : akin::axis<"heads"> {} heads;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto q = m.input<"q">(images, heads, embed);
    const auto k = m.input<"k">(heads, words, embed);
#ifdef AKIN_EXPECT_ERROR
    return dot(q, k);
#else
    return dot(q, k, over(embed));
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
