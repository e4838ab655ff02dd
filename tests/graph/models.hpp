// SPDX-License-Identifier: Apache-2.0
// Small models that the tests of the passes look at.
#pragma once

#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;
inline constexpr struct pixels : akin::axis<"pixels"> {} pixels;
inline constexpr struct layers : akin::axis<"layers"> {} layers;
inline constexpr struct steps : akin::axis<"steps"> {} steps;

/// Cosines of two inputs times exp(t).
constexpr auto logits(akin::model& m) {
  const auto x = l2_normalize(m.input<"x">(images, embed));
  const auto y = l2_normalize(m.input<"y">(texts, embed));
  return dot(x, y) * exp(m.parameter<"t">(akin::initial::constant(2)));
}

struct clip_loss {
  static constexpr auto define(akin::model& m) { return symmetric_cross_entropy(logits(m), paired(images, texts)); }
};

struct info_nce_loss {
  static constexpr auto define(akin::model& m) { return cross_entropy(logits(m), paired(images, texts), over(texts)); }
};

struct sigmoid_loss {
  static constexpr auto define(akin::model& m) {
    const auto s = logits(m) + m.parameter<"bias">(akin::initial::constant(-4));
    return sum(softplus(where(predicate(m, paired(images, texts)), -s, s))) / count(m, images);
  }
};

/// Two dense layers and a repeat inside of a repeat.
struct deep_model {
  static constexpr auto define(akin::model& m) {
    const auto w = m.parameter<"projection">(akin::initial::normal(1, pixels), pixels, embed);
    const auto x = tanh(dot(m.data<"x">(images, pixels), w));
    const auto y = repeat(m, layers, "outer", x, [&](auto h) {
      const auto scale = m.parameter<"scale">(akin::initial::normal(1), embed);
      const auto g = repeat(m, steps, "inner", h * scale, [&](auto k) { return k + tanh(k * m.parameter<"weight">(akin::initial::normal(1), embed)); });
      return g * sigmoid(h) + h;
    });
    return sum(exp(y) * y) / 7 + sum(x * sum(w * w, over(pixels)));
  }
};
