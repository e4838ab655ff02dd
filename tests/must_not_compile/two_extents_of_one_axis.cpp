// SPDX-License-Identifier: Apache-2.0
// One name for axes of two static extents.
// expect: akin: axis: one name for an akin::axis and an akin::batch, or for two static extents
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct three : akin::axis<"window", 3> {} three;
inline constexpr struct four : akin::axis<"window", 4> {} four;

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, three);
#ifdef AKIN_EXPECT_ERROR
    return sum(x) + sum(m.input<"y">(images, four));
#else
    return sum(x) + sum(exp(x));
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
}
