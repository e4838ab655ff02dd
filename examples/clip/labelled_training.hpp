// SPDX-License-Identifier: Apache-2.0
// Training on labelled images, for either objective.
#pragma once

#include "model.hpp"
#include "labelled_run.hpp"

namespace clip_program {

/// Pixels, captions and classes of one step: everything follows from the seed and the step's number.
class batch_maker {
 public:
  explicit batch_maker(const labelled_run& s) : s_{s} {
    const auto& d = s.description;
    for (const auto& names : d.classes) {
      captions_.emplace_back();
      for (const auto& name : names)
        for (const auto& prompt : d.templates) {
          captions_.back().emplace_back(static_cast<std::size_t>(d.sizes.tokens));
          d.words.encode(akin::fill_template(prompt, name), captions_.back().back(), [](const std::string&) {});
        }
    }
    const auto batch = static_cast<std::size_t>(s.settings.batch);
    pixels.resize(batch * static_cast<std::size_t>(s.train.height * s.train.width));
    ids.resize(batch * static_cast<std::size_t>(d.sizes.tokens));
    classes.resize(batch);
  }

  void make(std::int64_t step) {
    const auto epoch = step / s_.steps_per_epoch(), place = step % s_.steps_per_epoch();
    if (epoch != epoch_) order_ = epoch_order(s_.train.count, s_.settings.seed, epoch_ = epoch);
    akin::random_stream random{s_.settings.seed, 2'000'000'000 + static_cast<std::uint64_t>(step)};
    const auto tokens = static_cast<std::size_t>(s_.description.sizes.tokens), image = static_cast<std::size_t>(s_.train.height * s_.train.width);
    for (std::size_t k = 0; k < classes.size(); ++k) {
      const auto n = order_[static_cast<std::size_t>(place * s_.settings.batch) + k];
      classes[k] = s_.train.labels[static_cast<std::size_t>(n)];
      augment(s_.train, n, s_.options.shift, s_.description.scale, random, &pixels[k * image]);
      const auto& captions = captions_[static_cast<std::size_t>(classes[k])];
      const auto& caption = captions[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(captions.size())))];
      std::copy(caption.begin(), caption.end(), ids.begin() + static_cast<std::ptrdiff_t>(k * tokens));
    }
  }

  std::vector<float> pixels;
  std::vector<std::int32_t> ids, classes;

 private:
  const labelled_run& s_;
  std::vector<std::vector<std::vector<std::int32_t>>> captions_;  // [class][caption]
  std::vector<std::int32_t> order_;
  std::int64_t epoch_ = -1;
};

/// A program of either objective, fed by a batch_maker.
template <clip_model::positives Kind, class Backend>
class labelled_training : public trained_program, public training_task {
 public:
  template <class... BackendArguments>
  labelled_training(labelled_run& run, encoders& encode, const BackendArguments&... arguments)
      : run_{run}, encode_{encode}, program_{*run.weights, arguments...}, batch_{run} {
    namespace model = clip_model;
    const auto& sizes = run.description.sizes;
    const auto batch = run.settings.batch;
    program_.bind(model::images(batch), model::texts(batch), model::height(sizes.height), model::width(sizes.width), model::tokens(sizes.tokens));
    program_.template set<"pixels">(batch_.pixels);
    program_.template set<"ids">(batch_.ids);
    if constexpr (Kind == model::positives::same_class) {
      program_.template set<"image classes">(batch_.classes);
      program_.template set<"text classes">(batch_.classes);
    }
  }

  float forward_and_backward() override { return program_.forward_and_backward(); }
  std::string first_not_finite() override { return program_.first_not_finite(); }
  void step(akin::adamw<float>& optimizer, double rate, double clip_norm) override { train_step(program_, optimizer, rate, clip_norm); }
  void make_batch(std::int64_t step) override { batch_.make(step); }
  double test(std::int64_t) override { return evaluate_now(run_, encode_).counts.top1(); }
  void save(double seconds) override { clip_program::save(run_, seconds); }

 private:
  labelled_run& run_;
  encoders& encode_;
  akin::program<clip_model::objective<Kind>, Backend> program_;
  batch_maker batch_;
};

/// Trains to the end or to an interruption; returns the seconds in all.
template <clip_model::positives Kind, class Backend, class... BackendArguments>
double train_labelled(labelled_run& run, encoders& encode, const BackendArguments&... arguments) {
  labelled_training<Kind, Backend> training{run, encode, arguments...};
  return training_loop(run, training, training);
}

}  // namespace clip_program
