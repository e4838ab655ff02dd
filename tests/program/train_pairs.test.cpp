// SPDX-License-Identifier: Apache-2.0
// akin-clip train-pairs on pictures of two coloured halves: combinations that it never saw, the same bits for every number of threads
// and after an interruption, a folder that the other commands read, and mistakes as one sentence.
#include "support/program.hpp"

#include <akin/clip/folder.hpp>
#include <akin/clip/read_preprocessing.hpp>
#include <akin/clip/write_config.hpp>
#include <akin/io/safetensors.hpp>
#include <akin/text/vocabulary.hpp>

#include <doctest/doctest.h>

#include <sentencepiece_trainer.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using list = std::vector<std::string>;

constexpr int side = 16, colours = 5;

std::string halves(int left, int right) {
  const unsigned char rgb[colours][3] = {{220, 30, 30}, {30, 200, 40}, {40, 60, 220}, {230, 220, 60}, {20, 20, 20}};
  std::string file = "P6 16 16 255\n";
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      for (const unsigned char value : rgb[x < side / 2 ? left : right]) file += static_cast<char>(value);
  return file;
}

/// Pictures of all pairs of colours but those on a diagonal are trained on.
struct workplace {
  workplace() {
    const char* const names[2][colours] = {{"red", "green", "blue", "yellow", "black"}, {"rot", "gr\xc3\xbcn", "blau", "gelb", "schwarz"}};
    std::string train, held;
    for (int left = 0; left < colours; ++left)
      for (int right = 0; right < colours; ++right) {
        const std::string path = "picture " + std::to_string(left) + std::to_string(right) + ".ppm";
        work.put(path, halves(left, right));
        const bool is_held = right == (left + 1) % colours;
        for (const auto& language : names) (is_held ? held : train) += path + '\t' + language[left] + " left, " + language[right] + " right\n";
      }
    work.put("train.tsv", train);
    work.put("held.tsv", held);
    work.put("model.json", R"({"embed_dim": 16, "vision_cfg": {"image_size": 16, "patch_size": 8, "layers": 1, "width": 32, "head_width": 16},
                               "text_cfg": {"context_length": 12, "vocab_size": 700, "width": 32, "heads": 2, "layers": 1}})");
  }
  list arguments(const std::string& out, list more = {}) const {
    list all{"train-pairs", "--pairs", work / "train.tsv", "--test", work / "held.tsv", "--config", work / "model.json", "--out", work / out, "--learning-rate", "3e-3"};
    for (const auto& [option, value] : {std::pair{"--batch", "20"}, {"--test-every", "50"}})
      if (std::ranges::find(more, option) == more.end()) all.insert(all.end(), {option, value});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  outcome train(const std::string& out, const list& more = {}) const { return run(arguments(out, more), work); }
  /// With another file in the place of one.
  outcome train_with(const std::string& one, const std::string& other, const std::string& out, const list& more = {}) const {
    list all = arguments(out, more);
    std::ranges::replace(all, work / one, work / other);
    return run(all, work);
  }

  std::string weights(const std::string& out) const { return akin::read_file(work / out + "/open_clip_model.safetensors"); }
  /// What was noted in training, but for the seconds that it took.
  std::vector<float> history(const std::string& out) const {
    auto rows = akin::safetensors_file{work / out + "/training.safetensors"}.read<float>("history");
    for (std::size_t k = 5; k < rows.size(); k += 7) rows[k] = 0;
    for (auto& x : rows)
      if (std::isnan(x)) x = -1;
    return rows;
  }

  temporary_folder work;
};

}  // namespace

