// SPDX-License-Identifier: Apache-2.0
// A result that is an integer.
// expect: akin: program: the result is an integer or a condition: as_real(...) makes it a real
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images);
#ifdef AKIN_EXPECT_ERROR
    return arg_max(x, akin::over(images));
#else
    return as_real(arg_max(x, akin::over(images)));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
