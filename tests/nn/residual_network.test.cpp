// SPDX-License-Identifier: Apache-2.0
// Residual blocks: axes, gradients, and both backends.
#include <akin/nn/residual_network.hpp>

#include <doctest/doctest.h>

#include "check_model.hpp"

using namespace akin;

namespace residual_network_test {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct height : axis<"height"> {} height;
inline constexpr struct columns : axis<"columns"> {} columns;
inline constexpr struct colours : axis<"colours"> {} colours;
inline constexpr struct narrow : axis<"narrow"> {} narrow;
inline constexpr struct wide : axis<"wide"> {} wide;

struct network {
  static constexpr auto define(model& m) {
    const auto stem = relu(conv3_bn<1>(m, "stem", m.input<"pixels">(images, colours, height, columns), colours, narrow, height, columns));
    static_assert(std::is_same_v<decltype(stem), const expr<real, axes<struct images, struct height, struct columns, struct narrow>>>);
    const auto same = residual_block<1>(m, "same", stem, narrow);
    const auto half = residual_block<2>(m, "half", same, wide);
    static_assert(std::is_same_v<decltype(half), const expr<real, axes<struct images, strided<struct height, 2>, strided<struct columns, 2>, struct wide>>>);
    m.output<"half">(half);
    return mean(half * half);
  }
};

}  // namespace residual_network_test

using namespace residual_network_test;

TEST_CASE("residual blocks: gradients are those of central differences, and the backends agree") {
  akin_test::check_gradients<network>(akin_test::ordinary, images(2), height(5), columns(4), colours(1), narrow(2), wide(3));
  akin_test::check_cpu<network>(akin_test::ordinary, 1e-4, images(5), height(9), columns(7), colours(3), narrow(6), wide(11));
}
