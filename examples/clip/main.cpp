// SPDX-License-Identifier: Apache-2.0
// akin-clip: trains a CLIP on labelled images and classifies with it; shows what public models see and read, checks and converts them. This file is
// the command line.
#include "options.hpp"

#include <akin/support/error.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <sstream>

namespace {

// CLI11's own range check lets nan through.
CLI::Validator real_between(double least, double most) {
  return {[=](std::string& text) {
            char* end = nullptr;
            const double value = std::strtod(text.c_str(), &end);
            if (end != text.c_str() && *end == '\0' && value >= least && value <= most) return std::string{};
            std::ostringstream sentence;
            sentence << "got '" << text << "', expected a number from " << least << " to " << most;
            return sentence.str();
          },
          "NUMBER"};
}

/// What the command line asks for; its result is the exit code.
using action = std::function<int()>;

/// The options of a subcommand, with which `run` is chosen where the subcommand is given.
template <class Options>
Options& options_of(CLI::App& subcommand, action& chosen, int (*run)(const Options&)) {
  const auto options = std::make_shared<Options>();
  subcommand.callback([options, run, &chosen] { chosen = [options, run] { return run(*options); }; });
  return *options;
}

void add_train(CLI::App& app, action& chosen) {
  auto* train = app.add_subcommand("train", "Train a CLIP on labelled images and test it zero-shot.");
  clip_program::train_options& o = options_of(*train, chosen, clip_program::train);
  train->footer(
      "Writes OUT/checkpoint.safetensors, OUT/metrics.csv and OUT/report.html. Ctrl-C saves and stops; --resume goes on\n"
      "to the same bits as a run that was never interrupted. The same seed gives the same result for every number of threads.\n\n"
      "example: akin-clip train --data /usr/share/datasets/fashion-mnist --out out/fashion");
  train->add_option("--data", o.data, "Folder with train-images-idx3-ubyte[.gz], train-labels-..., t10k-images-..., t10k-labels-...")->required();
  train->add_option("--out", o.out, "Folder for what is written")->capture_default_str();
  train->add_flag("--resume", o.resume, "Go on from the checkpoint in OUT");
  train->add_flag("--overwrite", o.overwrite, "Start anew where OUT holds a checkpoint")->excludes("--resume");
  train->add_option("--epochs", o.epochs, "Times that each image is seen")->check(CLI::Range(1, 10000))->capture_default_str();
  train->add_option("--batch", o.batch, "Pairs in a step")->check(CLI::Range(2, 1 << 20))->capture_default_str();
  train->add_option("--learning-rate", o.learning_rate, "Peak of warm-up and cosine")->check(real_between(1e-12, 1e6))->capture_default_str();
  train->add_option("--weight-decay", o.weight_decay, "Decoupled, on matrices only")->check(real_between(0, 1e6))->capture_default_str();
  train->add_option("--clip-norm", o.clip_norm, "Largest norm of the gradient; 0: none")->check(real_between(0, 1e9))->capture_default_str();
  train->add_option("--objective", o.objective, "Positives of an image: its own caption, or every caption of its class")->check(CLI::IsMember({"one", "same-class"}))->capture_default_str();
  train->add_option("--shift", o.shift, "Images move by up to so many pixels")->check(CLI::Range(0, 16))->capture_default_str();
  train->add_option("--embed", o.embed, "Width of the embeddings")->check(CLI::Range(2, 4096))->capture_default_str();
  train->add_option("--seed", o.seed, "Of weights, order, captions and movements")->check(CLI::NonNegativeNumber)->capture_default_str();
  train->add_option("--threads", o.threads, "Of the cpu backend; 0: as many as the machine has")->check(CLI::Range(0, 256))->capture_default_str();
  train->add_option("--backend", o.backend, "What computes")->check(CLI::IsMember({"cpu", "thrust"}))->capture_default_str();
  train->add_option("--classes", o.classes_file, "Text file with a line for each class, its names separated by commas (default: Fashion-MNIST's)");
  train->add_option("--templates", o.templates_file, "Text file with a caption a line, {} where the name goes");
  train->add_option("--test-templates", o.test_templates_file, "The same for the test's prompts");
  train->add_option("--checkpoint-every", o.checkpoint_every, "Steps between checkpoints")->check(CLI::Range(1, 1 << 30))->capture_default_str();
}

void add_classify(CLI::App& app, action& chosen) {
  auto* classify = app.add_subcommand("classify", "Say which label fits each image best.");
  clip_program::classify_options& o = options_of(*classify, chosen, clip_program::classify);
  classify->footer(
      "Images are turned to gray and to the model's size. Fashion-MNIST shows light things on black: use --invert for\n"
      "dark things on white. A label is a word or a phrase; the prompt is the template with the label in the place of {}.\n\n"
      "example: akin-clip classify --model out/fashion --label 'ankle boot' --label sandal --template 'a photo of a {}' shoe.png");
  classify->add_option("--model", o.model, "Folder that train wrote")->capture_default_str();
  classify->add_option("--label", o.labels, "A label; once for each, as in --label coat --label bag (default: the classes of training)")->allow_extra_args(false);
  classify->add_option("--template", o.templates, "A prompt with {}, once for each; several are averaged (default: the test's; '{}' is the bare label)")->allow_extra_args(false);
  classify->add_option("--top", o.top, "Labels shown for an image")->check(CLI::Range(1, 1000))->capture_default_str();
  classify->add_option("--limit", o.limit, "Images read from each idx file; 0: all")->check(CLI::Range(0, 1 << 30))->capture_default_str();
  classify->add_option("--threads", o.threads, "Of the cpu backend; 0: as many as the machine has")->check(CLI::Range(0, 256))->capture_default_str();
  classify->add_option("--backend", o.backend, "What computes")->check(CLI::IsMember({"cpu", "thrust"}))->capture_default_str();
  classify->add_flag("--invert", o.invert, "Dark on white becomes light on black");
  classify->add_option("images", o.files, "PNG, JPEG, PPM or idx[.gz] files")->required();
}

void add_tokenize(CLI::App& app, action& chosen) {
  auto* tokenize = app.add_subcommand("tokenize", "Turn lines of standard input into the pieces that CLIP reads, or into their ids.");
  clip_program::tokenize_options& o = options_of(*tokenize, chosen, clip_program::tokenize);
  tokenize->footer(
      "One line for each line. Pieces are as the vocabulary writes them: </w> ends a word, and bytes that do not print have other\n"
      "letters. Ids begin with the start of the text and end with its end. They are those of open_clip, but for mojibake.\n"
      "scripts/fetch_vocabulary.sh fetches a vocabulary.\n\n"
      "example: echo 'a photo of a cat' | akin-clip tokenize --ids --vocab build/vocabulary/bpe_simple_vocab_16e6.txt.gz");
  tokenize->add_option("--vocab", o.vocabulary, "bpe_simple_vocab_16e6.txt[.gz], tokenizer.json, or vocab.json with merges.txt beside it")->required();
  tokenize->add_flag("--ids", o.ids, "Ids instead of pieces");
  tokenize->add_option("--context", o.context_length, "Most ids of a line, start and end among them; longer ones are cut before the end")->check(CLI::Range(2, 1 << 30))->capture_default_str();
}

void add_pixels(CLI::App& app, action& chosen) {
  auto* pixels = app.add_subcommand("pixels", "Write the pixels that a public CLIP sees of an image, as open_clip computes them.");
  clip_program::pixels_options& o = options_of(*pixels, chosen, clip_program::pixels);
  pixels->footer(
      "The shorter side is resized to the size with Pillow's bicubic filter, the middle is kept and turned to RGB. OUT is an array\n"
      "of bytes [size, size, 3] in NumPy's format.\n\n"
      "example: akin-clip pixels photo.jpg photo.npy");
  pixels->add_option("--size", o.size, "Width and height of what the model sees")->check(CLI::Range(1, 16384))->capture_default_str();
  pixels->add_option("file", o.file, "A PNG, JPEG, WebP, PBM, PGM or PPM file")->required();
  pixels->add_option("out", o.out, "The .npy file to write")->required();
}

void add_verify(CLI::App& app, action& chosen) {
  auto* verify = app.add_subcommand("verify", "Compare a public model's results with those that PyTorch left beside it.");
  clip_program::verify_options& o = options_of(*verify, chosen, clip_program::verify);
  verify->footer(
      "FOLDER holds a model as open_clip or transformers save it, images.npy (f32, normalised pixels) and tokens.npy (i64), and\n"
      "any of image_features.npy, text_features.npy, image_embeds.npy, text_embeds.npy (unit rows), logits.npy, loss.npy,\n"
      "gradients.safetensors, losses.npy and after.safetensors (eight steps of AdamW). What is there is compared.\n\n"
      "example: akin-clip verify tests/golden/models/vit");
  verify->add_option("folder", o.folder, "Folder with a model and results")->required();
  verify->add_option("--threads", o.threads, "0: as many as the machine has")->check(CLI::Range(0, 256))->capture_default_str();
}

void add_export(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("export", "Write a public model's weights as open_clip or transformers load them.");
  clip_program::export_options& o = options_of(*command, chosen, clip_program::export_model);
  command->footer(
      "FOLDER holds open_clip_model.safetensors or model.safetensors and its configuration; OUT gets the other names, or the same.\n\n"
      "example: akin-clip export ViT-B-32 --format transformers --out ViT-B-32-transformers");
  command->add_option("folder", o.folder, "Folder with a model")->required();
  command->add_option("--format", o.format, "Whose names and configuration are written")->required()->check(CLI::IsMember({"open_clip", "transformers"}));
  command->add_option("--out", o.out, "Folder for what is written")->required();
  command->add_option("--type", o.type, "Of the numbers (default: as they are)")->check(CLI::IsMember({"F32", "F16", "BF16"}));
}

}  // namespace

int main(int count, char** words) {
  CLI::App app{"akin-clip trains a small CLIP on pairs of images and captions, and classifies images by texts.", "akin-clip"};
  app.require_subcommand(1);
  app.footer("exit codes: 0 done, 1 something failed (one sentence on standard error says what), 2 wrong usage, 130 interrupted (go on with --resume)");
  action chosen;
  for (const auto add : {add_train, add_classify, add_tokenize, add_pixels, add_verify, add_export}) add(app, chosen);
  try {
    if (count > 1 && words[1][0] != '-' && app.get_subcommands([&](const CLI::App* s) { return s->get_name() == words[1]; }).empty())
      throw CLI::ParseError{"'" + std::string{words[1]} + "' is no subcommand", clip_program::exit_usage};
    app.parse(count, words);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    std::fprintf(stderr, "akin-clip: %s (akin-clip --help tells more)\n", e.what());
    return clip_program::exit_usage;
  }
  try {
    const int code = chosen();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) akin::fail("standard output could not be written");
    return code;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "akin-clip: %s\n", e.what());
    return clip_program::exit_failed;
  }
}
