// SPDX-License-Identifier: Apache-2.0
// Labels where it is asked which pairs are meant.
// expect: akin: predicate: expected paired(a, b) or a condition such as same(ids, other_ids)
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto s = dot(m.input<"x">(images, embed), m.input<"y">(texts, embed));
    const auto labels = m.indices<"labels">(images);
    const auto others = m.indices<"others">(texts);
#ifdef AKIN_EXPECT_ERROR
    return sum(as_real(same(labels, others))) + sum(select(s, labels, akin::over(texts)));
#else
    return sum(select(s, same(labels, others), akin::over(texts)));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
