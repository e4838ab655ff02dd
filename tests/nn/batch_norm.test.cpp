// SPDX-License-Identifier: Apache-2.0
// Batch normalisation: gradients on both backends after the running statistics have moved, and the statistics themselves.
#include <akin/nn/batch_norm.hpp>

#include <doctest/doctest.h>

#include "check_model.hpp"

using namespace akin;

namespace batch_norm_test {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct place : axis<"place"> {} place;
inline constexpr struct channels : axis<"channels"> {} channels;

struct normed {
  static constexpr auto define(model& m) {
    const auto y = batch_norm(m, "bn", m.input<"x">(images, place, channels), channels, over(images, place));
    m.output<"y">(y);
    return sum(y * m.data<"weight of y">(images, place, channels));
  }
};
struct evaluated {
  static constexpr auto define(model& m) { return batch_norm(m, "bn", m.data<"x">(images, place, channels), channels, over(images, place)); }
};

double far(std::string_view input, std::int64_t, double drawn) { return input == "x" ? 3 * drawn + 20 : drawn; }

}  // namespace batch_norm_test

using namespace batch_norm_test;

TEST_CASE("batch_norm: gradients are those of central differences, and the backends agree") {
  akin_test::check_gradients<normed>(akin_test::ordinary, images(3), place(2), channels(4));
  akin_test::check_cpu<normed>(akin_test::ordinary, 2e-5, images(7), place(5), channels(19));
}

TEST_CASE("a gradient reads the statistics that its forward read, though forward moves them") {
  akin_test::subject<normed, akin_test::tested_backend> fused{far, images(7), place(5), channels(3)};
  akin_test::subject<normed, reference_backend> exact{far, images(7), place(5), channels(3)};
  for (int run = 0; run < 3; ++run) akin_test::compare(fused.run(), exact.run(), 1e-3);  // x lies 7 deviations from 0: its moments cancel
}

TEST_CASE("running statistics move by a tenth towards the batch's, and evaluation uses them") {
  const std::int64_t n = 4, p = 3;
  parameters<normed, double> weights;
  program<normed, reference_backend> train{weights};
  train.bind(images(n), place(p), channels(1));
  std::vector<double> x, ones(static_cast<std::size_t>(n * p), 1.0);
  for (std::int64_t k = 0; k < n * p; ++k) x.push_back(static_cast<double>(k * k % 7));
  train.set<"x">(x);
  train.set<"weight of y">(ones);
  train.forward();
  double mean = 0, square = 0;
  for (const double v : x) mean += v / 12, square += v * v / 12;
  const double unbiased = (square - mean * mean) * 12 / 11;
  CHECK(weights.values()[static_cast<std::size_t>(weights.find("bn.running_mean")->offset)] == doctest::Approx(0.1 * mean));
  CHECK(weights.values()[static_cast<std::size_t>(weights.find("bn.running_var")->offset)] == doctest::Approx(0.9 + 0.1 * unbiased));

  program<evaluated, reference_backend, mode::evaluation> use{weights};
  use.bind(images(n), place(p));
  use.set<"x">(x);
  use.forward();
  CHECK(use.value().data[5] == doctest::Approx((x[5] - 0.1 * mean) / std::sqrt(0.9 + 0.1 * unbiased + 1e-5)));
}
