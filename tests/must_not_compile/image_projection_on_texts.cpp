// SPDX-License-Identifier: Apache-2.0
// Figure 3 with the image projection on the text feature.
// expect: akin: dot: operands share no axis
// shows: words
// shows: pixels
// max-lines: 12
#include <akin/expr/dot.hpp>

inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct pixels : akin::axis<"pixels"> {} pixels;
inline constexpr struct words : akin::axis<"words"> {} words;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto start = akin::initial::constant(0);
    const auto feature = m.input<"T">(texts, words);
#ifdef AKIN_EXPECT_ERROR
    const auto W_i = m.parameter<"W_i">(start, pixels, embed);
    return dot(feature, W_i);
#else
    const auto W_t = m.parameter<"W_t">(start, words, embed);
    return dot(feature, W_t);
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
