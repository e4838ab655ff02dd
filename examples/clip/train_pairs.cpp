// SPDX-License-Identifier: Apache-2.0
// akin-clip train-pairs: from files of images and captions to a model that the other commands read.
#include "inputs.hpp"
#include "model_file.hpp"
#include "pairs_report.hpp"
#include "recall.hpp"
#include "trained_clip.hpp"

#include <akin/clip/image_pairs.hpp>
#include <akin/clip/read_preprocessing.hpp>
#include <akin/clip/write_config.hpp>
#include <akin/data/random_crop.hpp>
#include <akin/io/file.hpp>
#include <akin/text/learn_vocabulary.hpp>
#include <akin/text/tokenizer.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <utility>

namespace clip_program {

namespace {

/// A public architecture on its way, as a folder that open_clip reads.
class pairs_training : public training_task {
 public:
  pairs_training(const train_pairs_options& o, akin::image_pairs pairs, std::vector<akin::image_pairs> tests, const threads& pool)
      : o_{o}, pairs_{std::move(pairs)}, tests_{std::move(tests)}, pool_{pool}, architecture_{akin::read_clip_config(o.config)} {
    auto vocabulary = akin::learn_vocabulary(pairs_.captions, static_cast<std::size_t>(architecture_.text.vocabulary));
    architecture_.text.vocabulary = std::ssize(vocabulary.pieces);
    vocab_json_ = akin::vocab_json_text(vocabulary);
    merges_ = akin::merges_text(vocabulary);
    ids_ = akin::clip_tokenizer{std::move(vocabulary)}.rows(pairs_.captions, {.context_length = architecture_.text.context});
    captions_of_.resize(pairs_.paths.size());
    for (std::size_t k = 0; k < pairs_.captions.size(); ++k) captions_of_[static_cast<std::size_t>(pairs_.image_of_caption[k])].push_back(k);

    const auto& settings = o.training;
    run_.settings = settings;
    run_.checkpoint = settings.out + "/training.safetensors";
    run_.measure = "recall_at_1";
    run_.examples = std::ssize(pairs_.paths);
    if (settings.batch > run_.examples) akin::fail("--batch: a batch of ", settings.batch, " is larger than the data set of ", run_.examples, " images");
    how_.size = architecture_.image.height;
    program_ = family_of(architecture_).make_trained(architecture_, settings.batch, settings.seed, pool);
    run_.weights = &program_->weights();
    run_.optimizer = std::make_unique<akin::adamw<float>>(*run_.weights, akin::adamw<float>::settings{0.9, 0.98, 1e-6, settings.weight_decay, akin::decay_policy::legacy});
    pixels_.resize(static_cast<std::size_t>(settings.batch * 3 * how_.size * how_.size));
    batch_ids_.resize(static_cast<std::size_t>(settings.batch * architecture_.text.context));
  }

  training_run& run() { return run_; }
  const akin::image_pairs& pairs() const { return pairs_; }
  const std::vector<akin::image_pairs>& tests() const { return tests_; }
  std::int64_t cut() const { return ids_.cut; }
  void resume() { resume_run(run_, settings()); }
  double train() { return training_loop(run_, *program_, *this); }

