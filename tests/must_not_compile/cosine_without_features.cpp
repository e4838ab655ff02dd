// SPDX-License-Identifier: Apache-2.0
// The embedding's axis is forgotten.
// expect: akin: cosine: each operand has exactly one axis that is no batch axis
// shows: images
// max-lines: 12
#include <akin/loss/similarity.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
#ifdef AKIN_EXPECT_ERROR
    return cosine(m.input<"x">(images), m.input<"y">(texts, embed));
#else
    return cosine(m.input<"x">(images, embed), m.input<"y">(texts, embed));
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
