// SPDX-License-Identifier: Apache-2.0
// An objective of one's own: InfoNCE that leaves out all but the hard negatives, those within a learnable margin of the positive.
// It runs fused on the cpu backend, and its gradient is checked against central differences on the reference backend.
#include <akin/akin.hpp>

#include <cmath>
#include <iostream>
#include <vector>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct my_objective {
  static constexpr auto define(akin::model& m) {
    const auto s = cosine(m.input<"x">(images, embed), m.input<"y">(texts, embed)) * 10;
    const auto positive = predicate(m, paired(images, texts));
    const auto own = select(s, positive, over(texts));                                // [images]
    const auto margin = softplus(m.parameter<"margin">(akin::initial::constant(1)));  // a soft border, so that it can be learned
    const auto hardness = sigmoid(s - own + margin);                                  // [images, texts], never stored
    const auto negatives = sum(where(positive, 0, hardness * exp(s)), over(texts));
    return mean(log(exp(own) + negatives) - own) + 0.01 * square(margin);
  }
};

int main() {
  const std::int64_t n = 12, d = 7;
  akin::random_stream random{1, 1};
  std::vector<double> x(n * d), y(n * d);
  for (double& v : x) v = random.normal();
  for (double& v : y) v = random.normal();

  akin::parameters<my_objective, double> weights;
  akin::program<my_objective, akin::reference_backend> exact{weights};
  exact.bind(images(n), texts(n), embed(d));
  exact.set<"x">(x);
  exact.set<"y">(y);
  const double loss = exact.forward();
  exact.backward();
  const auto dx = exact.gradient<"x">();
  const std::vector<double> gradient(dx.data, dx.data + dx.size());

  double worst = 0;
  const auto differentiate = [&](double& number) {
    const double start = number, step = 1e-5;
    number = start + step;
    const double above = exact.forward();
    number = start - step;
    const double below = exact.forward();
    number = start;
    return (above - below) / (2 * step);
  };
  const double margin_gradient = exact.gradients()[0];
  for (std::size_t k = 0; k < x.size(); ++k) worst = std::max(worst, std::abs(differentiate(x[k]) - gradient[k]));
  worst = std::max(worst, std::abs(differentiate(weights.values()[0]) - margin_gradient));

  const std::vector<float> x32(x.begin(), x.end()), y32(y.begin(), y.end());
  akin::parameters<my_objective> weights32;
  akin::program<my_objective, akin::cpu_backend> fused{weights32};
  fused.bind(images(n), texts(n), embed(d));
  fused.set<"x">(x32);
  fused.set<"y">(y32);
  const double loss32 = static_cast<double>(fused.forward());

  std::cout << fused.explain() << "loss " << loss << ", fused " << loss32 << ", largest error of the gradient " << worst << "\n";
  return worst < 1e-8 && std::abs(loss - loss32) < 1e-5 * loss ? 0 : 1;
}
