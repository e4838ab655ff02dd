// SPDX-License-Identifier: Apache-2.0
// akin-clip as a user meets it: a run, the same run again, an interrupted run, and every mistake on the command line.
#include "support/files.hpp"
#include "support/program.hpp"

#include <akin/io/safetensors.hpp>
#include <akin/support/random.hpp>

#include <doctest/doctest.h>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <vector>

namespace {

std::string big_endian(std::uint32_t x) { return {static_cast<char>(x >> 24), static_cast<char>(x >> 16), static_cast<char>(x >> 8), static_cast<char>(x)}; }
std::string idx_images(std::uint32_t count, std::uint32_t side, std::uint64_t seed) {
  std::string bytes = std::string("\0\0\x08\x03", 4) + big_endian(count) + big_endian(side) + big_endian(side);
  akin::random_stream random{seed, 1};
  for (std::uint32_t n = 0; n < count; ++n)
    for (std::uint32_t y = 0; y < side; ++y)
      for (std::uint32_t x = 0; x < side; ++x) bytes += static_cast<char>((x + y * 3) % 10 == n % 10 ? 220 : random.below(60));
  return bytes;
}
std::string idx_labels(std::uint32_t count) {
  std::string bytes = std::string("\0\0\x08\x01", 4) + big_endian(count);
  for (std::uint32_t n = 0; n < count; ++n) bytes += static_cast<char>(n % 10);
  return bytes;
}

// 10 x 10 images in which a diagonal tells the class.
struct small_data {
  small_data() {
    folder.put("train-images-idx3-ubyte", idx_images(320, 10, 1));
    folder.put("train-labels-idx1-ubyte", idx_labels(320));
    folder.put("t10k-images-idx3-ubyte", idx_images(50, 10, 2));
    folder.put("t10k-labels-idx1-ubyte", idx_labels(50));
  }
  temporary_folder folder;
};

std::vector<std::string> train_arguments(const small_data& data, const std::string& out, std::vector<std::string> more = {}) {
  std::vector<std::string> a{"train", "--data", data.folder.path(), "--out", out, "--checkpoint-every", "3"};
  a.insert(a.end(), more.begin(), more.end());
  for (const auto& [option, value] : {std::pair{"--epochs", "4"}, {"--batch", "32"}})
    if (std::find(more.begin(), more.end(), option) == more.end()) a.insert(a.end(), {option, value});
  return a;
}

// Every number of a checkpoint that does not tell the time.
std::map<std::string, std::vector<float>> numbers_of(const std::string& out) {
  const akin::safetensors_file file{out + "/checkpoint.safetensors"};
  std::map<std::string, std::vector<float>> all;
  for (const auto& t : file.tensors()) all[t.name] = file.read<float>(t.name);
  auto& history = all["history"];
  for (std::size_t k = 5; k < history.size(); k += 7) history[k] = 0;
  for (auto& x : history)
    if (x != x) x = -1;
  return all;
}

}  // namespace

TEST_CASE("a run writes its files, prints its result last, and repeats bit for bit") {
  const small_data data;
  const temporary_folder work;
  const auto first = run(train_arguments(data, work / "a"), work);
  INFO(first.err);
  REQUIRE(first.code == 0);
  const auto line = first.out.substr(first.out.rfind('\n', first.out.size() - 2) + 1);
  CHECK(line.starts_with("zero-shot top-1 0."));
  CHECK(contains(line, " top-5 "));
  CHECK(contains(line, " train-seconds "));
  for (const char* name : {"/checkpoint.safetensors", "/report.html", "/metrics.csv"}) CHECK(std::filesystem::file_size(work / "a" + name) > 100);
  const std::string report = akin::read_file(work / "a/report.html");
  CHECK(!contains(report, "docs/"));  // which say nothing of these images
  CHECK(contains(report, "1 pixel<"));
  CHECK(contains(report, AKIN_CLIP " classify --model " + work / "a" + " --invert picture.png"));  // light things on black
  const auto expected = numbers_of(work / "a");
  for (const char* threads : {"1", "2", "3"}) {
    REQUIRE(run(train_arguments(data, work / "b", {"--overwrite", "--threads", threads}), work).code == 0);
    CHECK(numbers_of(work / "b") == expected);
  }
  REQUIRE(run(train_arguments(data, work / "b", {"--overwrite", "--seed", "2"}), work).code == 0);
  CHECK(numbers_of(work / "b") != expected);
}

TEST_CASE("interrupted at any moment and resumed, training ends with the same bits") {
  const small_data data;
  const temporary_folder work;
  REQUIRE(run(train_arguments(data, work / "whole", {"--epochs", "60"}), work).code == 0);
  const auto expected = numbers_of(work / "whole");
  const auto checkpoint = [&](const std::string& out) { return std::filesystem::exists(out + "/checkpoint.safetensors"); };
  for (const int signal : {SIGINT, SIGKILL}) {
    const std::string out = work / (signal == SIGKILL ? "killed" : "stopped");
    int stops = 0;
    for (int attempt = 0; attempt < 200; ++attempt) {
      const running program{train_arguments(data, out, {"--epochs", "60", checkpoint(out) ? "--resume" : "--overwrite"}), work.path()};
      // Moments that differ, so that some fall into a write; not a matter of timing: any moment must do.
      std::this_thread::sleep_for(std::chrono::milliseconds(60 + 37 * attempt));
      program.kill(signal);
      const auto end = program.wait();
      if (end.code == 0) break;
      CHECK((end.code == 130 || end.code == 128 + signal));
      ++stops;
    }
    CHECK(stops > 0);
    CHECK(numbers_of(out) == expected);
  }
}