TEST_CASE("unseen combinations of seen parts are found, and what is written is a model") {
  const workplace place;
  const auto trained = place.train("a", {"--epochs", "150", "--note", "a <note>"});
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  // By chance 1 in 5 pictures would find one of its two captions among ten first, and half of its words are other pictures' as well.
  const auto at = trained.out.find("held image-to-text R@1 ");
  REQUIRE(at != std::string::npos);
  CHECK(std::stod(trained.out.substr(at + 23)) >= 0.8);
  const std::string lines = trained.out.substr(at);
  const auto again = run({"evaluate", "--model", place.work / "a", "--pairs", place.work / "held.tsv"}, place.work);
  CHECK(again.code == 0);
  for (const char* const direction : {"image-to-text", "text-to-image"}) {
    const auto line = again.out.substr(again.out.find(direction), 54);
    CHECK(contains(lines, line));
  }
  const auto among = run({"evaluate", "--model", place.work / "a", "--pairs", place.work / "held.tsv", "--among", place.work / "train.tsv"}, place.work);
  CHECK(contains(among.out, "image-to-text R@1 "));
  CHECK(contains(among.out, " queries 5\n"));
  CHECK(contains(among.out, " queries 10\n"));
  const std::string report = akin::read_file(place.work / "a/report.html");
  CHECK(contains(report, "a &lt;note&gt;"));
  CHECK(contains(report, "recall at 10"));
  CHECK(contains(report, "red left, green right"));
}

TEST_CASE("the same seed gives the same bits for every number of threads, and another one others") {
  const workplace place;
  for (const auto& [out, threads, seed] : {std::tuple{"a", "1", "1"}, std::tuple{"b", "3", "1"}, std::tuple{"c", "1", "2"}})
    REQUIRE(place.train(out, {"--epochs", "6", "--threads", std::string{threads}, "--seed", std::string{seed}}).code == 0);
  CHECK(place.weights("a") == place.weights("b"));
  CHECK(place.weights("a") != place.weights("c"));
}

TEST_CASE("what is interrupted goes on to the same bits") {
  const workplace place;
  const list settings{"--epochs", "60", "--test-every", "1"};
  const auto with = [&](list more) {
    more.insert(more.end(), settings.begin(), settings.end());
    return more;
  };
  REQUIRE(place.train("whole", settings).code == 0);
  int stops = 0;
  for (int attempt = 0; attempt < 200; ++attempt) {
    const running part{place.arguments("parts", with({stops > 0 ? "--resume" : "--overwrite"})), place.work.path()};
    // Moments that differ, so that most fall into a test, where nothing may be lost or noted that a whole run does not note.
    ::usleep(static_cast<::useconds_t>(100'000 + 23'000 * attempt));
    part.kill(SIGINT);
    const auto stopped = part.wait();
    CAPTURE(stopped.err);
    if (stopped.code == 0) break;
    REQUIRE(stopped.code == 130);
    if (!contains(stopped.out, "go on with --resume")) continue;  // it was stopped before there was anything to save
    if (++stops > 1) continue;
    CHECK(contains(place.train("parts", settings).err, "exists: go on with --resume, or start anew with --overwrite"));
    CHECK(contains(place.train("parts", {"--epochs", "61", "--resume"}).err, "was trained with epochs = 60, but now it is 61"));
    std::filesystem::rename(place.work / "train.tsv", place.work / "kept.tsv");
    std::string others = akin::read_file(place.work / "kept.tsv");
    others.replace(others.find("picture 02"), 10, "picture 20");
    place.work.put("train.tsv", others);
    CHECK(contains(place.train("parts", with({"--resume"})).err, "was trained on other pairs"));
    std::filesystem::rename(place.work / "kept.tsv", place.work / "train.tsv");
    const std::string config = akin::read_file(place.work / "model.json");
    place.work.put("model.json", R"({"preprocess_cfg": {"mean": [0, 0, 0]}, "model_cfg": )" + config + "}");
    CHECK(contains(place.train("parts", with({"--resume"})).err, "was trained with another --config"));
    place.work.put("model.json", config);
  }
  CHECK(stops > 0);
  CHECK(place.weights("whole") == place.weights("parts"));
  CHECK(place.history("whole") == place.history("parts"));
}

