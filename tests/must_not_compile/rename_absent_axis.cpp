// SPDX-License-Identifier: Apache-2.0
// Renaming an axis that is not there.
// expect: akin: layout: the operand does not have this axis
// shows: words
// max-lines: 12
#include <akin/expr/layout.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct pixels : akin::axis<"pixels"> {} pixels;
inline constexpr struct words : akin::axis<"words"> {} words;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return rename(x, words, pixels);
#else
    return rename(x, embed, pixels);
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
