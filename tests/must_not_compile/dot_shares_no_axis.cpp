// SPDX-License-Identifier: Apache-2.0
// Figure 3 with the text projection in the place of the image projection.
// expect: akin: dot: operands share no axis
// shows: pixels
// shows: words
// max-lines: 12
#include <akin/expr/dot.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct pixels : akin::axis<"pixels"> {} pixels;
inline constexpr struct words : akin::axis<"words"> {} words;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct projection {
  static constexpr auto define(akin::model& m) {
    const auto start = akin::initial::constant(0);
    const auto features = m.input<"features">(images, pixels);
#ifdef AKIN_EXPECT_ERROR
    const auto weights = m.parameter<"weights">(start, words, embed);
#else
    const auto weights = m.parameter<"weights">(start, pixels, embed);
#endif
    return dot(features, weights);
  }
};

int main() {
  akin::model m;
  return projection::define(m).id < 0;
}
