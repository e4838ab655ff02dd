// SPDX-License-Identifier: Apache-2.0
// akin-clip: trains a CLIP on labelled images; embeds, searches, classifies and evaluates with public models; shows what these see and
// read, checks and converts them. This file is the command line.
#include "options.hpp"
#include "say.hpp"

#include <akin/support/error.hpp>

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <new>
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

/// Of a file that is written: a photograph in the place of its name is a slip.
CLI::Validator name_ends_in(const std::string& ending) {
  return {[=](std::string& path) { return path.ends_with(ending) ? std::string{} : "got '" + path + "', expected a name that ends in " + ending; }, "FILE" + ending};
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

void add_threads_option(CLI::App& command, int& threads) {
  command.add_option("--threads", threads, "Of the cpu backend; 0: as many as the machine has")->check(CLI::Range(0, 256))->capture_default_str();
}

/// What every training has. The last one of options given twice counts, so that scripts have defaults.
void add_training_settings(CLI::App& train, clip_program::training_settings& s) {
  train.add_option("--out", s.out, "Folder for what is written")->take_last()->capture_default_str();
  train.add_flag("--resume", s.resume, "Go on from the checkpoint in OUT");
  train.add_flag("--overwrite", s.overwrite, "Start anew where OUT holds a checkpoint, or other files of these names")->excludes("--resume");
  train.add_option("--epochs", s.epochs, "Times that each image is seen")->check(CLI::Range(1, 10000))->take_last()->capture_default_str();
  train.add_option("--batch", s.batch, "Pairs in a step")->check(CLI::Range(2, 1 << 20))->take_last()->capture_default_str();
  train.add_option("--learning-rate", s.learning_rate, "Peak of warm-up and cosine")->check(real_between(1e-12, 1e6))->take_last()->capture_default_str();
  train.add_option("--weight-decay", s.weight_decay, "Decoupled, on matrices only")->check(real_between(0, 1e6))->take_last()->capture_default_str();
  train.add_option("--clip-norm", s.clip_norm, "Largest norm of the gradient; 0: none")->check(real_between(0, 1e9))->take_last()->capture_default_str();
  train.add_option("--seed", s.seed, "Of weights, order, captions and movements")->check(real_between(0, 0x1p63))->take_last()->capture_default_str();
  train.add_option("--checkpoint-every", s.checkpoint_every, "Steps between checkpoints")->check(CLI::Range(1, 1 << 30))->take_last()->capture_default_str();
  add_threads_option(train, s.threads);
}

void add_train(CLI::App& app, action& chosen) {
  auto* train = app.add_subcommand("train", "Train a CLIP on labelled images and test it zero-shot.");
  clip_program::train_options& o = options_of(*train, chosen, clip_program::train);
  train->footer(
      "Writes OUT/checkpoint.safetensors, OUT/metrics.csv and OUT/report.html. Ctrl-C saves and stops; --resume goes on\n"
      "to the same bits as a run that was never interrupted. The same seed gives the same result for every number of threads.\n\n"
      "example: akin-clip train --data /usr/share/datasets/fashion-mnist --out out/fashion");
  train->add_option("--data", o.data, "Folder with train-images-idx3-ubyte[.gz], train-labels-..., t10k-images-..., t10k-labels-...")->required();
  add_training_settings(*train, o.training);
  train->add_option("--objective", o.objective, "Positives of an image: its own caption, or every caption of its class")->check(CLI::IsMember({"one", "same-class"}))->capture_default_str();
  train->add_option("--shift", o.shift, "Images move by up to so many pixels")->check(CLI::Range(0, 16))->capture_default_str();
  train->add_option("--embed", o.embed, "Width of the embeddings")->check(CLI::Range(2, 4096))->capture_default_str();
  train->add_option("--backend", o.backend, "What computes")->check(CLI::IsMember({"cpu", "thrust"}))->capture_default_str();
  train->add_option("--classes", o.classes_file, "Text file with a line for each class, its names separated by commas (default: Fashion-MNIST's)");
  train->add_option("--templates", o.templates_file, "Text file with a caption a line, {} where the name goes");
  train->add_option("--test-templates", o.test_templates_file, "The same for the test's prompts");
}

void add_train_pairs(CLI::App& app, action& chosen) {
  auto* train = app.add_subcommand("train-pairs", "Train a public architecture on files of images and captions.");
  clip_program::train_pairs_options& o = options_of(*train, chosen, clip_program::train_pairs);
  train->footer(
      "A file of pairs has an image, a tab and a caption a line; an image may have several captions, in several files. OUT becomes a\n"
      "folder that embed, search, classify and evaluate read: open_clip_model.safetensors, its configuration, and a vocabulary: that of\n"
      "--vocab, or byte pairs that are learned from the captions (at most CONFIG's vocab_size). open_clip loads the towers, but\n"
      "does not read a learned vocabulary: take the ids of akin-clip tokenize --ids --vocab OUT/vocab.json. OUT also gets\n"
      "training.safetensors for --resume, metrics.csv and report.html. The same seed gives the same bits; --resume compares names and\n"
      "captions with those of before, but not the pictures. The schedule belongs to --epochs: a run that has ended is not lengthened; a\n"
      "longer one starts anew.\n\n"
      "example: akin-clip train-pairs --pairs train.tsv --test held_out.tsv --config model.json --out out/pairs");
  train->add_option("--pairs", o.pairs, "File of pairs to train on, once for each")->required()->allow_extra_args(false);
  train->add_option("--test", o.tests, "File of pairs to test with, once for each")->allow_extra_args(false);
  train->add_option("--config", o.config, "The architecture, as open_clip or transformers write it")->required()->take_last();
  train->add_option("--vocab", o.vocabulary, "A tokenizer's file, instead of a learned one: CLIP's, or the SentencePiece model that SigLIP needs")->take_last();
  add_training_settings(*train, o.training);
  train->get_option("--out")->required();
  train->add_option("--least-area", o.least_area, "Least share of an image that a random crop keeps")->check(real_between(1e-3, 1))->take_last()->capture_default_str();
  train->add_option("--test-every", o.test_every, "Epochs between tests")->check(CLI::Range(1, 10000))->take_last()->capture_default_str();
  train->add_option("--note", o.notes, "A line at the end of the report, once for each")->allow_extra_args(false);
}

void add_vocabulary_option(CLI::App& command, std::string& path) {
  command.add_option("--vocab", path, "The tokenizer's file (default: the one in the model's folder)");
}

void add_public_model(CLI::App& command, std::string& folder, std::string& vocabulary, int& threads) {
  command.add_option("--model", folder, "Folder with a model as open_clip or transformers save it")->required();
  add_vocabulary_option(command, vocabulary);
  add_threads_option(command, threads);
}

/// The defaults are what help says.
std::vector<CLI::Option*> add_zero_shot_options(CLI::App& command, clip_program::zero_shot_options& o, const std::string& default_labels, const std::string& default_template) {
  auto* const save = command.add_option("--save-classifier", o.save_classifier, "Write what labels and prompts became")->check(name_ends_in(".safetensors"));
  return {command.add_option("--label", o.labels, "A label; once for each, as in --label coat --label bag (default: " + default_labels + ")")->allow_extra_args(false),
          command.add_option("--labels", o.labels_file, "Text file with a label a line"),
          command.add_option("--template", o.templates, "A prompt with {}, once for each; several are averaged (default: " + default_template + "; '{}' is the bare label)")->allow_extra_args(false),
          command.add_option("--templates", o.templates_file, "Text file with a prompt a line"),
          command.add_option("--classifier", o.classifier, "Read what was saved, instead of labels and prompts")->excludes(save),
          save,
          command.add_flag("--overwrite", o.overwrite, "Let --save-classifier replace a file")->needs(save)};
}

void add_classify(CLI::App& app, action& chosen) {
  auto* classify = app.add_subcommand("classify", "Say which label fits each image best.");
  clip_program::classify_options& o = options_of(*classify, chosen, clip_program::classify);
  classify->footer(
      "A label is a word or a phrase; the prompt is the template with the label in the place of {}. Public models give the\n"
      "probabilities that open_clip gives. For a model of train, images are turned to gray and to the model's size;\n"
      "Fashion-MNIST shows light things on black: use --invert for dark things on white.\n\n"
      "example: akin-clip classify --model out/fashion --label 'ankle boot' --label sandal --template 'a photo of a {}' shoe.png\n"
      "example: akin-clip classify --model ViT-B-32 --labels pets.txt --templates templates.txt --format csv photos");
  classify->add_option("--model", o.model, "Folder that train wrote, or with a public model")->capture_default_str();
  add_zero_shot_options(*classify, o.zero_shot, "the classes of training", "training's test, or 'a photo of a {}.'");
  classify->add_option("--top", o.top, "Labels of an image, best first (default: 3 in text, all in csv and json)")->check(CLI::Range(1, 1000));
  classify->add_option("--threshold", o.threshold, "Only labels with at least this score, all of them unless --top is given: a cosine, or SigLIP's probability")->check(real_between(-1e6, 1e6));
  classify->add_option("--format", o.format, "Of the answers")->check(CLI::IsMember({"text", "csv", "json"}))->capture_default_str();
  add_vocabulary_option(*classify, o.vocabulary);
  classify->add_option("--limit", o.limit, "Images read from each idx file; 0: all (default: 20)")->check(CLI::Range(0, 1 << 30));
  add_threads_option(*classify, o.threads);
  classify->add_option("--backend", o.backend, "What computes, for a model of train (default: cpu)")->check(CLI::IsMember({"cpu", "thrust"}));
  classify->add_flag("--invert", o.invert, "Dark on white becomes light on black");
  classify->add_option("images", o.files, "Images, folders of images (public models), idx[.gz] files (models of train); none where a classifier is saved");
}

void add_embed(CLI::App& app, action& chosen) {
  auto* embed = app.add_subcommand("embed", "Embed images, or lines of text, with a public model.");
  clip_program::embed_options& o = options_of(*embed, chosen, clip_program::embed);
  embed->footer(
      "Writes OUT.npy (f32 [rows, embed], unit rows) and OUT.json (the rows' names, and what they were made with). What an index has\n"
      "is not embedded again, so the same command goes on after Ctrl-C, and adds what is new in a folder. An index is of images or of\n"
      "texts, and one run at a time writes it.\n\n"
      "example: akin-clip embed --model ViT-B-32 --out photos ~/Pictures");
  add_public_model(*embed, o.model, o.vocabulary, o.threads);
  embed->add_option("--out", o.out, "The index to write")->required();
  embed->add_option("--texts", o.texts, "Text file whose lines are embedded, empty ones as empty texts; /dev/stdin is standard input");
  embed->add_flag("--overwrite", o.overwrite, "Start anew where there is an index, or replace other files of these names");
  embed->add_option("images", o.inputs, "Images, and folders of images");
}

void add_search(CLI::App& app, action& chosen) {
  auto* search = app.add_subcommand("search", "Find what of an index is nearest to texts or images.");
  clip_program::search_options& o = options_of(*search, chosen, clip_program::search);
  search->footer(
      "Scores are cosines; every row is looked at.\n\n"
      "example: akin-clip search --model ViT-B-32 --index photos --text 'a dog in the snow' --report found.html");
  add_public_model(*search, o.model, o.vocabulary, o.threads);
  search->add_option("--index", o.index, "What embed wrote")->required();
  search->add_option("--text", o.texts, "A text to look for, once for each")->allow_extra_args(false);
  search->add_option("--image", o.images, "An image to look for, once for each")->allow_extra_args(false);
  search->add_option("--top", o.top, "How many are found")->check(CLI::Range(1, 1 << 20))->capture_default_str();
  search->add_option("--format", o.format, "Of the answers")->check(CLI::IsMember({"text", "csv", "json"}))->capture_default_str();
  auto* const report = search->add_option("--report", o.report, "A page that shows the pictures found")->check(name_ends_in(".html"));
  search->add_flag("--overwrite", o.overwrite, "Let --report replace a file")->needs(report);
}

void add_evaluate(CLI::App& app, action& chosen) {
  auto* evaluate = app.add_subcommand("evaluate", "Count how often a public model is right.");
  clip_program::evaluate_options& o = options_of(*evaluate, chosen, clip_program::evaluate);
  evaluate->footer(
      "With --classes: zero-shot accuracy. Folders are classes in the order of their names, which are the labels unless others are\n"
      "given; those that begin with a dot are none. With --pairs: recall at 1, 5 and 10 from images to captions and back; an image may\n"
      "have several captions.\n\n"
      "example: akin-clip evaluate --model ViT-B-32 --classes imagenet/val --labels imagenet.txt --templates templates.txt\n"
      "example: akin-clip evaluate --model ViT-B-32 --pairs flickr/captions.tsv");
  add_public_model(*evaluate, o.model, o.vocabulary, o.threads);
  evaluate->add_option("--classes", o.folder, "Folder with a folder of images for each class");
  auto* const pairs = evaluate->add_option("--pairs", o.pairs, "Text file with an image, a tab and a caption a line; paths as seen from its folder");
  evaluate->add_option("--among", o.among, "File of further pairs, whose images and captions are answers too, once for each")->allow_extra_args(false)->needs("--pairs");
  for (auto* const option : add_zero_shot_options(*evaluate, o.zero_shot, "the names of the folders", "'a photo of a {}.'")) option->excludes(pairs);
}

void add_tokenize(CLI::App& app, action& chosen) {
  auto* tokenize = app.add_subcommand("tokenize", "Turn lines of standard input into the pieces that CLIP reads, or into their ids.");
  clip_program::tokenize_options& o = options_of(*tokenize, chosen, clip_program::tokenize);
  tokenize->footer(
      "One line for each line. Pieces are as the vocabulary writes them: </w> ends a word, and bytes that do not print have other\n"
      "letters. Ids begin with the start of the text and end with its end. They are those of open_clip, but for mojibake. A line has\n"
      "at most 16 MiB.\n"
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
  pixels->add_option("--size", o.size, "Width and height of what the model sees")->check(CLI::Range(1, 11585))->capture_default_str();
  pixels->add_flag("--overwrite", o.overwrite, "Replace OUT");
  pixels->add_option("file", o.file, "A PNG, JPEG, WebP, PBM, PGM or PPM file")->required();
  pixels->add_option("out", o.out, "What is written")->required()->check(name_ends_in(".npy"));
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
  add_threads_option(*verify, o.threads);
}

void add_export(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("export", "Write a public model's weights as open_clip or transformers load them.");
  clip_program::export_options& o = options_of(*command, chosen, clip_program::export_model);
  command->footer(
      "FOLDER holds open_clip_model.safetensors or model.safetensors and its configuration; OUT gets the other names, or the same,\n"
      "and the tokenizer's files as they are.\n\n"
      "example: akin-clip export ViT-B-32 --format transformers --out ViT-B-32-transformers");
  command->add_option("folder", o.folder, "Folder with a model")->required();
  command->add_option("--format", o.format, "Whose names and configuration are written")->required()->check(CLI::IsMember({"open_clip", "transformers"}));
  command->add_option("--out", o.out, "Folder for what is written")->required();
  command->add_flag("--overwrite", o.overwrite, "Replace files in OUT");
  command->add_option("--type", o.type, "Of the numbers (default: as they are)")->check(CLI::IsMember({"F32", "F16", "BF16"}));
}

}  // namespace

int main(int count, char** words) {
  CLI::App app{"akin-clip trains a small CLIP on pairs of images and captions, and finds and classifies images by texts.", "akin-clip"};
  app.require_subcommand(1);
  if (count > 0) clip_program::invoked_as = words[0];
  app.footer("exit codes: 0 done, 1 something failed (one sentence on standard error says what), 2 wrong usage, 130 interrupted (train and train-pairs go on with --resume, embed with the same command)");
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error like a full disk
  action chosen;
  for (const auto add : {add_train, add_train_pairs, add_embed, add_search, add_classify, add_evaluate, add_tokenize, add_pixels, add_verify, add_export}) add(app, chosen);
  app.set_version_flag("--version", "akin-clip " AKIN_VERSION, "Print this program's version");
  bool is_known = false;  // the subcommand
  try {
    std::string names;
    for (const auto* const subcommand : app.get_subcommands({})) {
      names += (names.empty() ? "" : ", ") + subcommand->get_name();
      is_known = is_known || (count > 1 && subcommand->get_name() == words[1]);
    }
    if (count > 1 && words[1][0] != '-' && !is_known)
      throw CLI::ParseError{"there is no subcommand '" + std::string{words[1]} + "', expected one of " + names, clip_program::exit_usage};
    app.parse(count, words);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    clip_program::say(std::string{e.what()} + " (akin-clip " + (is_known ? words[1] + std::string{" "} : "") + "--help tells more)");
    return clip_program::exit_usage;
  }
  try {
    const int code = chosen();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) akin::fail("standard output could not be written");
    return code;
  } catch (const clip_program::usage_error& e) {
    clip_program::say(e.what());
    return clip_program::exit_usage;
  } catch (const std::filesystem::filesystem_error& e) {
    clip_program::say("'" + e.path1().string() + "': " + e.code().message());
  } catch (const std::bad_alloc&) {
    clip_program::say("there is not enough memory");
  } catch (const std::exception& e) {
    clip_program::say(e.what());
  }
  return clip_program::exit_failed;
}
