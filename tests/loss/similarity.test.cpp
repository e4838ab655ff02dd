// SPDX-License-Identifier: Apache-2.0
// Similarities of pairs at their edges: points that coincide.
#include "loss/golden.hpp"

using namespace akin;

struct distances {
  static constexpr auto define(model& m) {
    const auto x = x_of(m);
    const auto y = y_of(m);
    return sum(euclidean_distance(x, y)) + sum(squared_distance(x, y));
  }
};

TEST_CASE("the distance of a point to itself is 0, with gradient 0") {
  const auto got = akin_test::subject<distances, reference_backend>{[](std::string_view, std::int64_t k, double) { return static_cast<double>(k + 1); }, images(1), texts(1), embed(3)}.run();
  CHECK(got.at("loss")[0] == 0);
  CHECK(got.at("d x") == std::vector<double>(3, 0.0));
  akin_test::check_gradients<distances>(akin_test::ordinary, images(3), texts(2), embed(4));
}
