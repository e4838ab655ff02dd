// SPDX-License-Identifier: Apache-2.0
// A function that cannot run in the compiler.
// expect: akin: program: the model's define does not run in the compiler
// max-lines: 14
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct made {
#ifdef AKIN_EXPECT_ERROR
  static auto define(akin::model& m) {
#else
  static constexpr auto define(akin::model& m) {
#endif
    return sum(m.input<"x">(images, embed));
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
