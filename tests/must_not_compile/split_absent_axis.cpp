// SPDX-License-Identifier: Apache-2.0
// Splitting an axis that is not there.
// expect: akin: layout: the operand does not have this axis
// shows: words
// max-lines: 12
#include <akin/expr/layout.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct pixels : akin::axis<"pixels"> {} pixels;
inline constexpr struct words : akin::axis<"words"> {} words;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct heads : akin::axis<"heads"> {} heads;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return split(x, words, heads, pixels);
#else
    return split(x, embed, heads, pixels);
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
