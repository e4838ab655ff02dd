// SPDX-License-Identifier: Apache-2.0
// A tower as a program: a batch at a time, with the weights of a folder.
#pragma once

#include "public_model.hpp"
#include "tower.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <tuple>
#include <vector>

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
    std::vector<float> all;
    for (auto rest = inputs; !rest.empty();) {
      const auto some = rest.first(std::min(static_cast<std::size_t>(batch * input_size_), rest.size()));
      const auto rows = run(some, Batch{}(std::ssize(some) / input_size_));
      all.insert(all.end(), rows.begin(), rows.end());
      rest = rest.subspan(some.size());
    }
    return all;
  }

 protected:
  static constexpr std::int64_t batch = 16;

  /// At most a batch, whose extents are given; valid until the next one.
  template <class... Extents>
  std::span<const float> run(std::span<const Number> inputs, const Extents&... extents) {
    program_.resize(extents...);
    program_.template set<Input>(inputs);
    program_.forward();
    const auto value = program_.value();
    return {value.data, static_cast<std::size_t>(value.size())};
  }
  std::int64_t input_size() const { return input_size_; }

 private:
  akin::parameters<Model> weights_;
  akin::program<Model, akin::cpu_backend, akin::mode::evaluation> program_;
  std::int64_t input_size_;
};

/// A tower for which what stands after a text's end has no influence: it is not computed. Texts run beside others of about their own
/// length, so that a row does not depend on what else is asked for, but for its last bits where AMX's tiles compute the large batches.
template <class Model>
class causal_text_program : public tower_program<Model, "ids", struct public_clip::texts, std::int32_t> {
 public:
  using tower_program<Model, "ids", struct public_clip::texts, std::int32_t>::tower_program;

  std::vector<float> features(std::span<const std::int32_t> ids) override {
    const std::int64_t context = this->input_size(), count = std::ssize(ids) / context;
    const auto text = [&](std::int64_t k) { return ids.subspan(static_cast<std::size_t>(k * context), static_cast<std::size_t>(context)); };
    std::map<std::int64_t, std::vector<std::int64_t>> of_length;  // which texts, by the tokens that they are given
    for (std::int64_t k = 0; k < count; ++k) {
      const std::int64_t used = std::ranges::max_element(text(k)) - text(k).begin() + 1;
      of_length[std::min(context, (used + step - 1) / step * step)].push_back(k);
    }
    std::vector<float> all;
    for (const auto& [tokens, numbers] : of_length)
      for (auto rest = std::span{numbers}; !rest.empty();) {
        const auto some = rest.first(std::min(static_cast<std::size_t>(this->batch), rest.size()));
        std::vector<std::int32_t> shortened;
        for (const std::int64_t k : some) shortened.insert(shortened.end(), text(k).begin(), text(k).begin() + tokens);
        const auto rows = this->run(shortened, public_clip::texts(std::ssize(some)), public_clip::tokens(tokens));
        const std::size_t embed = rows.size() / some.size();
        all.resize(static_cast<std::size_t>(count) * embed);
        for (std::size_t k = 0; k < some.size(); ++k) std::ranges::copy(rows.subspan(k * embed, embed), all.begin() + some[k] * static_cast<std::ptrdiff_t>(embed));
        rest = rest.subspan(some.size());
      }
    return all;
  }

 private:
  static constexpr std::int64_t step = 16;  // whole vectors of attention's rows
};

template <class Model, class... Extents>
std::unique_ptr<image_tower> make_image_tower(const akin::clip_folder& folder, const threads& pool,
                                              const std::tuple<Extents...>& extents) {
  using program = tower_program<Model, "pixels", struct public_clip::images, float>;
  const auto& image = folder.architecture.image;
  return std::make_unique<program>(folder, pool, 3 * image.height * image.columns, extents);
}

template <class Model>
std::unique_ptr<text_tower> make_causal_text_tower(const akin::clip_folder& folder, const threads& pool) {
  return std::make_unique<causal_text_program<Model>>(folder, pool, folder.architecture.text.context, public_clip::text_extents(folder.architecture));
}

/// The padding of SigLIP's texts is a part of them.
template <class Model>
std::unique_ptr<text_tower> make_siglip_text_tower(const akin::clip_folder& folder, const threads& pool) {
  using program = tower_program<Model, "ids", struct public_clip::texts, std::int32_t>;
  return std::make_unique<program>(folder, pool, folder.architecture.text.context, public_clip::text_extents(folder.architecture));
}

}  // namespace clip_program
