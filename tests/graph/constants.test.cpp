// SPDX-License-Identifier: Apache-2.0
// Gradients that fold to a constant and are read by a kernel: they have numbers in memory like any other operand.
#include "check_model.hpp"

#include <akin/expr/layout.hpp>

using namespace akin;

namespace constants_test {

inline constexpr struct width : axis<"width"> {} width;

struct scalar_product {
  static constexpr auto define(model& m) {
    const auto v = m.input<"v">(width);
    return dot(v, v);
  }
};
struct penalty {
  static constexpr auto define(model& m) {
    const auto w = m.parameter<"w">(initial::normal(1), width);
    return sum(exp(w)) + 0.01 * dot(w, w);
  }
};
struct one_entry {
  static constexpr auto define(model& m) { return take(m.input<"v">(width), width, 2); }
};

}  // namespace constants_test

using namespace constants_test;

TEST_CASE("gradients that are constants reach kernels") {
  akin_test::check_gradients<scalar_product>(akin_test::ordinary, width(5));
  akin_test::check_cpu<scalar_product>(akin_test::ordinary, 1e-6, width(33));
  akin_test::check_gradients<penalty>(akin_test::ordinary, width(5));
  akin_test::check_cpu<penalty>(akin_test::ordinary, 1e-6, width(33));
  akin_test::check_gradients<one_entry>(akin_test::ordinary, width(5));
  akin_test::check_cpu<one_entry>(akin_test::ordinary, 1e-6, width(33));
}
