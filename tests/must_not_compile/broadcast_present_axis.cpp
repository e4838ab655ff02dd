// SPDX-License-Identifier: Apache-2.0
// A broadcast along an axis that is there already.
// expect: akin: broadcast: the operand has this axis already
// shows: embed
// max-lines: 12
#include <akin/expr/elementwise.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return broadcast(x, embed);
#else
    return broadcast(x, texts);
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
