// SPDX-License-Identifier: Apache-2.0
// Uniformity without the pairs of other axes than the distances have.
// expect: akin: uniformity: the pairs left out must name the axes of the distances
// shows: words
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct words : akin::batch<"words"> {} words;
inline constexpr struct others : akin::batch<"others"> {} others;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto distances = squared_distance(x, rename(x, images, others));
#ifdef AKIN_EXPECT_ERROR
    return akin::uniformity(distances, akin::paired(images, words));
#else
    return akin::uniformity(distances, akin::paired(images, others));
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
