// SPDX-License-Identifier: Apache-2.0
// The filters read other channels than the image has.
// expect: akin: conv2d: weight and image share no channel axis
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
    return sum(akin::conv2d<1, 0>(x, m.parameter<"w">(start, filters, depths, kh, kw), height, width));
#else
    return sum(akin::conv2d<1, 0>(x, m.parameter<"w">(start, filters, colours, kh, kw), height, width));
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
