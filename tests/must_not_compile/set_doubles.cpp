// SPDX-License-Identifier: Apache-2.0
// Numbers of double for a program of float.
// expect: akin: set: numbers of another type
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
    return sum(x);
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
  const std::vector<float> numbers(4);
#ifdef AKIN_EXPECT_ERROR
  const std::vector<double> doubles(4);
  p.set<"x">(doubles);
#else
  p.set<"x">(numbers);
#endif
}