TEST_CASE("a second interruption ends what the first one cannot") {
  const workplace place;
  REQUIRE(::mkfifo((place.work / "never.ppm").c_str(), 0600) == 0);  // reading it waits for somebody who writes
  place.work.put("waiting.tsv", akin::read_file(place.work / "train.tsv") + "never.ppm\tnothing\n");
  const running waiting{place.arguments("x", {"--pairs", place.work / "waiting.tsv", "--batch", "21"}), place.work.path()};
  const std::string said = place.work / "stdout";
  while (!std::filesystem::exists(said) || !contains(akin::read_file(said), "21 images")) ::usleep(10'000);
  for (int k = 0; k < 2; ++k) waiting.kill(SIGINT), ::usleep(100'000);
  const auto end = waiting.wait();
  CHECK(end.code == 128 + SIGINT);
  CHECK(!contains(end.out, "stopped at step"));
}

TEST_CASE("images that cannot be read are named once, and others stand in their places") {
  const workplace place;
  place.work.put("lost.tsv", akin::read_file(place.work / "train.tsv") + "nowhere.ppm\tred\n");
  for (const auto& [out, threads] : {std::pair{"a", "1"}, std::pair{"b", "3"}}) {
    const auto end = place.train(out, {"--pairs", place.work / "lost.tsv", "--batch", "7", "--epochs", "5", "--threads", threads});
    CHECK(end.code == 1);
    const auto first = end.err.find("akin-clip: skipped: ");
    CAPTURE(end.err);
    REQUIRE(first != std::string::npos);
    CHECK(contains(end.err.substr(first), "nowhere.ppm"));
    CHECK(end.err.find("akin-clip: skipped: ", first + 1) == std::string::npos);
    CHECK(contains(end.out, "held image-to-text R@1 "));
  }
  CHECK(place.weights("a") == place.weights("b"));
  const auto whole = place.train("d", {"--pairs", place.work / "lost.tsv", "--batch", "21"});
  CHECK(whole.code == 1);
  CHECK(contains(whole.err, "fewer than 21 images can be read, but a batch has 21"));
  std::string none;
  for (int k = 0; k < 20; ++k) none += "nowhere" + std::to_string(k) + ".ppm\tred\n";
  place.work.put("none.tsv", none);
  const auto end = place.train_with("train.tsv", "none.tsv", "c");
  CHECK(end.code == 1);
  CHECK(contains(end.err, "fewer than 20 images can be read, but a batch has 20"));
  CHECK(!std::filesystem::exists(place.work / "c/training.safetensors"));  // of a model that nothing has trained
}

TEST_CASE("what stands in the place of an image is cropped and captioned as that would have been") {
  const workplace place;
  std::string copies;
  for (int k = 0; k < 9; ++k) {
    const std::string path = "copy " + std::to_string(k) + ".ppm";
    place.work.put(path, halves(0, 1));
    copies += path + "\tred left, green right\n";
  }
  place.work.put("copies.tsv", copies);
  const list settings{"--epochs", "4", "--batch", "4"};
  REQUIRE(place.train_with("train.tsv", "copies.tsv", "a", settings).code == 0);
  std::filesystem::remove(place.work / "copy 3.ppm");
  CHECK(place.train_with("train.tsv", "copies.tsv", "b", settings).code == 1);
  CHECK(place.weights("a") == place.weights("b"));
}

TEST_CASE("a run goes on where its pairs are named in another way, or stand elsewhere") {
  const workplace place;
  REQUIRE(place.train("a", {"--epochs", "1"}).code == 0);
  const auto other = place.train_with("train.tsv", "./train.tsv", "a", {"--epochs", "1", "--resume"});
  INFO(other.err);
  CHECK(other.code == 0);
}

TEST_CASE("a report says of its tests what is known, and that a resumed run has none") {
  const workplace place;
  const list settings{"--pairs", place.work / "train.tsv", "--config", place.work / "model.json", "--out", place.work / "a", "--epochs", "1", "--batch", "20"};
  const auto with = [&](list more) {
    more.insert(more.begin(), "train-pairs");
    more.insert(more.end(), settings.begin(), settings.end());
    return run(more, place.work);
  };
  const auto report = [&] { return akin::read_file(place.work / "a/report.html"); };
  const std::string lost = "this report has no results of tests";
  const auto untested = with({});
  REQUIRE(untested.code == 0);
  CHECK(!contains(report(), "of a test"));
  CHECK(!contains(report(), "test pairs"));
  CHECK(!contains(untested.err, lost));
  REQUIRE(with({"--overwrite", "--test", place.work / "train.tsv"}).code == 0);
  CHECK(contains(report(), "test pairs"));
  CHECK(!contains(report(), "never trained on"));
  CHECK(!contains(report(), lost));
  const auto resumed = with({"--resume"});
  CHECK(resumed.code == 0);
  CHECK(contains(resumed.err, lost));
  CHECK(contains(report(), lost));
}

TEST_CASE("after the last step one interruption ends the program") {
  const workplace place;
  const std::string fifo = place.work / "waits.ppm";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  place.work.put("waits.tsv", akin::read_file(place.work / "held.tsv") + "waits.ppm\tnothing\n");
  list arguments = place.arguments("a", {"--epochs", "1"});
  std::ranges::replace(arguments, place.work / "held.tsv", place.work / "waits.tsv");
  const running part{arguments, place.work.path()};
  const auto writer = [&] {  // as soon as the program reads
    int file = -1;
    for (int k = 0; file < 0 && k < 1'000; ++k) ::usleep(10'000), file = ::open(fifo.c_str(), O_WRONLY | O_NONBLOCK);
    return file;
  };
  ::close(writer());  // the test of the epoch goes on without it
  for (int k = 0; k < 1'000 && !contains(akin::read_file(place.work / "stderr"), "epoch 1: recall_at_1"); ++k) ::usleep(10'000);
  const int held = writer();  // the tests of the report
  CHECK(held >= 0);
  part.kill(SIGINT);
  ::usleep(500'000);
  part.kill(SIGKILL);
  CHECK(part.wait().code == 128 + SIGINT);
  ::close(held);
}

TEST_CASE("images are what the configuration says, in training and in what is written") {
  const workplace place;
  REQUIRE(place.train("a", {"--epochs", "2"}).code == 0);
  const std::string config = akin::read_file(place.work / "model.json");
  place.work.put("model.json", R"({"preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.5, 0.5]}, "model_cfg": )" + config + "}");
  REQUIRE(place.train("b", {"--epochs", "2"}).code == 0);
  CHECK(place.weights("a") != place.weights("b"));
  const auto model = akin::open_clip_folder(place.work / "b");
  const auto how = akin::read_preprocessing(place.work / "b", model.architecture, akin::names_of(model.weights));
  CHECK(how.mean == std::array{0.5f, 0.5f, 0.5f});
  CHECK(how.deviation == std::array{0.25f, 0.5f, 0.5f});
}

