// SPDX-License-Identifier: Apache-2.0
// akin's side of compare.py. Reads lines "what precision batch [file]", makes one step each, and answers with
// "seconds loss peak_bytes"; a file receives the features.
#include "../examples/clip/public_model.hpp"

#include <akin/clip/presets.hpp>
#include <akin/clip/weights.hpp>
#include <akin/io/npy.hpp>
#include <akin/train/optimizer.hpp>

#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

namespace {

using namespace public_clip;

using vision = vision_tower<quick_gelu_function>;
using language = causal_text_tower<quick_gelu_function>;
using both_towers = clip<vision, language>;

clip_architecture architecture() {
  return clip_preset("ViT-B-32-quickgelu");
}

/// What both sides read.
struct inputs {
  explicit inputs(const std::string& folder)
      : pixels{read_npy<float>(folder + "/pixels.npy")}, ids{read_npy<std::int32_t>(folder + "/ids.npy")} {}
  std::span<const float> images(std::int64_t count) const { return first(pixels, count); }
  std::span<const std::int32_t> texts(std::int64_t count) const { return first(ids, count); }

  npy_array<float> pixels;
  npy_array<std::int32_t> ids;

 private:
  template <class T>
  static std::span<const T> first(const npy_array<T>& a, std::int64_t count) {
    return std::span{a.values}.first(a.values.size() / static_cast<std::size_t>(a.shape[0]) * static_cast<std::size_t>(count));
  }
};

struct computer {
  std::shared_ptr<thread_pool> pool;
  precision products;
};

class work {
 public:
  virtual ~work() = default;
  /// Returns the loss, where there is one.
  virtual double step() = 0;
  virtual void write_features(const std::string&) {}
};

template <class Model, text Input>
class encoding final : public work {
 public:
  template <class Batch, class Number, class... Extents>
  encoding(parameter_store<float>& weights, const computer& on, Batch batch, std::span<const Number> values, const std::tuple<Extents...>& given)
      : program_{weights, on.pool, on.products, on.products} {
    std::apply([&](const auto&... extents) { program_.bind(batch, embed(architecture().embed), extents...); }, given);
    program_.template set<Input>(values);
  }
  double step() override {
    program_.forward();
    return 0;
  }
  void write_features(const std::string& path) override {
    const auto v = program_.value();
    write_npy<float>(path, std::span<const std::int64_t>{v.extent.data(), 2}, {v.data, static_cast<std::size_t>(v.size())});
  }

 private:
  program<Model, cpu_backend, mode::evaluation> program_;
};

class training final : public work {
 public:
  training(parameters<both_towers>& weights, const computer& on, std::int64_t batch, const inputs& data)
      : program_{weights, on.pool, on.products, on.products}, optimizer_{weights, {0.9, 0.98, 1e-6, 0.2, decay_policy::open_clip_4}} {
    const auto extents = std::tuple_cat(vision_extents(architecture()), text_extents(architecture()));
    std::apply([&](const auto&... given) { program_.bind(public_clip::images(batch), public_clip::texts(batch), embed(architecture().embed), given...); }, extents);
    program_.set<"pixels">(data.images(batch));
    program_.set<"ids">(data.texts(batch));
  }
  double step() override {
    const double loss = program_.forward();
    program_.backward();
    optimizer_.step(program_, 1e-4);
    clamp_temperature(program_);
    return loss;
  }

 private:
  program<both_towers, cpu_backend> program_;
  adamw<float> optimizer_;
};

class towers {
 public:
  towers(const std::string& folder, int threads) : data_{folder}, pool_{std::make_shared<thread_pool>(threads)} {
    const auto extents = std::tuple_cat(vision_extents(architecture()), text_extents(architecture()));
    std::apply([&](const auto&... given) { weights_.bind(0, embed(architecture().embed), given...); }, extents);
    load_clip_weights(safetensors_file{folder + "/weights.safetensors"}, architecture(), weights_);
  }

  work& at(const std::string& what, const std::string& precision, std::int64_t batch) {
    auto& found = all_[what + precision + std::to_string(batch)];
    if (!found) found = make(what, precision, batch);
    return *found;
  }

 private:
  std::unique_ptr<work> make(const std::string& what, const std::string& name, std::int64_t batch) {
    const computer on{pool_, name == "bf16" ? precision::bf16 : precision::fp32};
    if (what == "image")
      return std::make_unique<encoding<vision, "pixels">>(weights_, on, images(batch), data_.images(batch), vision_extents(architecture()));
    if (what == "text")
      return std::make_unique<encoding<language, "ids">>(weights_, on, texts(batch), data_.texts(batch), text_extents(architecture()));
    if (what == "train") return std::make_unique<training>(weights_, on, batch, data_);
    fail("towers: got '", what, "', expected image, text or train");
  }

  inputs data_;
  std::shared_ptr<thread_pool> pool_;
  parameters<both_towers> weights_;
  std::map<std::string, std::unique_ptr<work>> all_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) fail("usage: akin_side FOLDER THREADS");
  towers all{argv[1], std::atoi(argv[2])};
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words{line};
    std::string what, precision, file;
    std::int64_t batch = 0;
    words >> what >> precision >> batch >> file;
    work& one = all.at(what, precision, batch);
    const auto start = std::chrono::steady_clock::now();
    const double loss = one.step();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (!file.empty()) one.write_features(file);
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    std::cout.precision(9);
    std::cout << taken.count() << ' ' << loss << ' ' << used.ru_maxrss * 1024 << std::endl;
  }
}
