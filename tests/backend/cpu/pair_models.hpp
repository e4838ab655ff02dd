// SPDX-License-Identifier: Apache-2.0
// Pair objectives on given unit vectors at a given scale, and embeddings on which rounding shows: what the tests of rounding share.
#pragma once

#include "check_model.hpp"

namespace pair_models {

using namespace akin;

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct embed : axis<"embed"> {} embed;

template <class Scale>
constexpr auto scaled(model& m, Scale scale) {
  return dot(m.input<"x">(images, embed), m.input<"y">(texts, embed)) * scale;
}

struct clip {
  static constexpr auto define(model& m) { return info_nce(scaled(m, exp(m.input<"t">())), paired(images, texts)); }
};

struct hard {
  static constexpr auto define(model& m) {
    const auto s = scaled(m, exp(m.input<"t">()));
    const auto lowest = m.input<"lowest">();
    return both_ways(s, [&](auto candidates) { return hard_negatives(s, paired(images, texts), candidates, 0.5, 0.1, lowest); });
  }
};

struct sigmoids {
  static constexpr auto define(model& m) { return siglip(scaled(m, exp(m.input<"t">())) - 10, paired(images, texts), over(texts)); }
};

/// Embeddings as floats, the same for every backend, and the largest of their products.
struct embeddings {
  std::int64_t n = 0, m = 0, d = 0;
  std::vector<double> x{}, y{};
  double length = 1;

  akin_test::generator at_scale(double s) const {
    return [this, s](std::string_view name, std::int64_t k, double) {
      return name == "t" ? std::log(s) : name == "lowest" ? -s * length * length : (name == "x" ? x : y)[static_cast<std::size_t>(k)];
    };
  }
};

/// near_duplicates: all rows of both sides lie 1e-4 from one row. one_dominant: one image and one text are equal, all other cosines are small.
/// hub: one text is nearer than all others to every image.
enum class rows { random, near_duplicates, one_dominant, hub };

inline void normalize(std::vector<double>& v, std::int64_t d, double length = 1) {
  for (std::size_t i = 0; i < v.size(); i += static_cast<std::size_t>(d)) {
    double square = 0;
    for (std::size_t k = 0; k < static_cast<std::size_t>(d); ++k) square += v[i + k] * v[i + k];
    for (std::size_t k = 0; k < static_cast<std::size_t>(d); ++k) v[i + k] = static_cast<double>(static_cast<float>(length * v[i + k] / std::sqrt(square)));
  }
}

inline embeddings drawn(rows kind, std::int64_t n, std::int64_t m, std::int64_t d, double length = 1) {
  embeddings e{n, m, d, {}, {}, length};
  random_stream random{3, 5};
  std::vector<double> base(static_cast<std::size_t>(d));
  for (double& b : base) b = random.normal();
  normalize(base, d);
  const auto fill = [&](std::vector<double>& v, std::int64_t count, double sign) {
    for (std::int64_t i = 0; i < count; ++i)
      for (std::int64_t k = 0; k < d; ++k) {
        const double noise = random.normal() / std::sqrt(static_cast<double>(d)), b = base[static_cast<std::size_t>(k)];
        v.push_back(kind == rows::near_duplicates ? b + 1e-4 * noise : kind == rows::random ? noise : i == 0 ? b : kind == rows::one_dominant ? noise : sign * b + 0.3 * noise);
      }
    normalize(v, d, length);
  };
  fill(e.x, n, 1);
  fill(e.y, m, -1);
  return e;
}

template <class Model, class Backend, class... Arguments>
akin_test::results results_of(const embeddings& e, double s, Arguments... arguments) {
  return akin_test::subject<Model, Backend>{std::tuple{arguments...}, e.at_scale(s), images(e.n), texts(e.m), embed(e.d)}.run();
}

/// Softmax of the logits along either axis, in double: how much of it a row or a column gathers at most, 1 where it is spread evenly.
inline double concentration(const embeddings& e, double s) {
  const auto n = static_cast<std::size_t>(e.n), m = static_cast<std::size_t>(e.m), d = static_cast<std::size_t>(e.d);
  std::vector<double> logits(n * m), row(n, -INFINITY), column(m, -INFINITY), row_sum(n), column_sum(m), of_row(n), of_column(m);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < m; ++j) {
      for (std::size_t k = 0; k < d; ++k) logits[i * m + j] += s * e.x[i * d + k] * e.y[j * d + k];
      row[i] = std::max(row[i], logits[i * m + j]);
      column[j] = std::max(column[j], logits[i * m + j]);
    }
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < m; ++j) {
      row_sum[i] += std::exp(logits[i * m + j] - row[i]);
      column_sum[j] += std::exp(logits[i * m + j] - column[j]);
    }
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < m; ++j) {
      const double both = (std::exp(logits[i * m + j] - row[i]) / row_sum[i] + std::exp(logits[i * m + j] - column[j]) / column_sum[j]) / 2;
      of_row[i] += both;
      of_column[j] += both;
    }
  return std::max(*std::max_element(of_row.begin(), of_row.end()), *std::max_element(of_column.begin(), of_column.end()));
}

inline double largest(const std::vector<double>& v) {
  double most = 0;
  for (const double x : v) most = std::max(most, std::abs(x));
  return most;
}

/// Largest difference of any two numbers.
inline double distance(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return INFINITY;
  double worst = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (!(std::abs(a[k] - b[k]) < INFINITY)) return INFINITY;
    worst = std::max(worst, std::abs(a[k] - b[k]));
  }
  return worst;
}

}  // namespace pair_models