TEST_CASE("transformers' configuration has what images become beside it") {
  const workplace place;
  akin::clip_architecture a;
  a.embed = 16;
  a.image = {16, 16, 8, 32, 1, 2, 64, {}, akin::activation::gelu_quick};
  a.text = {12, 700, 32, 1, 2, 64, akin::activation::gelu_quick};
  auto how = akin::clip_preprocessing(16);
  how.mean = {0.5f, 0.25f, 0.5f};
  std::filesystem::create_directory(place.work / "theirs");
  place.work.put("theirs/config.json", akin::clip_config_text(a, akin::weight_names::transformers));
  place.work.put("theirs/preprocessor_config.json", akin::preprocessor_config_text(how));
  const auto trained = place.train_with("model.json", "theirs/config.json", "a", {"--epochs", "1"});
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  const auto model = akin::open_clip_folder(place.work / "a");
  CHECK(akin::read_preprocessing(place.work / "a", model.architecture, akin::names_of(model.weights)).mean == how.mean);
}

TEST_CASE("a vocabulary that is given is read, and goes with the model") {
  const workplace place;
  REQUIRE(place.train("learned", {"--epochs", "1"}).code == 0);
  const std::string vocabulary = place.work / "learned/vocab.json";
  const auto refused = place.train("other", {"--epochs", "1", "--vocab", vocabulary});
  CHECK(refused.code == 1);
  CHECK(contains(refused.err, "but the model knows 700 and expects the last one"));
  const auto pieces = akin::parse_vocab_json(akin::read_file(vocabulary), akin::read_file(place.work / "learned/merges.txt"), vocabulary).pieces.size();
  std::string config = akin::read_file(place.work / "model.json");
  config.replace(config.find("700"), 3, std::to_string(pieces));
  place.work.put("model.json", config);
  REQUIRE(place.train("given", {"--epochs", "1", "--vocab", vocabulary}).code == 0);
  CHECK(akin::read_file(place.work / "given/vocab.json") == akin::read_file(vocabulary));
  CHECK(place.weights("given") == place.weights("learned"));
}

