// SPDX-License-Identifier: Apache-2.0
// The mean of values at a condition that has not all of their axes, of which the count would be another.
// expect: akin: mean_where: the condition must name the value's axes
// shows: images
// shows: embed
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto w = m.input<"w">(images);
#ifdef AKIN_EXPECT_ERROR
    return mean_where(w > 0, x);
#else
    return mean_where(broadcast(w, embed) > 0, x);
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
