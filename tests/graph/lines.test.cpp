// SPDX-License-Identifier: Apache-2.0
// Which maps run together line by line, and that they give what the reference gives, which runs each by itself.
#include "check_model.hpp"

#include <akin/graph/lines.hpp>

#include <cstdint>

using namespace akin;
using akin_test::ordinary;

namespace {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct tokens : axis<"tokens"> {} tokens;
inline constexpr struct width : axis<"width"> {} width;
inline constexpr struct layers : axis<"layers"> {} layers;

constexpr auto x_of(model& m) { return m.input<"x">(images, tokens, width); }
constexpr auto normed(auto x, auto over_what) { return (x - mean(x, over_what)) / sqrt(mean(square(x - mean(x, over_what)), over_what) + 0.1); }

// Every kind of reduction along a line, each waiting for the one before; in a layer, whose gradient has lines too.
struct all_kinds {
  static constexpr auto define(model& m) {
    return sum(square(repeat(m, layers, "blocks", x_of(m), [](auto x) {
      const auto y = exp(x - log_sum_exp(x, over(width))) + 0.1 * x;
      const auto z = (y - min(y, over(width))) / (max(y, over(width)) - min(y, over(width)) + 0.1);
      return normed(z, over(width));
    })));
  }
};
// Of one map results for each line, for each place along it, and for all; random numbers by the place in the whole.
struct sums_of_all_kinds {
  static constexpr auto define(model& m) {
    const auto x = dropout(x_of(m) + m.parameter<"bias">(initial::normal(1), width), 0.3);
    const auto y = x / sqrt(sum(square(x), over(width)) + 1);
    return sum(tanh(sum(y, over(width)))) + sum(tanh(sum(y * x, over(images, tokens)))) + sum(tanh(sum(y, over(images)))) + sum(y * y);
  }
};
struct along {
  static constexpr auto define(model& m) {
    const auto x = x_of(m);
    return sum(tanh(normed(x, over(width)) * x));
  }
};
// A sum of each line whose axes are turned, which the next map reads.
struct turned {
  static constexpr auto define(model& m) {
    const auto places = m.data<"places">(tokens, images) + sum(x_of(m), over(width));
    const auto y = places * m.input<"w">(images, tokens, width);
    return sum(tanh(y - mean(y, over(width))));
  }
};
// Means that cross the lines, means over the examples or over two axes, and a sum that nothing waits for along its line: none of them has lines.
struct without_lines {
  static constexpr auto define(model& m) {
    const auto x = x_of(m);
    return sum(x - mean(x, over(tokens))) + sum(x - mean(x, over(images))) + sum(x - mean(x, over(tokens, width))) + sum(tanh(sum(x, over(width))));
  }
};

template <class Model>
constexpr auto groups = [] { return akin::detail::line_groups_of<Model, mode::evaluation>; }();

}  // namespace

TEST_CASE("maps that wait for sums along their lines are one group") {
  // mean, its part of the difference, variance, its root, the result
  static_assert(groups<along>.size() == 1 && groups<along>[0].count >= 4 && groups<along>[0].lines.rank == 2);
  static_assert(groups<without_lines>.size() == 0);
}

TEST_CASE("explain says what runs line by line") {
  parameters<along> weights;
  program<along, akin_test::tested_backend, mode::evaluation> p{weights};
  p.bind(images(3), tokens(4), width(5));
  CHECK((p.explain().find("\n  line by line of [images = 3, tokens = 4]:\n    map [") != std::string::npos) == akin_test::tested_backend::runs_lines);
}

TEST_CASE("line by line as map by map") {
  akin_test::check_gradients<all_kinds>(ordinary, images(2), tokens(2), width(5), layers(2));
  akin_test::check_cpu<all_kinds>(ordinary, 1e-4, images(3), tokens(7), width(67), layers(2));
  akin_test::check_gradients<sums_of_all_kinds>(ordinary, images(2), tokens(3), width(4));
  akin_test::check_cpu<sums_of_all_kinds>(ordinary, 1e-4, images(5), tokens(3), width(40));
  akin_test::check_gradients<turned>(ordinary, images(3), tokens(2), width(4));
  akin_test::check_cpu<turned>(ordinary, 1e-4, images(3), tokens(5), width(7));
  akin_test::check_gradients<along>(ordinary, images(2), tokens(4), width(3));
  akin_test::check_cpu<along>(ordinary, 1e-4, images(3), tokens(5), width(33));
  akin_test::check_cpu<along>(ordinary, 1e-4, images(1), tokens(1), width(1));
  akin_test::check_cpu<without_lines>(ordinary, 1e-4, images(3), tokens(4), width(5));
}
