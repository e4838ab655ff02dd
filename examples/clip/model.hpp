// SPDX-License-Identifier: Apache-2.0
// The model behind akin-clip: a small residual network for images, a mean of word embeddings for texts.
#pragma once

#include <akin/akin.hpp>
#include <akin/nn/cbow.hpp>
#include <akin/nn/residual_network.hpp>

namespace clip_model {

using namespace akin;

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct channels : axis<"channels"> {} channels;
inline constexpr struct height : axis<"height"> {} height;
inline constexpr struct width : axis<"width"> {} width;
inline constexpr struct narrow : axis<"narrow"> {} narrow;      // channels of the stages
inline constexpr struct wide : axis<"wide"> {} wide;
inline constexpr struct embed : axis<"embed"> {} embed;
inline constexpr struct vocabulary : axis<"vocabulary"> {} vocabulary;
inline constexpr struct tokens : axis<"tokens"> {} tokens;
inline constexpr struct text_width : axis<"text width"> {} text_width;

/// I_e of Figure 3: [images, channels, height, width] -> [images, embed], unit rows.
template <class Pixels>
constexpr auto encode_image(model& m, expr<real, Pixels> pixels) {
  const auto scope = m.scope("visual");
  const auto stem = relu(conv3_bn<2>(m, "stem", pixels, channels, narrow, height, width));
  const auto a = residual_block<2>(m, "layer1", stem, wide);
  const auto b = residual_block<1>(m, "layer2", a, wide);
  using grid = typename decltype(b)::axes_type;
  const auto pooled = mean(b, over(detail::axis_of<grid, 1>{}, detail::axis_of<grid, 2>{}));
  return l2_normalize(dot(pooled, m.parameter<"proj">(initial::normal(1, wide), wide, embed)));
}

/// T_e of Figure 3: [texts, tokens] -> [texts, embed], unit rows.
template <class Ids>
constexpr auto encode_text(model& m, expr<integer, Ids> ids) {
  const auto features = cbow(m, "token_embedding", ids, vocabulary, text_width, initial::normal(1));
  return l2_normalize(dot(features, m.parameter<"text_projection">(initial::normal(1, text_width), text_width, embed)));
}

enum class positives { one, same_class };

/// Figure 3, with the paper's one positive for each image, or with every text of the image's class.
template <positives Kind>
struct objective {
  static constexpr auto define(model& m) {
    const auto I_e = encode_image(m, m.data<"pixels">(images, channels, height, width));
    const auto T_e = encode_text(m, m.indices<"ids">(texts, tokens));
    const auto logits = dot(I_e, T_e) * learnable_temperature(m);
    if constexpr (Kind == positives::one) return info_nce(logits, paired(images, texts));
    else return info_nce(logits, same(m.indices<"image classes">(images), m.indices<"text classes">(texts)));
  }
};

struct image_encoder {
  static constexpr auto define(model& m) { return encode_image(m, m.data<"pixels">(images, channels, height, width)); }
};

struct text_encoder {
  static constexpr auto define(model& m) { return encode_text(m, m.indices<"ids">(texts, tokens)); }
};

}  // namespace clip_model
