// SPDX-License-Identifier: Apache-2.0
// The public CLIPs as models: their towers one by one, whose results are features, and both with the objective they were trained
// with.
#pragma once

#include <akin/akin.hpp>
#include <akin/clip/architecture.hpp>
#include <akin/nn/modified_residual_network.hpp>
#include <akin/nn/siglip_text_transformer.hpp>
#include <akin/nn/siglip_vision_transformer.hpp>
#include <akin/nn/text_transformer.hpp>
#include <akin/nn/vision_transformer.hpp>

#include <tuple>

namespace public_clip {

using namespace akin;

inline constexpr struct images : batch<"images"> {
} images;
inline constexpr struct texts : batch<"texts"> {
} texts;
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

/// The towers: features as they leave them, before they are scaled to unit length.
template <class Activation>
struct vision_tower {
  static constexpr auto define(model& m) { return vision_transformer(m, "visual", pixels_of(m), embed, Activation{}); }
};
struct residual_vision_tower {
  static constexpr auto define(model& m) { return modified_residual_network(m, "visual", pixels_of(m), embed); }
};
template <class Activation>
struct siglip_vision_tower {
  static constexpr auto define(model& m) {
    return siglip_vision_transformer(m, "visual.trunk", pixels_of(m), embed, Activation{});
  }
};
template <class Activation>
struct causal_text_tower {
  static constexpr auto define(model& m) { return text_transformer(m, "", ids_of(m), embed, Activation{}); }
};
template <class Activation>
struct siglip_text_tower {
  static constexpr auto define(model& m) { return siglip_text_transformer(m, "text", ids_of(m), embed, Activation{}); }
};

/// Cosines of all pairs, [images, texts].
template <class Images, class Texts>
constexpr auto cosines_of(model& m) {
  const auto image = Images::define(m);
  const auto text = Texts::define(m);
  return cosine(image, text);
}

/// OpenAI's CLIP: two towers and a temperature.
template <class Images, class Texts>
struct clip {
  static constexpr auto define(model& m) {
    const auto cosines = cosines_of<Images, Texts>(m);
    return symmetric_cross_entropy(cosines * learnable_temperature(m), paired(images, texts));
  }
};

/// SigLIP: a temperature and a bias.
template <class Images, class Texts>
struct siglip_clip {
  static constexpr auto define(model& m) {
    const auto cosines = cosines_of<Images, Texts>(m);
    const auto temperature = learnable_temperature(m);
    const auto bias = learnable_bias(m);
    return siglip(cosines * temperature + bias, paired(images, texts), over(texts));
  }
};

/// What the towers of such a model are bound to, beside the batch and the width of the embedding.
inline auto vision_extents(const clip_architecture& a) {
  namespace t = image_tower;
  return std::tuple{height(a.image.height),    columns(a.image.columns), t::width(a.image.width),  t::patch(a.image.patch),
                    t::layers(a.image.layers), t::heads(a.image.heads),  t::hidden(a.image.hidden)};
}
/// SigLIP's trunk is as wide as the embedding.
inline auto siglip_vision_extents(const clip_architecture& a) {
  namespace t = image_tower;
  return std::tuple{height(a.image.height),    columns(a.image.columns), t::patch(a.image.patch),
                    t::layers(a.image.layers), t::heads(a.image.heads),  t::hidden(a.image.hidden)};
}
inline auto residual_vision_extents(const clip_architecture& a) {
  namespace t = residual_tower;
  const auto& blocks = a.image.stages;
  return std::tuple{height(a.image.height), columns(a.image.columns), t::width(a.image.width), t::heads(a.image.heads),
                    t::blocks_1(blocks[0]), t::blocks_2(blocks[1]),   t::blocks_3(blocks[2]),  t::blocks_4(blocks[3])};
}
inline auto text_extents(const clip_architecture& a) {
  namespace t = text_tower;
  return std::tuple{tokens(a.text.context),   t::width(a.text.width), t::vocabulary(a.text.vocabulary),
                    t::layers(a.text.layers), t::heads(a.text.heads), t::hidden(a.text.hidden)};
}

}  // namespace public_clip
