// SPDX-License-Identifier: Apache-2.0
// A token before an axis that is not there.
// expect: akin: layout: the operand does not have this axis
// shows: words
// max-lines: 12
#include <akin/expr/layout.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct words : akin::axis<"words"> {} words;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct heads : akin::axis<"heads"> {} heads;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto token = m.input<"token">(embed);
#ifdef AKIN_EXPECT_ERROR
    return prepend(token, x, words, heads);
#else
    return prepend(take(x, embed, 0), x, embed, heads);
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
