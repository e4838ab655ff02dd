// SPDX-License-Identifier: Apache-2.0
// The positives of other axes than the logits.
// expect: akin: objective: the positives must name the axes of the similarity
// shows: words
// max-lines: 12
#include <akin/loss/cross_entropy.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct words : akin::axis<"words"> {} words;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return akin::cross_entropy(x, akin::paired(images, words), akin::over(embed));
#else
    return akin::cross_entropy(x, akin::paired(images, embed), akin::over(embed));
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}
