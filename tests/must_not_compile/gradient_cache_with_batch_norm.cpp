// SPDX-License-Identifier: Apache-2.0
// A batch in parts, for an encoder that normalises over the batch.
// expect: akin: gradient_cache: the encoder mixes the examples of a batch, as batch normalisation in training does
// max-lines: 12
#include <akin/akin.hpp>
#include <akin/nn/batch_norm.hpp>
#include <akin/nn/layer_norm.hpp>
#include <akin/train/gradient_cache.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

struct encoder {
  static constexpr auto define(akin::model& m) {
    const auto x = m.data<"pixels">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return akin::batch_norm(m, "bn", x, embed, akin::over(images));
#else
    return akin::layer_norm(m, "ln", x, akin::over(embed));
#endif
  }
};

struct loss {
  static constexpr auto define(akin::model& m) {
    const auto s = cosine(m.input<"x">(images, embed), m.data<"y">(texts, embed));
    return akin::info_nce(s, akin::paired(images, texts));
  }
};

int main() {
  akin::parameters<encoder> weights;
  akin::gradient_cache<loss, akin::cpu_backend, akin::encoded<"x", encoder>> step{weights};
}
