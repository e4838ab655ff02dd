// SPDX-License-Identifier: Apache-2.0
// akin-clip train-pairs: from files of images and captions to a model that the other commands read.
#include "inputs.hpp"
#include "model_file.hpp"
#include "pairs_report.hpp"
#include "recall.hpp"
#include "say.hpp"
#include "tokenizing.hpp"
#include "trained_clip.hpp"

#include <akin/clip/image_pairs.hpp>
#include <akin/clip/read_preprocessing.hpp>
#include <akin/clip/write_config.hpp>
#include <akin/data/random_crop.hpp>
#include <akin/io/file.hpp>
#include <akin/io/json_values.hpp>
#include <akin/text/learn_vocabulary.hpp>
#include <akin/text/read_vocabulary.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace clip_program {

namespace {

constexpr const char *weights_name = "open_clip_model.safetensors", *config_name = "open_clip_config.json", *pieces_name = "vocab.json",
                     *merges_name = "merges.txt", *sentencepiece_name = "spiece.model", *report_name = "report.html";
constexpr std::array written_names{weights_name, config_name, pieces_name, merges_name, sentencepiece_name, "metrics.csv", report_name};

/// Other tokenizers in the folder, which find_vocabulary would take for the one of the model, but not one that was named with --vocab.
std::vector<std::string> other_tokenizers(const train_pairs_options& o) {
  std::vector<std::string> paths;
  for (const std::string_view name : byte_pair_files) {
    if (name == pieces_name) continue;  // written anew
    std::error_code is_absent;
    const std::string path = o.training.out + "/" + std::string{name};
    if (!std::filesystem::equivalent(path, o.vocabulary, is_absent)) paths.push_back(path);
  }
  return paths;
}

/// What images become, which transformers says in a second file; made in the order of open_clip, as whose folder the model is written.
akin::preprocessing preprocessing_beside(const std::string& config, const akin::clip_architecture& a) {
  if (!akin::read_json(config).contains("model_type")) return akin::read_preprocessing_file(config, a, akin::weight_names::open_clip);
  const auto beside = std::filesystem::path{config}.parent_path() / "preprocessor_config.json";
  auto how = akin::read_preprocessing_file(beside.string(), a, akin::weight_names::transformers);
  how.order = akin::preprocess_order::open_clip;
  return how;
}

/// A public architecture on its way, as a folder that open_clip reads.
class pairs_training : public training_task {
 public:
  pairs_training(const train_pairs_options& o, akin::image_pairs pairs, std::vector<akin::image_pairs> tests, const threads& pool)
      : o_{o},
        pairs_{std::move(pairs)},
        tests_{std::move(tests)},
        pool_{pool},
        architecture_{akin::read_clip_config(o.config)},
        how_{preprocessing_beside(o.config, architecture_)},
        asked_{config_text()} {
    ids_ = make_tokenizing().rows(pairs_.captions);
    captions_of_.resize(pairs_.paths.size());
    for (std::size_t k = 0; k < pairs_.captions.size(); ++k) captions_of_[static_cast<std::size_t>(pairs_.image_of_caption[k])].push_back(k);

    const auto& settings = o.training;
    run_.settings = settings;
    run_.checkpoint = settings.out + "/training.safetensors";
    run_.measure = "recall_at_1";
    run_.examples = std::ssize(pairs_.paths);
    if (settings.batch > run_.examples) akin::fail("--batch: a batch of ", settings.batch, " is larger than the data set of ", run_.examples, " images");
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
  /// Images of training that could not be read.
  std::int64_t skipped() const { return std::ssize(unreadable_); }
  /// Whether each image of training could be read, and each of the tests in training.
  bool all_were_read() const { return unreadable_.empty() && !skipped_in_tests_; }
  void resume() { resume_run(run_, settings(), {{"train.pairs_sum", "on other pairs"}, {"train.config", "with another --config"}, {"train.vocabulary_sum", "with another vocabulary"}}); }
  double train() { return training_loop(run_, *program_, *this); }

  /// One caption of each image, and a crop of it; both follow from the step and the image's place in the batch. In the place of what
  /// cannot be read stands one of the images that follow the batch in the order of the epoch, from its start after its end; none
  /// stands twice in a batch.
  void make_batch(std::int64_t step) override {
    const auto epoch = step / run_.steps_per_epoch(), batch = run_.settings.batch, first = step % run_.steps_per_epoch() * batch;
    if (epoch != epoch_) order_ = epoch_order(run_.examples, run_.settings.seed, epoch_ = epoch);
    const auto image_at = [&](std::int64_t place) { return static_cast<std::size_t>(order_[static_cast<std::size_t>(place % run_.examples)]); };
    std::vector<std::string> reasons(static_cast<std::size_t>(batch));
    pool_->run(batch, [&](std::int64_t k, int) { reasons[static_cast<std::size_t>(k)] = put(step, k, image_at(first + k)); });
    std::int64_t spare = first + batch;  // until the order of the epoch comes back to what is in the batch
    for (std::int64_t k = 0; k < batch; ++k) {
      std::size_t image = image_at(first + k);
      for (std::string reason = std::move(reasons[static_cast<std::size_t>(k)]); !reason.empty(); reason = put(step, k, image)) {
        skip(image, reason);
        if (spare == first + run_.examples) akin::fail("train-pairs: fewer than ", batch, " images can be read, but a batch has ", batch);
        image = image_at(spare++);
      }
    }
    program_->set(pixels_, batch_ids_);
  }

  /// The mean over the tests and both directions.
  double test(std::int64_t epoch) override {
    if (tests_.empty() || (epoch % o_.test_every != 0 && epoch != run_.settings.epochs)) return std::nan("");
    save_model();
    embedder model{run_.settings.out, "", run_.settings.threads};
    double sum = 0;
    for (const auto& each : tests_) {
      const auto rows = embed_pairs(model, each, narration::silent);
      skipped_in_tests_ = skipped_in_tests_ || rows.skipped > 0;
      const auto ranks = akin::rank_pairs(rows.images, rows.texts, model.embed(), rows.image_of_text, pool_);
      sum += akin::recall_at(ranks.of_images, 1) + akin::recall_at(ranks.of_texts, 1);
    }
    return sum / static_cast<double>(2 * tests_.size());
  }

  void save(double seconds) override { save_run(run_, settings(), seconds); }

  /// The folder as open_clip reads it.
  void save_model() {
    const std::string& out = run_.settings.out;
    akin::write_clip_weights(out + "/" + weights_name, architecture_, *run_.weights, akin::weight_names::open_clip);
    akin::write_file_atomically(out + "/" + config_name, config_text());
    for (const auto& [name, text] : vocabulary_files_) akin::write_file_atomically(out + "/" + name, text);
    for (const auto& path : other_tokenizers(o_)) std::filesystem::remove(path);
  }

 private:
  /// The tokenizer of --vocab, or a learned one; the folder gets its files.
  tokenizing make_tokenizing() {
    auto& text = architecture_.text;
    if (architecture_.family == akin::clip_family::siglip) {
      if (o_.vocabulary.empty()) misuse("train-pairs: SigLIP's texts need a SentencePiece model: name one with --vocab");
      vocabulary_files_[sentencepiece_name] = akin::read_file(o_.vocabulary);
      return siglip_tokenizing(o_.vocabulary, text);
    }
    akin::bpe_vocabulary vocabulary;
    if (o_.vocabulary.empty()) {
      constexpr std::int64_t least = 2 * 256 + 2;  // each byte within and at the end of a word, start and end
      if (text.vocabulary < least) akin::fail("'", o_.config, "': vocab_size is ", text.vocabulary, ", but a learned vocabulary has at least ", least, " pieces");
      vocabulary = akin::learn_vocabulary(pairs_.captions, static_cast<std::size_t>(text.vocabulary));
      text.vocabulary = std::ssize(vocabulary.pieces);
    } else {
      vocabulary = akin::read_vocabulary(o_.vocabulary);
      vocabulary.pieces[static_cast<std::size_t>(vocabulary.start)] = "<|startoftext|>";  // as vocab.json names them
      vocabulary.pieces[static_cast<std::size_t>(vocabulary.end)] = "<|endoftext|>";
    }
    vocabulary_files_ = {{pieces_name, akin::vocab_json_text(vocabulary)}, {merges_name, akin::merges_text(vocabulary)}};
    return clip_tokenizing(std::move(vocabulary), o_.vocabulary, text);
  }

  /// Puts an image into place k of a batch; why that was not possible, or nothing.
  std::string put(std::int64_t step, std::int64_t k, std::size_t image) {
    const std::string& path = pairs_.paths[image];
    return akin::why_unreadable(path, [&] {
      akin::random_stream random{run_.settings.seed, 3'000'000'000 + static_cast<std::uint64_t>(step * run_.settings.batch + k)};
      const auto& captions = captions_of_[image];
      const std::size_t caption = captions[static_cast<std::size_t>(random.below(std::ssize(captions)))];
      const auto context = static_cast<std::size_t>(architecture_.text.context), planes = static_cast<std::size_t>(3 * how_.size * how_.size), place = static_cast<std::size_t>(k);
      std::copy_n(ids_.ids.begin() + static_cast<std::ptrdiff_t>(caption * context), context, batch_ids_.begin() + static_cast<std::ptrdiff_t>(place * context));
      const auto seen = akin::preprocess_for_training(akin::read_stored_image(path), how_, random, {.least_area = o_.least_area});
      akin::normalize(seen, how_, std::span{pixels_}.subspan(place * planes, planes));
    });
  }

  void skip(std::size_t image, const std::string& reason) {
    if (unreadable_.insert(image).second) say("skipped: " + reason);
  }

  std::string config_text() const { return akin::clip_config_text(architecture_, akin::weight_names::open_clip, how_); }

  std::map<std::string, std::string> settings() const {
    auto all = run_.decisive_settings();
    std::string pairs;  // as the files say, whichever way these were named or moved
    for (std::size_t k = 0; k < pairs_.captions.size(); ++k) {
      const auto image = pairs_.image_of_caption[k];
      pairs += std::to_string(image) + '\t' + pairs_.names[static_cast<std::size_t>(image)] + '\t' + pairs_.captions[k] + '\n';
    }
    all["train.pairs_sum"] = akin::fingerprint_text(std::as_bytes(std::span{pairs}));
    all["train.config"] = asked_;
    std::string vocabulary;
    for (const auto& [name, text] : vocabulary_files_) vocabulary += text;
    all["train.vocabulary_sum"] = akin::fingerprint_text(std::as_bytes(std::span{vocabulary}));
    all["train.least_area"] = exact(o_.least_area);
    return all;
  }

  const train_pairs_options& o_;
  akin::image_pairs pairs_;
  std::vector<akin::image_pairs> tests_;
  threads pool_;
  akin::clip_architecture architecture_;
  akin::preprocessing how_;
  std::string asked_;  // the configuration before the vocabulary is learned
  std::map<std::string, std::string> vocabulary_files_;
  akin::token_rows ids_;                               // [captions, context]
  std::vector<std::vector<std::size_t>> captions_of_;  // [image]
  std::unique_ptr<trained_clip> program_;
  training_run run_;
  std::vector<float> pixels_;
  std::vector<std::int32_t> batch_ids_, order_;
  std::int64_t epoch_ = -1;
  std::set<std::size_t> unreadable_;
  bool skipped_in_tests_ = false;
};

akin::image_pairs read_files(const std::vector<std::string>& files) {
  akin::image_pairs pairs;
  for (const auto& file : files) read_pairs(file, pairs);
  return pairs;
}

}  // namespace

int train_pairs(const train_pairs_options& o) {
  const auto& settings = o.training;
  std::vector<std::string> written = other_tokenizers(o);
  for (const char* const name : written_names) written.push_back(settings.out + "/" + name);
  output_folder out{settings.out};
  check_checkpoint(settings, settings.out + "/training.safetensors", written);
  const auto pool = std::make_shared<akin::thread_pool>(settings.threads > 0 ? settings.threads : akin::thread_pool::hardware());
  std::vector<akin::image_pairs> tests;
  for (const auto& file : o.tests) tests.push_back(read_files({file}));
  pairs_training training{o, read_files(o.pairs), std::move(tests), pool};
  auto& run = training.run();
  if (settings.resume) training.resume();
  out.prepare();
  watch_for_interruption();
  std::printf("%lld images with %zu captions; %lld parameters; %d threads\n", static_cast<long long>(run.examples), training.pairs().captions.size(), static_cast<long long>(run.weights->size()), pool->size());
  if (training.cut() > 0) say(counted(training.cut(), "caption") + (training.cut() == 1 ? " is longer than the context and was cut" : " are longer than the context and were cut"));
  std::fflush(stdout);
  const double seconds = training.train();
  stop_watching();
  if (interrupted) {
    std::printf("stopped at step %lld of %lld and saved; go on with --resume\n", static_cast<long long>(run.step), static_cast<long long>(run.total_steps()));
    return exit_interrupted;
  }

  training.save_model();
  embedder model{settings.out, "", settings.threads};
  std::vector<tested_pairs> results;
  bool skipped = !training.all_were_read();
  for (std::size_t k = 0; k < o.tests.size(); ++k) {
    auto rows = embed_pairs(model, training.tests()[k]);
    skipped = skipped || rows.skipped > 0;
    auto ranks = akin::rank_pairs(rows.images, rows.texts, model.embed(), rows.image_of_text, pool);
    results.push_back({std::filesystem::path{o.tests[k]}.stem().string(), std::move(rows), std::move(ranks)});
  }
  const std::string report_path = settings.out + "/" + report_name;
  akin::write_file_atomically(report_path, pairs_report(o, run, results, seconds));
  if (const auto lost = lost_tests(o, run); !lost.empty()) say(lost);
  std::printf("model       %s\nreport      %s\nmetrics     %s\n", settings.out.c_str(), report_path.c_str(), (settings.out + "/metrics.csv").c_str());
  for (const auto& each : results)
    std::printf("%s\n%s\n", recall_line(each.name + " image-to-text", each.ranks.of_images).c_str(), recall_line(each.name + " text-to-image", each.ranks.of_texts).c_str());
  std::printf("train-seconds %.1f\n", seconds);
  if (const auto images = training.skipped(); images > 0) say(std::to_string(images) + " of " + counted(run.examples, "image") + " were skipped");
  return skipped ? exit_failed : exit_done;
}

}  // namespace clip_program
