// SPDX-License-Identifier: Apache-2.0
// The encoders as programs, on any backend.
#pragma once

#include "classifier.hpp"
#include "model.hpp"

#include <algorithm>

namespace clip_program {

template <class Backend>
class encoder_programs : public encoders {
 public:
  template <class... BackendArguments>
  encoder_programs(akin::parameter_store<float>& weights, const model_sizes& sizes, pixel_scale scale,
                   const BackendArguments&... arguments)
      : image_{weights, arguments...}, text_{weights, arguments...}, sizes_{sizes}, scale_{scale} {
    image_.bind(clip_model::images(image_batch), clip_model::height(sizes.height), clip_model::width(sizes.width));
    text_.bind(clip_model::texts(text_batch), clip_model::tokens(sizes.tokens));
    pixels_.resize(static_cast<std::size_t>(image_batch * sizes.height * sizes.width));
  }

  std::vector<float> images(std::span<const std::uint8_t> bytes) override {
    const auto size = sizes_.height * sizes_.width, count = static_cast<std::int64_t>(bytes.size()) / size;
    std::vector<float> features;
    for (std::int64_t first = 0; first < count; first += image_batch) {
      const auto now = std::min(image_batch, count - first);
      scale_.apply(bytes.subspan(static_cast<std::size_t>(first * size), static_cast<std::size_t>(now * size)), pixels_.data());
      image_.resize(clip_model::images(now), clip_model::height(sizes_.height), clip_model::width(sizes_.width));
      image_.template set<"pixels">(std::span{pixels_}.first(static_cast<std::size_t>(now * size)));
      image_.forward();
      const auto v = image_.value();
      features.insert(features.end(), v.data, v.data + v.size());
    }
    return features;
  }

  std::vector<float> texts(std::span<const std::int32_t> ids) override {
    const auto count = static_cast<std::int64_t>(ids.size()) / sizes_.tokens;
    std::vector<float> features;
    for (std::int64_t first = 0; first < count; first += text_batch) {
      const auto now = std::min(text_batch, count - first);
      text_.resize(clip_model::texts(now), clip_model::tokens(sizes_.tokens));
      text_.template set<"ids">(
          ids.subspan(static_cast<std::size_t>(first * sizes_.tokens), static_cast<std::size_t>(now * sizes_.tokens)));
      text_.forward();
      const auto v = text_.value();
      features.insert(features.end(), v.data, v.data + v.size());
    }
    return features;
  }

 private:
  static constexpr std::int64_t image_batch = 500, text_batch = 64;
  akin::program<clip_model::image_encoder, Backend, akin::mode::evaluation> image_;
  akin::program<clip_model::text_encoder, Backend, akin::mode::evaluation> text_;
  model_sizes sizes_;
  pixel_scale scale_;
  std::vector<float> pixels_;
};

}  // namespace clip_program
