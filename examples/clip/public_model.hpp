// SPDX-License-Identifier: Apache-2.0
// The public CLIPs as models: features and logits as outputs, the objective they were trained with as the result.
#pragma once

#include <akin/akin.hpp>
#include <akin/clip/architecture.hpp>
#include <akin/nn/text_transformer.hpp>
#include <akin/nn/vision_transformer.hpp>

namespace public_clip {

using namespace akin;

inline constexpr struct images : batch<"images"> {
} images;
inline constexpr struct texts : batch<"texts"> {
} texts;
inline constexpr struct logit_rows : axis<"logit rows"> {
} logit_rows;  // images under a name that may be stored beside texts
inline constexpr struct channels : axis<"channels", 3> {
} channels;
inline constexpr struct height : axis<"height"> {
} height;
inline constexpr struct columns : axis<"columns"> {
} columns;
inline constexpr struct tokens : axis<"tokens"> {
} tokens;
inline constexpr struct embed : axis<"embed"> {
} embed;

constexpr auto pixels_of(model& m) { return m.data<"pixels">(images, channels, height, columns); }
constexpr auto ids_of(model& m) { return m.indices<"ids">(texts, tokens); }

/// Names the features, and returns the logits of all pairs.
template <class Image, class Text, class Scaled>
constexpr auto logits_of(model& m, Image image, Text text, Scaled scaled) {
  m.output<"image_features">(image);
  m.output<"text_features">(text);
  const auto i = l2_normalize(image);
  const auto t = l2_normalize(text);
  m.output<"logits">(scaled(dot(rename(i, images, logit_rows), t)));
  return scaled(dot(i, t));
}

/// OpenAI's CLIP with a Vision Transformer.
template <class Activation>
struct vision_clip {
  static constexpr auto define(model& m) {
    const auto image = vision_transformer(m, "visual", pixels_of(m), embed, Activation{});
    const auto text = text_transformer(m, "", ids_of(m), embed, Activation{});
    const auto temperature = learnable_temperature(m);
    return symmetric_cross_entropy(logits_of(m, image, text, [&](auto cosines) { return cosines * temperature; }),
                                   paired(images, texts));
  }
};

/// Calls use(extents...) with what the text tower of such a model is bound to.
template <class Use>
auto with_text_extents(const clip_architecture& a, Use use) {
  namespace t = text_tower;
  return use(embed(a.embed), t::width(a.text.width), t::vocabulary(a.text.vocabulary), t::layers(a.text.layers),
             t::heads(a.text.heads), t::hidden(a.text.hidden));
}

}  // namespace public_clip
