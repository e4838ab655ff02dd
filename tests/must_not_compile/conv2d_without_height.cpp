// SPDX-License-Identifier: Apache-2.0
// The image has no such height.
// expect: akin: conv2d: the image lacks its height or width
// shows: depths
// max-lines: 12
#include <akin/expr/conv2d.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct height : akin::axis<"height"> {} height;
inline constexpr struct width : akin::axis<"width"> {} width;
inline constexpr struct colours : akin::axis<"colours"> {} colours;
inline constexpr struct depths : akin::axis<"depths"> {} depths;
inline constexpr struct filters : akin::axis<"filters"> {} filters;
inline constexpr struct kh : akin::axis<"kh"> {} kh;
inline constexpr struct kw : akin::axis<"kw"> {} kw;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, height, width, colours);
    const auto start = akin::initial::constant(0);
#ifdef AKIN_EXPECT_ERROR
    return sum(akin::conv2d<1, 0>(x, m.parameter<"w">(start, filters, colours, kh, kw), depths, width));
#else
    return sum(akin::conv2d<1, 0>(x, m.parameter<"w">(start, filters, colours, kh, kw), height, width));
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
