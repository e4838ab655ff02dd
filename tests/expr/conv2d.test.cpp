// SPDX-License-Identifier: Apache-2.0
// Convolution: strides 1, 2 and the kernel's extent, padding, channels last and channels first.
#include "check_model.hpp"

using namespace akin;
using akin_test::ordinary;

namespace {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct height : axis<"height"> {} height;
inline constexpr struct width : axis<"width"> {} width;
inline constexpr struct channels : axis<"channels"> {} channels;
inline constexpr struct filters : axis<"filters"> {} filters;
inline constexpr struct kh : axis<"kh"> {} kh;
inline constexpr struct kw : axis<"kw"> {} kw;

/// The same convolution of [images, height, width, channels] and of [images, channels, height, width].
template <int Stride, int Padding>
struct both_layouts {
  static constexpr auto define(model& m) {
    const auto last = m.input<"last">(images, height, width, channels);
    const auto first = m.input<"first">(images, channels, height, width);
    const auto weight = m.input<"weight">(filters, channels, kh, kw);
    const auto a = conv2d<Stride, Padding>(last, weight, height, width);
    const auto b = conv2d<Stride, Padding>(first, weight, height, width);
    m.output<"a">(a), m.output<"b">(b);
    return sum(a * a) / 10 + sum(sin(a) * b);
  }
};
using plain = both_layouts<1, 0>;
using padded = both_layouts<1, 1>;
using halved = both_layouts<2, 1>;
using patchwise = both_layouts<0, 0>;

/// One tower for both views, with as many filters as channels: the weight's gradient is a sum of tensors that have one axis twice.
struct shared_by_views {
  static constexpr auto define(model& m) {
    const auto tower = [&](auto x) {
      const auto weight = m.parameter<"weight">(initial::normal(1), channels, channels, kh, kw);
      return conv2d<1, 1>(tanh(conv2d<1, 1>(x, weight, height, width)), weight, height, width);
    };
    return sum(tower(m.input<"a">(images, height, width, channels)) * tanh(tower(m.input<"b">(images, height, width, channels))));
  }
};

template <class E, class Axes>
inline constexpr bool has_axes = std::is_same_v<typename std::remove_cvref_t<E>::axes_type, Axes>;
using x_type = expr<real, axes<struct images, struct channels, struct height, struct width>>;
using w_type = expr<real, axes<struct filters, struct channels, struct kh, struct kw>>;
static_assert(has_axes<decltype(conv2d<1, 1>(x_type{}, w_type{}, height, width)), axes<struct images, struct height, struct width, struct filters>>);

// By the definition, at one place of the result, from [images, height, width, channels].
double at(const std::vector<double>& x, const std::vector<double>& w, std::int64_t h, std::int64_t wd, std::int64_t c, std::int64_t k, std::int64_t n, std::int64_t i, std::int64_t j, std::int64_t f, std::int64_t stride, std::int64_t padding) {
  double sum = 0;
  for (std::int64_t p = 0; p < k; ++p)
    for (std::int64_t q = 0; q < k; ++q)
      for (std::int64_t ch = 0; ch < c; ++ch) {
        const auto row = i * stride + p - padding, column = j * stride + q - padding;
        if (row < 0 || row >= h || column < 0 || column >= wd) continue;
        sum += x[static_cast<std::size_t>(((n * h + row) * wd + column) * c + ch)] * w[static_cast<std::size_t>(((f * c + ch) * k + p) * k + q)];
      }
  return sum;
}

// Fills `first` with the transpose of `last`, checks values by the definition, and that both layouts agree.
template <class Model>
void check_values(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c, std::int64_t f, std::int64_t k, std::int64_t stride, std::int64_t padding) {
  akin_test::subject<Model, reference_backend> s{ordinary, images(n), height(h), width(w), channels(c), filters(f), kh(k), kw(k)};
  auto& x = s.reals["last"];
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t p = 0; p < h * w; ++p)
      for (std::int64_t ch = 0; ch < c; ++ch) s.reals["first"][static_cast<std::size_t>((i * c + ch) * h * w + p)] = x[static_cast<std::size_t>((i * h * w + p) * c + ch)];
  const auto got = s.run();
  const std::int64_t rows = (h + 2 * padding - k) / stride + 1, columns = (w + 2 * padding - k) / stride + 1;
  REQUIRE(got.at("a").size() == static_cast<std::size_t>(n * rows * columns * f));
  CHECK(got.at("a") == got.at("b"));
  std::size_t place = 0;
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t q = 0; q < columns; ++q)
        for (std::int64_t o = 0; o < f; ++o) CHECK(got.at("a")[place++] == doctest::Approx(at(x, s.reals["weight"], h, w, c, k, i, r, q, o, stride, padding)).epsilon(1e-12));
}

}  // namespace

TEST_CASE("values by the definition, and channels last as channels first") {
  check_values<plain>(2, 5, 4, 3, 2, 3, 1, 0);
  check_values<plain>(1, 3, 3, 1, 4, 1, 1, 0);
  check_values<padded>(2, 5, 4, 3, 2, 3, 1, 1);
  check_values<halved>(2, 7, 6, 3, 2, 3, 2, 1);
  check_values<patchwise>(2, 6, 9, 3, 4, 3, 3, 0);
  check_values<patchwise>(1, 7, 8, 2, 3, 3, 3, 0);  // the last rows and columns are left out
}

TEST_CASE("gradients") {
  akin_test::check_gradients<plain>(ordinary, images(2), height(4), width(3), channels(2), filters(2), kh(2), kw(2));
  akin_test::check_gradients<padded>(ordinary, images(1), height(3), width(4), channels(2), filters(2), kh(3), kw(3));
  akin_test::check_gradients<halved>(ordinary, images(1), height(5), width(4), channels(2), filters(2), kh(3), kw(3));
  akin_test::check_gradients<patchwise>(ordinary, images(2), height(4), width(5), channels(2), filters(2), kh(2), kw(2));
}

TEST_CASE("a weight that several convolutions share") {
  akin_test::check_gradients<shared_by_views>(ordinary, images(2), height(3), width(4), channels(2), kh(3), kw(3));
  akin_test::check_cpu<shared_by_views>(ordinary, 1e-4, images(3), height(7), width(5), channels(6), kh(3), kw(3));
}

TEST_CASE("cpu against reference") {
  akin_test::check_cpu<padded>(ordinary, 2e-5, images(2), height(7), width(9), channels(5), filters(6), kh(3), kw(3));
  akin_test::check_cpu<halved>(ordinary, 2e-5, images(3), height(9), width(6), channels(3), filters(17), kh(3), kw(3));
  akin_test::check_cpu<patchwise>(ordinary, 2e-5, images(2), height(8), width(12), channels(3), filters(10), kh(4), kw(4));
  akin_test::check_cpu<padded>(ordinary, 2e-5, images(1), height(1), width(1), channels(1), filters(1), kh(3), kw(3));
  for (const int h : {1, 2, 3, 4})  // some phases of the stride have no pixel
    for (const int w : {1, 2, 3, 4}) akin_test::check_cpu<halved>(ordinary, 2e-5, images(2), height(h), width(w), channels(3), filters(4), kh(3), kw(3));
}
