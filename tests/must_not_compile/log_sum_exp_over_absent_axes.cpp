// SPDX-License-Identifier: Apache-2.0
// One of several axes is missing, inside of a softmax.
// expect: akin: reduction: the operand does not have this axis
// shows: words
// max-lines: 12
#include <akin/expr/reduce.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct words : akin::axis<"words"> {} words;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return softmax(log_sum_exp(x, over(embed, words)), over(images));
#else
    return softmax(log_sum_exp(x, over(embed)), over(images));
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
