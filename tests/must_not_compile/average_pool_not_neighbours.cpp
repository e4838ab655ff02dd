// SPDX-License-Identifier: Apache-2.0
// Width stands before height.
// expect: akin: average_pool: height and width must be neighbours in this order
// shows: height
// max-lines: 12
#include <akin/expr/average_pool.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct height : akin::axis<"height"> {} height;
inline constexpr struct width : akin::axis<"width"> {} width;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, height, width);
#ifdef AKIN_EXPECT_ERROR
    return sum(akin::average_pool<2>(x, width, height));
#else
    return sum(akin::average_pool<2>(x, height, width));
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
