// SPDX-License-Identifier: Apache-2.0
// Rows of two different features cannot be aligned.
// expect: akin: alignment: the two must be [rows, feature] and [other rows, feature]
// shows: words
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct words : akin::axis<"words"> {} words;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return akin::alignment(x, m.input<"y">(texts, words));
#else
    return akin::alignment(x, m.input<"y">(texts, embed));
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
