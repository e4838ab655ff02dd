// SPDX-License-Identifier: Apache-2.0
// An objective made of several reductions, with positives of other pairs: still one error.
// expect: akin: objective: the positives must name the axes of the similarity
// shows: words
// max-lines: 16
#include <akin/loss/debiased.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct words : akin::axis<"words"> {} words;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return akin::debiased(x, akin::paired(images, words), akin::over(embed), 0.1, -1);
#else
    return akin::debiased(x, akin::paired(images, embed), akin::over(embed), 0.1, -1);
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
