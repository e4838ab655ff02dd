// SPDX-License-Identifier: Apache-2.0
// A model of public_clip with the program that trains it.
#pragma once

#include "public_model.hpp"
#include "trained_clip.hpp"

#include <memory>
#include <string>
#include <tuple>

namespace clip_program {

template <class Model>
class trained_clip_program : public trained_clip {
 public:
  template <class... Extents>
  trained_clip_program(std::int64_t batch, std::uint64_t seed, const threads& pool, const std::tuple<Extents...>& extents)
      : program_{weights_, pool} {
    std::apply(
        [&](const auto&... given) {
          weights_.bind(seed, given...);
          program_.bind(public_clip::images(batch), public_clip::texts(batch), given...);
        },
        extents);
  }

  akin::parameter_store<float>& weights() override { return weights_; }
  void set(std::span<const float> pixels, std::span<const std::int32_t> ids) override {
    program_.template set<"pixels">(pixels);
    program_.template set<"ids">(ids);
  }
  float forward_and_backward() override { return program_.forward_and_backward(); }
  std::string first_not_finite() override { return program_.first_not_finite(); }
  void step(akin::adamw<float>& optimizer, double rate, double clip_norm) override { train_step(program_, optimizer, rate, clip_norm); }

 private:
  akin::parameters<Model> weights_;
  akin::program<Model, akin::cpu_backend> program_;
};

/// What make_trained of a family does; `vision` are its image tower's extents.
template <class Model, class... Extents>
std::unique_ptr<trained_clip> make_trained_clip(const akin::clip_architecture& a, std::int64_t batch, std::uint64_t seed, const threads& pool,
                                                const std::tuple<Extents...>& vision) {
  return std::make_unique<trained_clip_program<Model>>(
      batch, seed, pool, std::tuple_cat(std::tuple{public_clip::embed(a.embed)}, vision, public_clip::text_extents(a)));
}

}  // namespace clip_program
