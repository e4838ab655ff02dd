// SPDX-License-Identifier: Apache-2.0
// Figure 3 of the CLIP paper (Radford et al. 2021), line for line, with a small image encoder and a bag of words.
#include <akin/akin.hpp>
#include <akin/nn/cbow.hpp>
#include <akin/nn/vision_transformer.hpp>

#include <cmath>
#include <iostream>
#include <span>
#include <vector>

// The letters of the figure: n images and n texts, h x w x c pixels, l words; d_i and d_t features, d_e in common.
inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct h : akin::axis<"h"> {} h;
inline constexpr struct w : akin::axis<"w"> {} w;
inline constexpr struct c : akin::axis<"c"> {} c;
inline constexpr struct l : akin::axis<"l"> {} l;
inline constexpr struct words : akin::axis<"words"> {} words;
inline constexpr struct d_i : akin::axis<"d_i"> {} d_i;
inline constexpr struct d_t : akin::axis<"d_t"> {} d_t;
inline constexpr struct d_e : akin::axis<"d_e"> {} d_e;

struct figure3 {
  static constexpr auto define(akin::model& m) {
    const auto I = m.data<"I">(images, c, h, w);   // minibatch of aligned images
    const auto T = m.indices<"T">(texts, l);       // minibatch of aligned texts
    const auto W_i = m.parameter<"W_i">(akin::initial::normal(1, d_i), d_i, d_e);  // learned projection of image to embed
    const auto W_t = m.parameter<"W_t">(akin::initial::normal(1, d_t), d_t, d_e);  // learned projection of text to embed
    const auto t = m.parameter<"t">(akin::initial::constant(0));                   // learned temperature parameter

    // extract feature representations of each modality
    const auto I_f = vision_transformer(m, "image_encoder", I, d_i);  // [images, d_i]
    const auto T_f = cbow(m, "text_encoder", T, words, d_t);          // [texts, d_t]
    // joint multimodal embedding
    const auto I_e = l2_normalize(dot(I_f, W_i), over(d_e));
    const auto T_e = l2_normalize(dot(T_f, W_t), over(d_e));
    // scaled pairwise cosine similarities
    const auto logits = dot(I_e, T_e) * exp(t);  // [images, texts], never stored
    // symmetric loss function
    const auto labels = paired(images, texts);
    const auto loss_i = cross_entropy(logits, labels, over(texts));
    const auto loss_t = cross_entropy(logits, labels, over(images));
    return (loss_i + loss_t) / 2;
  }
};

int main() {
  const std::int64_t n = 64, side = 16, colours = 3, length = 6, vocabulary = 50;
  akin::parameters<figure3> weights;
  weights.bind(1, c(colours), h(side), w(side), words(vocabulary), d_i(24), d_t(20), d_e(16), akin::image_tower::width(32), akin::image_tower::layers(2),
               akin::image_tower::hidden(64), akin::image_tower::patch(8));
  akin::program<figure3, akin::cpu_backend> clip{weights};
  clip.bind(images(n), texts(n), h(side), w(side), l(length), akin::image_tower::heads(2));
  std::cout << clip.explain();

  akin::random_stream random{2, 1};
  std::vector<float> pixels(static_cast<std::size_t>(n * colours * side * side));
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(n * length));
  for (float& x : pixels) x = static_cast<float>(random.normal());
  for (auto& x : tokens) x = static_cast<std::int32_t>(1 + random.below(vocabulary - 1));
  clip.set<"I">(pixels);
  clip.set<"T">(tokens);

  const float loss = clip.forward();
  std::cout << "loss " << loss << " at the start; ln " << n << " = " << std::log(n) << "\n";
  // A few steps of plain gradient descent on one batch: the pairs are learned by heart.
  float last = loss;
  for (int step = 0; step < 40; ++step) {
    clip.backward();
    const std::span<float> values = weights.values(), gradients = clip.gradients();
    for (std::size_t k = 0; k < values.size(); ++k) values[k] -= 0.5f * gradients[k];
    last = clip.forward();
  }
  std::cout << "loss " << last << " after 40 steps\n";
  return std::abs(loss - std::log(64.f)) < 0.5f && last < loss - 0.2f ? 0 : 1;
}
