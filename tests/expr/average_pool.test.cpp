// SPDX-License-Identifier: Apache-2.0
// Average pooling: by its definition, where windows leave rows over, with channels last and channels first.
#include "check_model.hpp"

using namespace akin;
using akin_test::ordinary;

namespace average_pool_test {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct height : axis<"height"> {} height;
inline constexpr struct width : axis<"width"> {} width;
inline constexpr struct channels : axis<"channels"> {} channels;

template <int Size>
struct both_layouts {
  static constexpr auto define(model& m) {
    const auto a = average_pool<Size>(m.input<"last">(images, height, width, channels), height, width);
    const auto b = average_pool<Size>(m.input<"first">(images, channels, height, width), height, width);
    static_assert(std::is_same_v<decltype(a), const expr<real, axes<struct images, pooled<struct height, Size>, pooled<struct width, Size>, struct channels>>>);
    static_assert(std::is_same_v<decltype(b), const expr<real, axes<struct images, struct channels, pooled<struct height, Size>, pooled<struct width, Size>>>>);
    m.output<"a">(a), m.output<"b">(b);
    return sum(a * a) / 10 + sum(sin(a)) + sum(b * b * b);
  }
};
struct by_two : both_layouts<2> {};
struct by_three : both_layouts<3> {};

template <class Model>
void follows_the_definition(std::size_t n, std::size_t h, std::size_t w, std::size_t c, std::size_t size) {
  const auto as_extent = [](std::size_t x) { return static_cast<std::int64_t>(x); };
  akin_test::subject<Model, reference_backend> s{ordinary, images(as_extent(n)), height(as_extent(h)), width(as_extent(w)), channels(as_extent(c))};
  const auto got = s.run();
  const auto &last = s.reals["last"], &first = s.reals["first"];
  std::size_t of_a = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t row = 0; row < h / size; ++row)
      for (std::size_t column = 0; column < w / size; ++column)
        for (std::size_t channel = 0; channel < c; ++channel) {
          double a = 0, b = 0;
          for (std::size_t y = row * size; y < (row + 1) * size; ++y)
            for (std::size_t x = column * size; x < (column + 1) * size; ++x) a += last[((i * h + y) * w + x) * c + channel], b += first[((i * c + channel) * h + y) * w + x];
          const double area = static_cast<double>(size * size);
          CHECK(got.at("a")[of_a++] == doctest::Approx(a / area).epsilon(1e-13));
          CHECK(got.at("b")[((i * c + channel) * (h / size) + row) * (w / size) + column] == doctest::Approx(b / area).epsilon(1e-13));
        }
  CHECK(got.at("a").size() == of_a);
}

}  // namespace average_pool_test

using namespace average_pool_test;

TEST_CASE("average_pool follows its definition; what is left beyond the last window has no part") {
  follows_the_definition<by_two>(2, 4, 6, 3, 2);
  follows_the_definition<by_two>(1, 7, 5, 2, 2);
  follows_the_definition<by_three>(2, 8, 3, 1, 3);
}

TEST_CASE("average_pool: gradients are those of central differences, and the backends agree") {
  akin_test::check_gradients<by_two>(ordinary, images(2), height(5), width(4), channels(2));
  akin_test::check_gradients<by_three>(ordinary, images(1), height(3), width(7), channels(2));
  akin_test::check_cpu<by_two>(ordinary, 1e-5, images(3), height(9), width(8), channels(17));
  akin_test::check_cpu<by_two>(ordinary, 1e-5, images(0), height(4), width(4), channels(2));
  akin_test::check_cpu<by_three>(ordinary, 1e-5, images(2), height(3), width(11), channels(5));
}

TEST_CASE("average_pool: an image that is smaller than a window is named") {
  parameters<by_three, double> weights;
  program<by_three, reference_backend> p{weights};
  CHECK_THROWS_WITH_AS(p.bind(images(1), height(2), width(4), channels(1)),
                       "bind: axis 'height' of extent 2 is smaller than its window 'side in windows of 3' of 3", error);
}
