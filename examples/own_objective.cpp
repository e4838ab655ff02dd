// SPDX-License-Identifier: Apache-2.0
// An objective of one's own: InfoNCE that leaves out all but the hard negatives, those within a learnable margin of the positive.
// It runs fused on the cpu backend, and its gradient is checked against central differences on the reference backend.
#include <akin/akin.hpp>
#include <akin/graph/gradient_check.hpp>

#include <algorithm>
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
  double worst = 0;
  for (const auto& e : akin::gradient_check<my_objective>(images(n), texts(n), embed(d))) {
    std::cout << "gradient of " << e.name << ": differs from central differences by " << e.error << "\n";
    worst = std::max(worst, e.error);
  }

  akin::random_stream random{1, 1};
  std::vector<float> x(n * d), y(n * d);
  for (float& v : x) v = static_cast<float>(random.normal());
  for (float& v : y) v = static_cast<float>(random.normal());
  akin::parameters<my_objective> weights;
  akin::program<my_objective, akin::cpu_backend> fused{weights};
  fused.bind(images(n), texts(n), embed(d));
  fused.set<"x">(x);
  fused.set<"y">(y);
  const float loss = fused.forward();
  fused.backward();

  std::cout << fused.explain() << "loss " << loss << "\n";
  return worst < 1e-8 && std::isfinite(loss) ? 0 : 1;
}