TEST_CASE("no other tokenizer stays where it would be taken for the model's") {
  const workplace place;
  std::filesystem::create_directory(place.work / "a");
  for (const char* const name : {"tokenizer.json", "bpe_simple_vocab_16e6.txt", "bpe_simple_vocab_16e6.txt.gz"}) {
    const std::string path = "a/" + std::string{name};
    place.work.put(path, "mine");
    CHECK(contains(place.train("a", {"--epochs", "1"}).err, path + "' exists: --overwrite replaces it"));
    CHECK(akin::read_file(place.work / path) == "mine");
    const auto trained = place.train("a", {"--epochs", "1", "--overwrite"});
    INFO(trained.err);
    CHECK(trained.code == 0);
    CHECK(!std::filesystem::exists(place.work / path));
    std::filesystem::remove_all(place.work / "a");
    std::filesystem::create_directory(place.work / "a");
  }
}

TEST_CASE("SigLIP is trained with a SentencePiece model") {
  const workplace place;
  akin::clip_architecture a;
  a.family = akin::clip_family::siglip;
  a.embed = 32;
  a.image = {16, 16, 8, 32, 1, 2, 64, {}, akin::activation::gelu_exact};
  a.text = {12, 64, 32, 1, 2, 64, akin::activation::gelu_exact};
  place.work.put("model.json", akin::clip_config_text(a, akin::weight_names::open_clip));
  const auto without = place.train("x", {"--epochs", "1"});
  CHECK(without.code == 2);
  CHECK(contains(without.err, "SigLIP's texts need a SentencePiece model: name one with --vocab"));
  const auto status = sentencepiece::SentencePieceTrainer::Train(
      "--input=" + place.work / "train.tsv" + " --model_prefix=" + place.work / "m" +
      " --vocab_size=60 --pad_id=0 --eos_id=1 --unk_id=2 --bos_id=-1 --hard_vocab_limit=false --minloglevel=2");
  REQUIRE_MESSAGE(status.ok(), status.ToString());
  const auto trained = place.train("a", {"--epochs", "150", "--vocab", place.work / "m.model"});
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(contains(trained.err, "pieces, but the model knows 64: it may be another model's"));
  CHECK(akin::read_file(place.work / "a/spiece.model") == akin::read_file(place.work / "m.model"));
  const auto at = trained.out.find("held image-to-text R@1 ");
  REQUIRE(at != std::string::npos);
  double recall = std::stod(trained.out.substr(at + 23));
  for (const std::string seed : {"2", "3"}) {  // of five pairs; by chance it is 0.2
    const auto other = place.train("b" + seed, {"--epochs", "150", "--seed", seed, "--vocab", place.work / "m.model"});
    REQUIRE(other.code == 0);
    recall += std::stod(other.out.substr(other.out.find("held image-to-text R@1 ") + 23));
  }
  CHECK(recall / 3 >= 0.6);
  const auto again = run({"evaluate", "--model", place.work / "a", "--pairs", place.work / "held.tsv"}, place.work);
  CHECK(again.code == 0);
  CHECK(contains(trained.out.substr(at), again.out.substr(again.out.find("image-to-text"), 54)));
}

