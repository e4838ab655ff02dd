// SPDX-License-Identifier: Apache-2.0
// A program that was built to evaluate has no gradients.
// expect: akin: backward: the program is built for evaluation
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;

struct made {
  static constexpr auto define(akin::model& m) { return sum(m.input<"x">(images)); }
};

int main() {
  akin::parameters<made> weights;
#ifdef AKIN_EXPECT_ERROR
  akin::program<made, akin::cpu_backend, akin::mode::evaluation> p{weights};
#else
  akin::program<made, akin::cpu_backend, akin::mode::training> p{weights};
#endif
  p.backward();
}
