// SPDX-License-Identifier: Apache-2.0
// A mistake that the compiler itself names: nothing of akin follows it.
// expect: undeclared_value
// max-lines: 20
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return akin::sum(x * undeclared_value);
#else
    return sum(x);
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
  const std::vector<float> numbers(4);
  p.bind(images(2), embed(2));
  p.set<"x">(numbers);
  const float loss = p.forward();
  p.backward();
  return loss > 0 ? 1 : 0;
}
