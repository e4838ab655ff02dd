// SPDX-License-Identifier: Apache-2.0
// The program of someone who uses akin: the CLIP loss of equal embeddings is the logarithm of their number.
#include <akin/akin.hpp>

#include <cmath>
#include <iostream>
#include <vector>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct clip_loss {
  static constexpr auto define(akin::model& m) {
    const auto logits = cosine(m.input<"x">(images, embed), m.input<"y">(texts, embed)) * akin::learnable_temperature(m);
    const auto pairs = paired(images, texts);
    return (cross_entropy(logits, pairs, over(texts)) + cross_entropy(logits, pairs, over(images))) / 2;
  }
};

int main() {
  akin::parameters<clip_loss> weights;
  akin::program<clip_loss, akin::cpu_backend> loss{weights};
  loss.bind(images(40), texts(40), embed(8));
  const std::vector<float> same(40 * 8, 0.5f);
  loss.set<"x">(same);
  loss.set<"y">(same);
  const float value = loss.forward();
  loss.backward();
  std::cout << "loss " << value << ", ln(40) is " << std::log(40.f) << "\n";
  return std::abs(value - std::log(40.f)) < 1e-5f ? 0 : 1;
}
