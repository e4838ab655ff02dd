// SPDX-License-Identifier: Apache-2.0
// The reference backend: the conformance suite, and scalar functions where <cmath> has edges.
#include "backend/conformance.hpp"

#include <limits>

using namespace akin;

TEST_CASE("the reference backend conforms") {
  akin_test::backend_conforms([] { return reference_backend{}; }, 1e-12);
}

TEST_CASE("scalar functions at their edges") {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const auto apply = [](scalar code, double a, double b = 0, double c = 0) { return reference::apply({code}, a, b, c); };
  CHECK(apply(scalar::softplus, 800) == 800);
  CHECK(apply(scalar::softplus, -800) == 0);
  CHECK(apply(scalar::softplus, 0) == doctest::Approx(std::log(2.0)));
  CHECK(apply(scalar::sigmoid, -800) == 0);
  CHECK(apply(scalar::sigmoid, 800) == 1);
  CHECK(std::isnan(apply(scalar::maximum, nan, 1)));
  CHECK(std::isnan(apply(scalar::maximum, 1, nan)));
  CHECK(std::isnan(apply(scalar::minimum, 1, nan)));
  CHECK(apply(scalar::where, 1, 5, nan) == 5);
  CHECK(apply(scalar::where, 0, infinity, 5) == 5);
  CHECK(apply(scalar::less, nan, 1) == 0);
  CHECK(apply(scalar::logical_not, 0) == 1);
}