  /// One caption of each image, and a crop of it; both follow from the step and the image's place in the batch.
  void make_batch(std::int64_t step) override {
    const auto epoch = step / run_.steps_per_epoch(), place = step % run_.steps_per_epoch(), batch = run_.settings.batch;
    if (epoch != epoch_) order_ = epoch_order(run_.examples, run_.settings.seed, epoch_ = epoch);
    const auto context = static_cast<std::size_t>(architecture_.text.context), planes = static_cast<std::size_t>(3 * how_.size * how_.size);
    pool_->run(batch, [&](std::int64_t block, int) {
      const auto k = static_cast<std::size_t>(block), n = static_cast<std::size_t>(order_[static_cast<std::size_t>(place * batch) + k]);
      akin::random_stream random{run_.settings.seed, 3'000'000'000 + static_cast<std::uint64_t>(step * batch + block)};
      const auto& captions = captions_of_[n];
      const std::size_t caption = captions[static_cast<std::size_t>(random.below(std::ssize(captions)))];
      std::copy_n(ids_.ids.begin() + static_cast<std::ptrdiff_t>(caption * context), context, batch_ids_.begin() + static_cast<std::ptrdiff_t>(k * context));
      const auto seen = akin::preprocess_for_training(akin::read_stored_image(pairs_.paths[n]), how_, random, {.least_area = o_.least_area});
      akin::normalize(seen, how_, std::span{pixels_}.subspan(k * planes, planes));
    });
    program_->set(pixels_, batch_ids_);
  }

  /// The mean over the tests and both directions.
  double test(std::int64_t epoch) override {
    if (tests_.empty() || (epoch % o_.test_every != 0 && epoch != run_.settings.epochs)) return std::nan("");
    save_model();
    embedder model{run_.settings.out, "", run_.settings.threads};
    double sum = 0;
    for (const auto& each : tests_) {
      const auto ranks = rank(embed_pairs(model, each), model.embed(), pool_);
      sum += recall_at(ranks.of_images, 1) + recall_at(ranks.of_texts, 1);
    }
    return sum / static_cast<double>(2 * tests_.size());
  }

  void save(double seconds) override { save_run(run_, settings(), seconds); }

  /// The folder as open_clip reads it.
  void save_model() {
    const std::string& out = run_.settings.out;
    akin::write_clip_weights(out + "/open_clip_model.safetensors", architecture_, *run_.weights, akin::weight_names::open_clip);
    akin::write_file_atomically(out + "/open_clip_config.json", akin::clip_config_text(architecture_, akin::weight_names::open_clip));
    akin::write_file_atomically(out + "/vocab.json", vocab_json_);
    akin::write_file_atomically(out + "/merges.txt", merges_);
  }

 private:
  std::map<std::string, std::string> settings() const {
    auto all = run_.decisive_settings();
    std::string names;
    for (const auto& caption : pairs_.captions) names += caption + '\n';
    all["train.captions_sum"] = akin::fingerprint_text(std::as_bytes(std::span{names}));
    all["train.config"] = akin::clip_config_text(architecture_, akin::weight_names::open_clip);
    all["train.least_area"] = exact(o_.least_area);
    return all;
  }

  const train_pairs_options& o_;
  akin::image_pairs pairs_;
  std::vector<akin::image_pairs> tests_;
  threads pool_;
  akin::clip_architecture architecture_;
  akin::preprocessing how_;
  std::string vocab_json_, merges_;
  akin::token_rows ids_;                               // [captions, context]
  std::vector<std::vector<std::size_t>> captions_of_;  // [image]
  std::unique_ptr<trained_clip> program_;
  training_run run_;
  std::vector<float> pixels_;
  std::vector<std::int32_t> batch_ids_, order_;
  std::int64_t epoch_ = -1;
};

akin::image_pairs read_files(const std::vector<std::string>& files) {
  akin::image_pairs pairs;
  for (const auto& file : files) akin::read_image_pairs(file, pairs);
  say_replaced(pairs.replaced, "--pairs");
  if (pairs.paths.empty()) akin::fail("train-pairs: there are no pairs in '", files.front(), "'");
  return pairs;
}

}  // namespace

int train_pairs(const train_pairs_options& o) {
  const auto& settings = o.training;
  check_checkpoint(settings, settings.out + "/training.safetensors");
  const auto pool = std::make_shared<akin::thread_pool>(settings.threads > 0 ? settings.threads : akin::thread_pool::hardware());
  std::vector<akin::image_pairs> tests;
  for (const auto& file : o.tests) tests.push_back(read_files({file}));
  pairs_training training{o, read_files(o.pairs), std::move(tests), pool};
  auto& run = training.run();
  if (settings.resume) training.resume();
  prepare_folder(settings.out);
  watch_for_interruption();
  std::printf("%lld images with %zu captions; %lld parameters; %d threads\n", static_cast<long long>(run.examples), training.pairs().captions.size(), static_cast<long long>(run.weights->size()), pool->size());
  if (training.cut() > 0) std::fprintf(stderr, "akin-clip: %lld captions are longer than the context and were cut\n", static_cast<long long>(training.cut()));
  std::fflush(stdout);
  const double seconds = training.train();
  if (interrupted) {
    std::printf("stopped at step %lld of %lld and saved; go on with --resume\n", static_cast<long long>(run.step), static_cast<long long>(run.total_steps()));
    return exit_interrupted;
  }

  training.save_model();
  embedder model{settings.out, "", settings.threads};
  std::vector<tested_pairs> results;
  for (std::size_t k = 0; k < o.tests.size(); ++k) {
    auto rows = embed_pairs(model, training.tests()[k]);
    auto ranks = rank(rows, model.embed(), pool);
    results.push_back({std::filesystem::path{o.tests[k]}.stem().string(), std::move(rows), std::move(ranks)});
  }
  const std::string report_path = settings.out + "/report.html";
  akin::write_file_atomically(report_path, pairs_report(o, run, results, seconds));
  std::printf("model       %s\nreport      %s\nmetrics     %s\n", settings.out.c_str(), report_path.c_str(), (settings.out + "/metrics.csv").c_str());
  for (const auto& each : results)
    std::printf("%s\n%s\n", recall_line(each.name + " image-to-text", each.ranks.of_images).c_str(), recall_line(each.name + " text-to-image", each.ranks.of_texts).c_str());
  std::printf("train-seconds %.1f\n", seconds);
  return exit_done;
}

}  // namespace clip_program
