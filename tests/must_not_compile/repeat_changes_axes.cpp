// SPDX-License-Identifier: Apache-2.0
// A block whose result is not like its argument.
// expect: akin: repeat: the block changes the axes
// shows: images
// max-lines: 12
#include <akin/expr/repeat.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct heads : akin::axis<"heads"> {} heads;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return akin::repeat(m, heads, "blocks", x, [](auto h) { return h * 2 > 0; });
#else
    return akin::repeat(m, heads, "blocks", x, [](auto h) { return h * 2; });
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