TEST_CASE("captions that were cut are counted") {
  const workplace place;
  const std::string all = akin::read_file(place.work / "train.tsv"), path = "picture 00.ppm";
  for (const auto& [more, said] : {std::pair{path + "\t1 2 3 4 5 6 7 8 9 0 1 2\n", "akin-clip: 1 caption is longer than the context and was cut\n"},
                                   std::pair{path + "\t1 2 3 4 5 6 7 8 9 0 1 2\n" + path + "\t2 2 3 4 5 6 7 8 9 0 1 2\n", "akin-clip: 2 captions are longer than the context and were cut\n"}}) {
    place.work.put("long.tsv", all + more);
    const auto end = place.train_with("train.tsv", "long.tsv", "a", {"--epochs", "1", "--overwrite"});
    CHECK(end.code == 0);
    CHECK(contains(end.err, said));
  }
}

TEST_CASE("of a setting that is given twice the last one counts") {
  const workplace place;
  REQUIRE(place.train("a", {"--epochs", "3", "--epochs", "2"}).code == 0);
  const akin::safetensors_file checkpoint{place.work / "a/training.safetensors"};
  CHECK(checkpoint.metadata().at("train.epochs") == "2");
}

TEST_CASE("help says who reads a vocabulary that was learned, and the program reads it") {
  const workplace place;
  CHECK(contains(run({"train-pairs", "--help"}, place.work).out, "tokenize --ids --vocab OUT/vocab.json"));
  REQUIRE(place.train("a", {"--epochs", "1"}).code == 0);
  const int input = ::open(place.work.put("stdin", "red left\n").c_str(), O_RDONLY);
  ::dup2(input, 0);
  ::close(input);
  const auto read = run({"tokenize", "--ids", "--vocab", place.work / "a/vocab.json"}, place.work);
  INFO(read.err);
  CHECK(read.code == 0);
  CHECK(read.out.size() > 4);
}

TEST_CASE("mistakes are one sentence") {
  const workplace place;
  const auto sentence = [&](const list& more) {
    const auto failed = place.train("x", more);
    CHECK(failed.code == 1);
    return failed.err;
  };
  place.work.put("empty.tsv", "filepath\ttitle\n");
  CHECK(contains(sentence({"--test", place.work / "empty.tsv"}), "there are no pairs in"));
  CHECK(contains(sentence({"--batch", "21"}), "a batch of 21 is larger than the data set of 20 images"));
  std::string small = akin::read_file(place.work / "model.json");
  small.replace(small.find("700"), 3, "400");
  place.work.put("small.json", small);
  CHECK(contains(place.train_with("model.json", "small.json", "x").err, "small.json': vocab_size is 400, but a learned vocabulary has at least 514 pieces"));
  std::filesystem::create_directory(place.work / "x");
  place.work.put("x/vocab.json", "mine");
  CHECK(contains(sentence({}), "x/vocab.json' exists: --overwrite replaces it"));
  CHECK(akin::read_file(place.work / "x/vocab.json") == "mine");
  place.work.put("bytes.tsv", "picture 00.ppm\tr\xff" "d\n");
  CHECK(contains(place.train("y", {"--epochs", "1", "--test", place.work / "bytes.tsv"}).err, "bytes.tsv': 1 place not UTF-8"));
}
