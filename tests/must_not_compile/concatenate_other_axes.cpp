// SPDX-License-Identifier: Apache-2.0
// Two operands that differ in two axes.
// expect: akin: concatenate: the operands must agree in all axes but one
// shows: words
// max-lines: 12
#include <akin/expr/layout.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct both : akin::batch<"both"> {} both;
inline constexpr struct words : akin::axis<"words"> {} words;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return concatenate(x, m.input<"y">(texts, words), both);
#else
    return concatenate(x, m.input<"y">(texts, embed), both);
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
