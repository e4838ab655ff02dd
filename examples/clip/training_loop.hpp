// SPDX-License-Identifier: Apache-2.0
// The loop over steps, for either objective.
#pragma once

#include "model.hpp"
#include "training_run.hpp"

#include <akin/train/progress.hpp>
#include <akin/train/schedule.hpp>

namespace clip_program {

/// Pixels, captions and classes of one step: everything follows from the seed and the step's number.
class batch_maker {
 public:
  explicit batch_maker(const training_run& s) : s_{s} {
    const auto& d = s.description;
    for (const auto& names : d.classes) {
      captions_.emplace_back();
      for (const auto& name : names)
        for (const auto& prompt : d.templates) {
          captions_.back().emplace_back(static_cast<std::size_t>(d.sizes.tokens));
          d.words.encode(akin::fill_template(prompt, name), captions_.back().back(), [](const std::string&) {});
        }
    }
    const auto batch = static_cast<std::size_t>(s.options.batch);
    pixels.resize(batch * static_cast<std::size_t>(s.train.height * s.train.width));
    ids.resize(batch * static_cast<std::size_t>(d.sizes.tokens));
    classes.resize(batch);
  }

  void make(std::int64_t step) {
    const auto epoch = step / s_.steps_per_epoch(), place = step % s_.steps_per_epoch();
    if (epoch != epoch_) order_ = epoch_order(s_.train.count, s_.options.seed, epoch_ = epoch);
    akin::random_stream random{s_.options.seed, 2'000'000'000 + static_cast<std::uint64_t>(step)};
    const auto tokens = static_cast<std::size_t>(s_.description.sizes.tokens), image = static_cast<std::size_t>(s_.train.height * s_.train.width);
    for (std::size_t k = 0; k < classes.size(); ++k) {
      const auto n = order_[static_cast<std::size_t>(place * s_.options.batch) + k];
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
  const training_run& s_;
  std::vector<std::vector<std::vector<std::int32_t>>> captions_;  // [class][caption]
  std::vector<std::int32_t> order_;
  std::int64_t epoch_ = -1;
};

template <clip_model::positives Kind, class Backend, class... BackendArguments>
double training_loop(training_run& s, encoders& encode, const BackendArguments&... arguments) {
  namespace model = clip_model;
  const auto& o = s.options;
  const auto& sizes = s.description.sizes;
  akin::program<model::objective<Kind>, Backend> program{*s.weights, arguments...};
  program.bind(model::images(o.batch), model::texts(o.batch), model::height(sizes.height), model::width(sizes.width), model::tokens(sizes.tokens));
  batch_maker batch{s};
  program.template set<"pixels">(batch.pixels);
  program.template set<"ids">(batch.ids);
  if constexpr (Kind == model::positives::same_class) {
    program.template set<"image classes">(batch.classes);
    program.template set<"text classes">(batch.classes);
  }
  const akin::warmup_cosine schedule{o.learning_rate, std::max<std::int64_t>(1, s.total_steps() / 10), s.total_steps()};
  akin::progress line{stderr, s.total_steps(), s.steps_per_epoch(), o.batch};
  const double start = akin::steady_seconds();
  const auto seconds = [&] { return s.seconds_before + akin::steady_seconds() - start; };
  while (s.step < s.total_steps() && !interrupted) {
    batch.make(s.step);
    const float loss = program.forward();
    if (!std::isfinite(loss)) {
      const auto culprit = program.first_not_finite();
      akin::fail("training: the loss of step ", s.step, " is not finite; the first such value is in ", culprit, "; what was saved before is kept");
    }
    program.backward();
    const double rate = schedule(s.step);
    akin::clip_gradient_norm(program, s.optimizer->groups(), o.clip_norm);
    s.optimizer->step(program, rate);
    akin::clamp_temperature(program);
    const auto epoch = s.step / s.steps_per_epoch() + 1;
    ++s.step;
    line.update({epoch, s.step, static_cast<double>(loss), rate, s.temperature()});
    const bool epoch_ends = s.step % s.steps_per_epoch() == 0;
    if (epoch_ends || s.step % 10 == 0) {
      const double top1 = epoch_ends ? evaluate_now(s, encode).top1 : std::nan("");
      for (const double x : {static_cast<double>(s.step), static_cast<double>(epoch), static_cast<double>(loss), rate, s.temperature(), seconds(), top1}) s.history.push_back(static_cast<float>(x));
      if (epoch_ends) line.note("epoch " + std::to_string(epoch) + ": zero-shot top-1 " + std::to_string(top1).substr(0, 6) + " on the test images");
    }
    if (epoch_ends || s.step % o.checkpoint_every == 0) save(s, seconds());
  }
  if (interrupted) save(s, seconds());
  return seconds();
}

}  // namespace clip_program
