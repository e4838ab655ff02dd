// SPDX-License-Identifier: Apache-2.0
// What the command line says.
#pragma once

#include <akin/support/error.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace clip_program {

/// What the program was called by, for lines that a report says to type.
inline std::string invoked_as = "akin-clip";

/// Options that do not go together, or too few of them.
class usage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Refuses such options with one sentence.
template <class... Parts>
[[noreturn]] void misuse(const Parts&... parts) {
  throw usage_error{akin::detail::sentence_of({parts...})};
}

/// "1 label", "2 labels"
inline std::string counted(std::int64_t number, const std::string& one) { return std::to_string(number) + ' ' + one + (number == 1 ? "" : "s"); }

/// What every training has.
struct training_settings {
  std::string out{};
  std::int64_t epochs = 7, batch = 250, checkpoint_every = 60;
  double learning_rate = 3e-3, weight_decay = 0.05, clip_norm = 1;
  std::uint64_t seed = 1;
  int threads = 0;
  bool resume = false, overwrite = false;
};

struct train_options {
  training_settings training{.out = "out/fashion"};
  std::string data, backend = "cpu", objective = "same-class", classes_file, templates_file, test_templates_file;
  std::int64_t shift = 1, embed = 64;
};

struct train_pairs_options {
  training_settings training{.epochs = 30, .batch = 128, .checkpoint_every = 200, .learning_rate = 1e-3};
  std::vector<std::string> pairs, tests, notes;
  std::string config, vocabulary;
  std::int64_t test_every = 1;
  double least_area = 0.9;
};

/// Where the classes of a zero-shot classifier come from.
struct zero_shot_options {
  std::vector<std::string> labels, templates;
  std::string labels_file, templates_file, classifier, save_classifier;
  bool overwrite = false;
};

struct classify_options {
  std::string model = "out/fashion", vocabulary, format = "text";
  zero_shot_options zero_shot;
  std::vector<std::string> files;
  std::optional<double> threshold;
  std::optional<std::int64_t> limit;
  std::optional<std::string> backend;
  std::optional<std::int64_t> top;
  int threads = 0;
  bool invert = false;

  /// How many labels of an image are written: eyes want the best ones, programs and who names a threshold all.
  std::int64_t most_labels() const { return top.value_or(format == "text" && !threshold ? 3 : std::numeric_limits<std::int64_t>::max()); }
};

struct evaluate_options {
  std::string model, vocabulary, folder, pairs;
  std::vector<std::string> among;
  zero_shot_options zero_shot;
  int threads = 0;
};

struct embed_options {
  std::string model, vocabulary, out, texts;
  std::vector<std::string> inputs;
  int threads = 0;
  bool overwrite = false;
};

struct search_options {
  std::string model, vocabulary, index, report, format = "csv";
  std::vector<std::string> texts, images;
  std::int64_t top = 10;
  int threads = 0;
  bool overwrite = false;
};

struct tokenize_options {
  std::string vocabulary;
  std::int64_t context_length = 77;
  bool ids = false;
};

struct pixels_options {
  std::string file, out;
  std::int64_t size = 224;
  bool overwrite = false;
};

struct verify_options {
  std::string folder;
  int threads = 0;
};

struct export_options {
  std::string folder, format, out, type;
  bool overwrite = false;
};

/// Exit codes, as --help lists them.
enum exit_code { exit_done = 0, exit_failed = 1, exit_usage = 2, exit_interrupted = 130 };

int train(const train_options& options);
int train_pairs(const train_pairs_options& options);
int classify(const classify_options& options);
int classify_with_public_model(const classify_options& options);
int evaluate(const evaluate_options& options);
int embed(const embed_options& options);
int search(const search_options& options);
int tokenize(const tokenize_options& options);
int pixels(const pixels_options& options);
int verify(const verify_options& options);
int export_model(const export_options& options);

}  // namespace clip_program