TEST_CASE("a terminal that closes saves and stops a run, but not one that ignores it, as nohup has it") {
  const small_data data;
  const temporary_folder work;
  const auto hung_up = [&](const std::string& out, const char* epochs) {
    const running program{train_arguments(data, out, {"--epochs", epochs}), work.path()};
    for (int k = 0; k < 3'000 && !std::filesystem::exists(out + "/checkpoint.safetensors"); ++k) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    program.kill(SIGHUP);
    return program.wait();
  };
  const auto stopped = hung_up(work / "a", "10000");
  CHECK(stopped.code == 130);
  CHECK(contains(stopped.out, "saved; go on with --resume"));
  const auto before = ::signal(SIGHUP, SIG_IGN);
  const auto finished = hung_up(work / "b", "60");
  ::signal(SIGHUP, before);
  CHECK(finished.code == 0);
}

TEST_CASE("a run is not resumed on other data, nor begun where nothing can be written") {
  const small_data data;
  const temporary_folder work;
  REQUIRE(run(train_arguments(data, work / "a"), work).code == 0);
  auto pixels = akin::read_file(data.folder / "train-images-idx3-ubyte");
  pixels.back() = static_cast<char>(pixels.back() ^ 1);
  data.folder.put("train-images-idx3-ubyte", pixels);
  const auto other = run(train_arguments(data, work / "a", {"--resume"}), work);
  CHECK(other.code == 1);
  CHECK(contains(other.err, "was trained on other images or labels"));
  const auto nowhere = run(train_arguments(data, "/proc/akin"), work);
  CHECK(nowhere.code == 1);
  CHECK(contains(nowhere.err, "--out: cannot make the folder '/proc/akin'"));
}

TEST_CASE("classify says what it sees") {
  const small_data data;
  const temporary_folder work;
  REQUIRE(run(train_arguments(data, work / "m", {"--epochs", "8"}), work).code == 0);
  const auto all = run({"classify", "--model", work / "m", "--limit", "3", data.folder / "t10k-images-idx3-ubyte"}, work);
  CHECK(all.code == 0);
  CHECK(std::count(all.out.begin(), all.out.end(), '\n') == 3);
  CHECK(contains(all.out, "t10k-images-idx3-ubyte[0]: "));
  const auto labelled = run({"classify", "--model", work / "m", "--label", "coat", "--label", "bag", "--template", "a photo of a {}", "--limit", "1", data.folder / "t10k-images-idx3-ubyte"}, work);
  CHECK(labelled.code == 0);
  CHECK(contains(labelled.out, "coat"));
  CHECK(contains(labelled.out, "bag"));
  const auto pgm = work.put("one.pgm", "P2 2 2 255 0 255 255 0");
  CHECK(run({"classify", "--model", work / "m", pgm}, work).code == 0);
  const auto odd = run({"classify", "--model", work / "m", "--format", "json", "--label", "coat \xff", work.put("\xff.pgm", "P2 1 1 255 0"), pgm}, work);
  CHECK(odd.code == 1);
  CHECK(contains(odd.err, ".pgm' is not UTF-8"));
  CHECK(contains(odd.out, "one.pgm\", \"answers\": [{\"label\": \"coat \xef\xbf\xbd\", \"score\": 1}]}"));
  CHECK(!contains(odd.out, "\xff.pgm"));
  const auto unknown = run({"classify", "--model", work / "m", "--label", "zebra", pgm}, work);
  CHECK(unknown.code == 1);
  CHECK(contains(unknown.err, "'zebra'"));
  const auto half = run({"classify", "--model", work / "m", "--label", "ankle zebra", "--label", "bag", pgm}, work);
  CHECK(half.code == 0);
  CHECK(contains(half.err, "does not know the word 'zebra'"));
  const auto broken = run({"classify", "--model", work / "m", work.put("broken.png", "\x89PNG\r\n\x1a\nrubbish"), pgm}, work);
  CHECK(broken.code == 1);
  CHECK(contains(broken.err, "akin-clip: skipped: "));
  CHECK(contains(broken.err, "broken.png"));
  CHECK(contains(broken.err, "1 of 2 files were skipped"));
  CHECK(contains(broken.out, "one.pgm: "));  // the others are still classified
}

TEST_CASE("--version says which program this is") {
  const temporary_folder work;
  const auto version = run({"--version"}, work);
  CHECK(version.code == 0);
  CHECK(version.out.starts_with("akin-clip 0."));
}

TEST_CASE("every mistake is one sentence, an exit code, and nothing overwritten") {
  const small_data data;
  const temporary_folder work;
  const auto refused = [&](std::vector<std::string> arguments, int code, const std::string& part) {
    const auto end = run(arguments, work);
    INFO("arguments: ", arguments.size() > 2 ? arguments[2] : "", "; said: ", end.err);
    CHECK(end.code == code);
    CHECK(contains(end.err, part));
    CHECK(std::count(end.err.begin(), end.err.end(), '\n') == 1);
  };
  refused({}, 2, "subcommand");
  refused({}, 2, "(akin-clip --help tells more)");
  refused({"bogus"}, 2, "(akin-clip --help tells more)");
  refused({"train"}, 2, "--data");
  refused({"train"}, 2, "(akin-clip train --help tells more)");
  refused({"pixels", "--size", "0", "a", "b"}, 2, "(akin-clip pixels --help tells more)");
  refused({"train", "--data", data.folder.path(), "--wings"}, 2, "--wings");
  refused({"train", "--data", data.folder.path(), "--objective", "two"}, 2, "objective");
  refused({"train", "--data", data.folder.path(), "--epochs", "many"}, 2, "epochs");
  refused({"train", "--data", data.folder.path(), "--learning-rate", "nan"}, 2, "expected a number from");
  refused({"train", "--data", data.folder.path(), "--resume", "--overwrite"}, 2, "--overwrite");
  refused({"bogus"}, 2, "there is no subcommand 'bogus', expected one of train, train-pairs, embed, ");
  refused({"train", "--data", data.folder.path(), "--seed", "-1"}, 2, "--seed: got '-1', expected a number from 0 to ");
  refused({"train", "--data", work / "nowhere", "--out", work / "o"}, 1, "--data: there is no folder '" + work / "nowhere'");
  refused({"train", "--data", work.path(), "--out", work / "o"}, 1, "' has neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz");
  refused(train_arguments(data, work / "o", {"--batch", "321"}), 1, "larger than the data set of 320 images");
  refused(train_arguments(data, work / "o", {"--resume"}), 1, "no checkpoint");
  refused(train_arguments(data, work / "o", {"--classes", work.put("two", "hat\nglove\n")}), 1, "label 2 is 2, but there are 2 classes");
  refused(train_arguments(data, work / "o", {"--templates", work.put("flat", "a hat\n")}), 1, "no {}");
  refused(train_arguments(data, work.put("file", "x") + "/o"), 1, "cannot make the folder");
  refused({"classify", "--model", work / "nothing", "x.png"}, 1, "there is no folder '" + work / "nothing'");
  std::filesystem::create_directory(work / "mine");
  work.put("mine/report.html", "mine");
  refused(train_arguments(data, work / "mine"), 1, "report.html' exists: --overwrite replaces it");
  CHECK(!std::filesystem::exists(work / "o"));

  const auto broken = [&](const char* name, const std::string& bytes, const std::string& part) {
    const small_data other;
    other.folder.put(name, bytes);
    refused(train_arguments(other, work / "o"), 1, part);
  };
  broken("train-images-idx3-ubyte", "", "train-images-idx3-ubyte");
  broken("train-images-idx3-ubyte", idx_images(320, 10, 1).substr(0, 5000), "train-images-idx3-ubyte");
  broken("train-labels-idx1-ubyte", idx_labels(319), "319 labels, but");
  broken("t10k-images-idx3-ubyte", idx_images(50, 9, 1), "9 x 9, but those of training 10 x 10");

  // A finished model is not overwritten, and a broken checkpoint is not used.
  REQUIRE(run(train_arguments(data, work / "m", {"--epochs", "1"}), work).code == 0);
  const auto before = akin::read_file(work / "m/checkpoint.safetensors");
  refused(train_arguments(data, work / "m"), 1, "--overwrite");
  refused(train_arguments(data, work / "m", {"--resume", "--epochs", "2"}), 1, "was trained with epochs = 1, but now it is 2");
  CHECK(akin::read_file(work / "m/checkpoint.safetensors") == before);
  work.put("m/checkpoint.safetensors", before.substr(0, before.size() / 2));
  refused({"classify", "--model", work / "m", "x.png"}, 1, "checkpoint.safetensors");
  refused(train_arguments(data, work / "m", {"--resume", "--epochs", "1"}), 1, "checkpoint.safetensors");
}

TEST_CASE("a full disk and a loss that is not finite leave the last checkpoint as it was") {
  const small_data data;
  const temporary_folder work;
  const auto end = run(train_arguments(data, work / "o", {"--learning-rate", "1e6", "--clip-norm", "0", "--epochs", "40"}), work);
  CHECK(end.code == 1);
  CHECK(contains(end.err, "is not finite; the first such value is in"));

  REQUIRE(run(train_arguments(data, work / "m", {"--epochs", "1"}), work).code == 0);
  const auto before = akin::read_file(work / "m/checkpoint.safetensors");
  const auto full = running{train_arguments(data, work / "m", {"--overwrite", "--seed", "5"}), work.path(), 100'000}.wait();
  CHECK(full.code == 1);
  CHECK(contains(full.err, "checkpoint.safetensors"));
  CHECK(akin::read_file(work / "m/checkpoint.safetensors") == before);
}
