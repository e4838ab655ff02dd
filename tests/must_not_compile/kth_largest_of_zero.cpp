// SPDX-License-Identifier: Apache-2.0
// There is no zeroth largest entry.
// expect: akin: kth_largest: k counts from 1
// shows: kth_largest
// max-lines: 12
#include <akin/expr/reduce.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return akin::kth_largest<0>(x, over(embed));
#else
    return akin::kth_largest<1>(x, over(embed));
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
