// SPDX-License-Identifier: Apache-2.0
// akin-clip train-pairs on pictures of two coloured halves: combinations that it never saw, the same bits for every number of threads
// and after an interruption, a folder that the other commands read, and mistakes as one sentence.
#include "support/program.hpp"

#include <akin/io/safetensors.hpp>

#include <doctest/doctest.h>

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <tuple>
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
    list all{"train-pairs", "--pairs", work / "train.tsv", "--test", work / "held.tsv", "--config", work / "model.json", "--out", work / out, "--test-every", "50", "--learning-rate", "3e-3"};
    if (std::ranges::find(more, "--batch") == more.end()) all.insert(all.end(), {"--batch", "20"});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  outcome train(const std::string& out, const list& more = {}) const { return run(arguments(out, more), work); }

  std::string weights(const std::string& out) const { return akin::read_file(work / out + "/open_clip_model.safetensors"); }

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
  REQUIRE(place.train("whole", {"--epochs", "400"}).code == 0);
  const auto arguments = place.arguments("parts", {"--epochs", "400"});
  running first{arguments, place.work.path()};
  while (!std::filesystem::exists(place.work / "parts/training.safetensors")) ::usleep(10'000);
  first.kill(SIGINT);
  const auto stopped = first.wait();
  REQUIRE((stopped.code == 130 || stopped.code == 0));
  if (stopped.code == 130) {
    CHECK(contains(stopped.out, "go on with --resume"));
    CHECK(contains(place.train("parts", {"--epochs", "400"}).err, "exists: go on with --resume, or start anew with --overwrite"));
    CHECK(contains(place.train("parts", {"--epochs", "401", "--resume"}).err, "was trained with epochs = 400, but now it is 401"));
    REQUIRE(place.train("parts", {"--epochs", "400", "--resume"}).code == 0);
  }
  CHECK(place.weights("whole") == place.weights("parts"));
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
  place.work.put("lost.tsv", "nowhere.png\tred\n");
  CHECK(contains(sentence({"--pairs", place.work / "lost.tsv", "--batch", "21"}), "nowhere.png"));
}
