// SPDX-License-Identifier: Apache-2.0
// The CLIP loss of 32,768 pairs: 1.07 billion logits, none of them stored. Peak memory, and values against rows in double precision.
#include <akin/akin.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include <sys/resource.h>

using namespace akin;

namespace {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct embed : axis<"embed"> {} embed;

struct raw_clip {
  static constexpr auto define(model& m) {
    const auto s = dot(m.input<"x">(images, embed), m.input<"y">(texts, embed));
    return symmetric_cross_entropy(s, paired(images, texts));
  }
};

double peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

}  // namespace

TEST_CASE("32,768 x 32,768 pairs in a few megabytes, forward and backward") {
  const std::int64_t n = sanitized ? 2048 : 32768, d = 16;
  const auto z = [](std::int64_t k) { return static_cast<std::size_t>(k); };
  // The texts repeat 64 rows, so that the sums over all texts are sums over 64 numbers, and those over images need each image once.
  const std::int64_t different = 64, copies = n / different;
  std::vector<float> x(z(n * d)), y(z(n * d)), kinds(z(different * d));
  random_stream random{1, 2};
  for (float& v : x) v = static_cast<float>(0.7 * random.normal());
  for (float& v : kinds) v = static_cast<float>(0.7 * random.normal());
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t k = 0; k < d; ++k) y[z(j * d + k)] = kinds[z(j % different * d + k)];

  const double before = peak_bytes();
  parameters<raw_clip> weights;
  program<raw_clip, cpu_backend> p{weights};
  p.pair_budget(0);
  p.bind(images(n), texts(n), embed(d));
  p.set<"x">(x);
  p.set<"y">(y);
  const double loss = static_cast<double>(p.forward());
  p.backward();
  const double peak = peak_bytes() - before;
  const double embeddings = 4.0 * static_cast<double>(n * d);  // bytes of one side
  MESSAGE("peak ", peak / 1e6, " MB beyond the inputs; the logits would be ", 4e-6 * static_cast<double>(n) * static_cast<double>(n), " MB");
  if (!sanitized) CHECK(peak < 2 * embeddings + 64e6);

  // s[i][c] = <x_i, kind c>, in double precision.
  std::vector<double> s(z(n * different)), row(z(n)), column(z(different));
  for (std::int64_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::int64_t c = 0; c < different; ++c) {
      double dot = 0;
      for (std::int64_t k = 0; k < d; ++k) dot += static_cast<double>(x[z(i * d + k)]) * static_cast<double>(kinds[z(c * d + k)]);
      s[z(i * different + c)] = dot;
      sum += std::exp(dot);
      column[z(c)] += std::exp(dot);
    }
    row[z(i)] = static_cast<double>(copies) * sum;
  }
  double expected = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const double own = s[z(i * different + i % different)];
    expected += (std::log(row[z(i)]) - own + std::log(column[z(i % different)]) - own) / (2 * static_cast<double>(n));
  }
  CHECK(std::abs(loss - expected) < 2e-6 * expected);

  // Gradients of some rows: dx_i = (sum over c of (copies e^s / row_i + copies e^s / column_c) kind_c - 2 own) / 2n.
  const auto dx = p.gradient<"x">(), dy = p.gradient<"y">();
  const auto weight = [&](std::int64_t i, std::int64_t c) { return std::exp(s[z(i * different + c)]) * (1 / row[z(i)] + 1 / column[z(c)]); };
  double worst = 0, largest = 0;
  const std::int64_t stride = n / 31;
  for (std::int64_t i = 5; i < n; i += stride)
    for (std::int64_t k = 0; k < d; ++k) {
      double g = -2 * static_cast<double>(kinds[z(i % different * d + k)]);
      for (std::int64_t c = 0; c < different; ++c) g += static_cast<double>(copies) * weight(i, c) * static_cast<double>(kinds[z(c * d + k)]);
      g /= 2 * static_cast<double>(n);
      worst = std::max(worst, std::abs(g - static_cast<double>(dx.data[i * d + k])));
      largest = std::max(largest, std::abs(g));
    }
  for (const std::int64_t j : {std::int64_t{3}, n / 2 + 1, n - 1})
    for (std::int64_t k = 0; k < d; ++k) {
      double g = -2 * static_cast<double>(x[z(j * d + k)]);
      for (std::int64_t i = 0; i < n; ++i) g += weight(i, j % different) * static_cast<double>(x[z(i * d + k)]);
      g /= 2 * static_cast<double>(n);
      worst = std::max(worst, std::abs(g - static_cast<double>(dy.data[j * d + k])));
    }
  MESSAGE("largest error of a gradient: ", worst / largest, " of the largest entry");
  CHECK(worst < 1e-5 * largest);
}
