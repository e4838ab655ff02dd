// SPDX-License-Identifier: Apache-2.0
// The moving average against its sum in double, what it leaves alone, and training that is resumed to the same bits.
#include <akin/nn/batch_norm.hpp>
#include <akin/train/ema.hpp>

#include "check_model.hpp"
#include "support/files.hpp"

using namespace akin;

namespace ema_test {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct embed : axis<"embed"> {} embed;

struct regression {
  static constexpr auto define(model& m) {
    const auto x = batch_norm(m, "bn", m.data<"x">(images, embed), embed, over(images));
    const auto y = tanh(x * m.parameter<"w">(initial::normal(1), embed)) * m.frozen<"scale">(initial::normal(1), embed);
    return mean(square(y - m.data<"target">(images, embed)));
  }
};

/// A model that lacks two of its weights.
struct narrower {
  static constexpr auto define(model& m) {
    const auto y = tanh(m.data<"x">(images, embed) * m.parameter<"w">(initial::normal(1), embed)) * m.frozen<"scale">(initial::normal(1), embed);
    return mean(square(y - m.data<"target">(images, embed)));
  }
};

/// All that a run owns.
struct training {
  parameters<regression> weights;
  program<regression, akin_test::tested_backend> p{weights};
  std::vector<float> x, target;
  std::unique_ptr<adamw<float>> optimizer;
  std::unique_ptr<ema<float>> average;

  training() {
    p.bind(images(9), embed(5));
    random_stream random{8, 2};
    for (int k = 0; k < 45; ++k) x.push_back(static_cast<float>(random.normal())), target.push_back(static_cast<float>(random.normal()));
    p.set<"x">(x);
    p.set<"target">(target);
    optimizer = std::make_unique<adamw<float>>(weights, adamw<float>::settings{});
    average = std::make_unique<ema<float>>(weights, 0.9);
  }
  void step() {
    p.forward();
    p.backward();
    optimizer->step(p, 0.1);
    average->step(p);
  }
  std::vector<float> numbers() {
    std::vector<float> all(weights.values().begin(), weights.values().end());
    all.insert(all.end(), average->values().begin(), average->values().end());
    return all;
  }
};

}  // namespace ema_test

using namespace ema_test;

TEST_CASE("the average is the weights' sum with weights that fall by the decay") {
  training t;
  std::vector<std::vector<double>> history{{t.weights.values().begin(), t.weights.values().end()}};
  for (int k = 0; k < 20; ++k) {
    t.step();
    history.emplace_back(t.weights.values().begin(), t.weights.values().end());
  }
  const auto& scale = *t.weights.find("scale");
  std::size_t apart = 0;
  for (std::size_t k = 0; k < history[0].size(); ++k) {
    double expected = history[0][k] * std::pow(0.9, 20);
    for (std::size_t step = 1; step <= 20; ++step) expected += 0.1 * std::pow(0.9, 20.0 - static_cast<double>(step)) * history[step][k];
    CHECK(static_cast<double>(t.average->values()[k]) == doctest::Approx(expected).epsilon(2e-6));
    apart += std::abs(expected - history[20][k]) > 1e-3 ? 1 : 0;
    const auto at = static_cast<std::int64_t>(k);
    if (at >= scale.offset && at < scale.offset + scale.slice) CHECK(t.average->values()[k] == t.weights.values()[k]);  // frozen: the same bits
  }
  CHECK(apart >= 10);  // the weights have moved, and so have the running statistics
}

TEST_CASE("an exchange lends the averages to the programs and takes them back") {
  training t;
  for (int k = 0; k < 5; ++k) t.step();
  program<regression, akin_test::tested_backend, mode::evaluation> p{t.weights};
  p.bind(images(9), embed(5));
  p.set<"x">(t.x);
  p.set<"target">(t.target);
  const auto before = t.numbers();
  const float of_weights = p.forward();
  t.average->exchange();
  const float of_averages = p.forward();
  CHECK(of_averages != of_weights);
  t.average->exchange();
  CHECK(p.forward() == of_weights);
  CHECK(t.numbers() == before);
}

TEST_CASE("training that a checkpoint interrupts goes on to the same bits, averages included") {
  const temporary_folder folder;
  const std::string path = folder / "checkpoint.safetensors";
  training whole;
  for (int k = 0; k < 7; ++k) whole.step();
  save_checkpoint(path, whole.weights, *whole.optimizer, whole.average->series(), {});
  for (int k = 0; k < 7; ++k) whole.step();

  training resumed;
  const safetensors_file file{path};
  load_training_state(file, resumed.weights, *resumed.optimizer);
  resumed.average->load(file);
  for (int k = 0; k < 7; ++k) resumed.step();
  CHECK(resumed.numbers() == whole.numbers());
}

TEST_CASE("mistakes are named") {
  training t;
  CHECK(sentence_of([&] { ema<float>{t.weights, 1}; }) == "ema: the decay is 1, expected at least 0 and less than 1");
  CHECK(sentence_of([&] { ema<float>{t.weights, std::nan("")}; }) == "ema: the decay is nan, expected at least 0 and less than 1");
  const temporary_folder folder;
  const std::string path = folder / "checkpoint.safetensors";
  save_checkpoint(path, t.weights, *t.optimizer, {}, {});
  parameters<narrower> other;
  program<narrower, akin_test::tested_backend> q{other};
  q.bind(images(9), embed(5));
  adamw<float> others{other, adamw<float>::settings{}};
  CHECK(sentence_of([&] { load_training_state(safetensors_file{path}, other, others); }) == "checkpoint: '" + path + "' has the tensor 'bn.bias', which the model lacks");
  CHECK(sentence_of([&] { t.average->load(safetensors_file{path}); }) == "checkpoint: '" + path + "' has no tensor 'average.bn.weight' [5]");
}
