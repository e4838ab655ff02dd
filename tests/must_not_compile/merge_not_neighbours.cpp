// SPDX-License-Identifier: Apache-2.0
// Two axes that do not lie side by side.
// expect: akin: merge: the two axes must be neighbours in this order
// shows: images
// shows: embed
// max-lines: 12
#include <akin/expr/layout.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct words : akin::axis<"words"> {} words;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct heads : akin::axis<"heads"> {} heads;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto q = m.input<"q">(images, heads, embed);
#ifdef AKIN_EXPECT_ERROR
    return merge(q, images, embed, words);
#else
    return merge(q, heads, embed, words);
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
