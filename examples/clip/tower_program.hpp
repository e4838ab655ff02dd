// SPDX-License-Identifier: Apache-2.0
// A tower as a program: a batch at a time, with the weights of a folder.
#pragma once

#include "public_model.hpp"
#include "tower.hpp"

#include <algorithm>
#include <tuple>

namespace clip_program {

/// Model is a tower of public_clip, its input is called Input and numbered by the axis Batch.
template <class Model, akin::text Input, class Batch, class Number>
class tower_program : public tower<Number> {
 public:
  template <class... Extents>
  tower_program(const akin::clip_folder& folder, const threads& pool, std::int64_t input_size,
                const std::tuple<Extents...>& extents)
      : program_{weights_, pool}, input_size_{input_size} {
    const auto& a = folder.architecture;
    std::apply([&](const auto&... given) { program_.bind(Batch{}(batch), public_clip::embed(a.embed), given...); }, extents);
    akin::load_clip_weights(folder.weights, a, weights_);
  }

  std::vector<float> features(std::span<const Number> inputs) override {
    const std::int64_t count = std::ssize(inputs) / input_size_;
    std::vector<float> all;
    for (std::int64_t first = 0; first < count; first += batch) {
      const std::int64_t now = std::min(batch, count - first);
      program_.resize(Batch{}(now));
      program_.template set<Input>(
          inputs.subspan(static_cast<std::size_t>(first * input_size_), static_cast<std::size_t>(now * input_size_)));
      program_.forward();
      const auto value = program_.value();
      all.insert(all.end(), value.data, value.data + value.size());
    }
    return all;
  }

 private:
  static constexpr std::int64_t batch = 16;

  akin::parameters<Model> weights_;
  akin::program<Model, akin::cpu_backend, akin::mode::evaluation> program_;
  std::int64_t input_size_;
};

template <class Model, class... Extents>
std::unique_ptr<image_tower> make_image_tower(const akin::clip_folder& folder, const threads& pool,
                                              const std::tuple<Extents...>& extents) {
  using program = tower_program<Model, "pixels", struct public_clip::images, float>;
  const auto& image = folder.architecture.image;
  return std::make_unique<program>(folder, pool, 3 * image.height * image.columns, extents);
}

template <class Model>
std::unique_ptr<text_tower> make_text_tower(const akin::clip_folder& folder, const threads& pool) {
  using program = tower_program<Model, "ids", struct public_clip::texts, std::int32_t>;
  return std::make_unique<program>(folder, pool, folder.architecture.text.context,
                                   public_clip::text_extents(folder.architecture));
}

}  // namespace clip_program
