// SPDX-License-Identifier: Apache-2.0
// The check finds what it is for: a gradient that is wrong, missing or not a number; and a model that is sound passes, its states included.
#include <akin/akin.hpp>
#include <akin/graph/gradient_check.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace akin;

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct embed : axis<"embed"> {} embed;

struct sound {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto w = m.parameter<"w">(initial::normal(1), embed);
    return sum(exp(0.1 * x) * w);
  }
};

struct half_of_it {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    return sum(x * stop_gradient(x)) + sum(m.input<"y">(images));
  }
};

// Without a gradient at 0, though the difference quotient there is 0.
struct root {
  static constexpr auto define(model& m) { return sum(sqrt(abs(m.input<"x">(images)))); }
};

struct moving_mean {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images);
    const auto seen = m.state<"seen">(initial::constant(0.5));
    m.update(seen, 0.9 * seen + 0.1 * stop_gradient(mean(x)));
    return sum(square(x) * seen);
  }
};

TEST_CASE("a sound model passes, in every input and parameter") {
  const auto errors = gradient_check<sound>(images(3), embed(4));
  REQUIRE(errors.size() == 2);
  for (const auto& e : errors) CHECK(e.error < 1e-8);
}

TEST_CASE("a gradient that is half of the truth is named first") {
  const auto errors = gradient_check<half_of_it>([](std::string_view, std::int64_t k, double) { return 1.0 + static_cast<double>(k); }, images(2), embed(3));
  REQUIRE(errors.size() == 2);
  CHECK(errors[0].name == "x");
  CHECK(errors[0].entry == 5);
  CHECK(std::abs(errors[0].error - 0.5) < 1e-6);
  CHECK(errors[1].error < 1e-8);
}

TEST_CASE("what is not a number is no agreement") {
  const auto errors = gradient_check<root>([](std::string_view, std::int64_t k, double) { return k == 1 ? 0.0 : 4.0; }, images(3));
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].entry == 1);
  CHECK(std::isinf(errors[0].error));
  CHECK(!std::isfinite(errors[0].gradient));
}

TEST_CASE("runs of the check all start from the same states") {
  for (const auto& e : gradient_check<moving_mean>(images(5))) CHECK(e.error < 1e-8);
}
