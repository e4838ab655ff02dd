// SPDX-License-Identifier: Apache-2.0
// akin-clip embed, search, classify and evaluate with a small public model: what one of them writes follows from what another one
// wrote, names of every kind come through, what was interrupted goes on, and every mistake is one sentence.
#include "support/program.hpp"
#include "support/small_clip.hpp"

#include <akin/clip/embedding_index.hpp>
#include <akin/io/file_lock.hpp>
#include <akin/text/zero_shot.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace {

using list = std::vector<std::string>;

const std::string pixels = std::string{AKIN_GOLDEN_DIR} + "/pixels/in/";

struct workplace {
  workplace() {
    put_small_clip(model, 1);
    std::filesystem::create_directories(pictures + "/below");
    for (const auto& [from, to] : {std::pair{"photo_420.jpg", "a b.jpg"},
                                   {"gray.png", "below/new\nline, \"quoted\".png"},
                                   {"photo.webp", "\xc3\xa9\xe2\x98\x83.webp"}})
      std::filesystem::copy(pixels + from, pictures + "/" + to);
  }
  outcome run(list arguments) const { return ::run(arguments, work); }
  outcome with_model(const std::string& command, list arguments) const {
    list all{command, "--model", model};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run(all);
  }

  temporary_folder work;
  std::string model = work / "model", pictures = work / "pictures";
};

double cosine(const akin::embedding_index& a, std::size_t i, const akin::embedding_index& b, std::size_t j) {
  const auto width = static_cast<std::size_t>(a.embed);
  return std::inner_product(&a.values[i * width], &a.values[i * width] + width, &b.values[j * width], 0.0);
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (auto place = text.find(part); place != std::string_view::npos; place = text.find(part, place + 1)) ++n;
  return n;
}

/// The numbers behind "score": in JSON lines.
std::vector<double> scores_in(const std::string& json) {
  std::vector<double> scores;
  for (auto place = json.find("\"score\": "); place != std::string::npos; place = json.find("\"score\": ", place + 1))
    scores.push_back(std::stod(json.substr(place + 9)));
  return scores;
}

}  // namespace

TEST_CASE("a folder becomes an index; what cannot be read is named and counted") {
  const workplace w;
  akin::write_file_atomically(w.pictures + "/broken.jpg", akin::read_file(pixels + "photo_420.jpg").substr(0, 3000));
  const auto end = w.with_model("embed", {"--out", w.work / "index", w.pictures});
  INFO(end.err);
  CHECK(end.code == 1);
  CHECK(contains(end.err, "broken.jpg"));
  CHECK(contains(end.err, "1 of 4 images were skipped"));
  const auto index = akin::load_index(w.work / "index");
  CHECK(index.names == list{w.pictures + "/a b.jpg", w.pictures + "/below/new\nline, \"quoted\".png",
                            w.pictures + "/\xc3\xa9\xe2\x98\x83.webp"});
  CHECK(index.embed == 24);
  for (std::size_t k = 0; k < 3; ++k) CHECK(cosine(index, k, index, k) == doctest::Approx(1));
  CHECK(cosine(index, 0, index, 1) < 0.9999);

  const auto again = w.with_model("embed", {"--out", w.work / "index", w.pictures});
  CHECK(contains(again.err, "3 rows, 0 of them new"));
  CHECK(akin::load_index(w.work / "index").values == index.values);
}

TEST_CASE("an empty folder is an empty index, in which nothing is found") {
  const workplace w;
  std::filesystem::create_directory(w.work / "nothing");
  const auto end = w.with_model("embed", {"--out", w.work / "index", w.work / "nothing"});
  CHECK(end.code == 0);
  CHECK(contains(end.err, "nothing' has no images"));
  CHECK(akin::load_index(w.work / "index").rows() == 0);
  const auto found = w.with_model("search", {"--index", w.work / "index", "--text", "a"});
  CHECK(found.code == 0);
  CHECK(found.out == "query,name,score\n");
}

TEST_CASE("an interrupted run leaves an index that the next one completes to the same rows") {
  const workplace w;
  const std::string many = w.work / "many";
  std::filesystem::create_directory(many);
  for (int k = 0; k < 400; ++k)
    std::filesystem::create_symlink(pixels + (k % 2 == 0 ? "photo_420.jpg" : "photo_rgb.png"),
                                    many + "/" + std::to_string(1000 + k) + ".jpg");
  const list command{"embed", "--model", w.model, "--threads", "1", "--out", w.work / "index", many};
  const running first{command, w.work.path()};
  while (!std::filesystem::exists(w.work / "index.json")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  first.kill(SIGINT);
  const auto end = first.wait();
  INFO(end.err);
  REQUIRE(end.code == 130);
  CHECK(contains(end.err, "the same command goes on"));
  CHECK(akin::load_index(w.work / "index").rows() < 400);
  CHECK(w.run(command).code == 0);
  CHECK(w.with_model("embed", {"--threads", "2", "--out", w.work / "whole", many}).code == 0);
  const auto one = akin::load_index(w.work / "index"), other = akin::load_index(w.work / "whole");
  CHECK(one.names == other.names);
  CHECK(one.values == other.values);
}

TEST_CASE("search finds what is nearest, and shows it") {
  const workplace w;
  w.with_model("embed", {"--out", w.work / "index", w.pictures});
  const auto index = akin::load_index(w.work / "index");
  const auto itself = w.with_model("search", {"--index", w.work / "index", "--image", index.names[1], "--top", "1"});
  const std::string quoted = "\"" + w.pictures + "/below/new\nline, \"\"quoted\"\".png\"";
  CHECK(itself.out == "query,name,score\n" + quoted + "," + quoted + ",1\n");

  w.with_model("embed", {"--out", w.work / "texts", "--texts", w.work.put("lines", "a cat\r\nCaf\xc3\xa9\nn\xff\xfeo\na cat\n")});
  const auto texts = akin::load_index(w.work / "texts");
  CHECK(texts.names == list{"a cat", "Caf\xc3\xa9", "n\xef\xbf\xbd\xef\xbf\xbdo", "a cat"});
  const auto found = w.with_model("search", {"--index", w.work / "index", "--text", "a cat", "--text", "Caf\xc3\xa9", "--format",
                                             "json", "--report", w.work / "found.html"});
  INFO(found.err);
  const auto scores = scores_in(found.out);
  REQUIRE(scores.size() == 6);
  for (std::size_t query = 0; query < 2; ++query) {
    std::vector<double> expected;
    for (std::size_t k = 0; k < 3; ++k) expected.push_back(cosine(texts, query, index, k));
    std::ranges::sort(expected, std::greater{});
    for (std::size_t k = 0; k < 3; ++k) CHECK(scores[3 * query + k] == doctest::Approx(expected[k]).epsilon(1e-5));
  }
  const std::string page = akin::read_file(w.work / "found.html");
  CHECK(count(page, "<img ") == 6);
  CHECK(contains(page, "a cat"));
  CHECK(!contains(page, "http"));
  CHECK(!contains(page, "\"quoted\".png\""));  // a name never becomes markup
}

TEST_CASE("classify gives the softmax of 100 cosines, from labels or from the classifier that it saved") {
  const workplace w;
  w.with_model("embed", {"--out", w.work / "index", w.pictures});
  w.with_model("embed", {"--out", w.work / "texts", "--texts", w.work.put("lines", "cat\nred car\n")});
  const auto images = akin::load_index(w.work / "index"), texts = akin::load_index(w.work / "texts");
  const auto end = w.with_model("classify", {"--labels", w.work / "lines", "--template", "{}", "--format", "json",
                                             "--save-classifier", w.work / "c.safetensors", w.pictures});
  INFO(end.err);
  CHECK(end.code == 0);
  const auto scores = scores_in(end.out);
  REQUIRE(scores.size() == 6);
  for (std::size_t k = 0; k < 3; ++k) {
    const double difference = 100 * (cosine(images, k, texts, 0) - cosine(images, k, texts, 1)),
                 share = 1 / (1 + std::exp(-difference));
    CHECK(scores[2 * k] == doctest::Approx(std::max(share, 1 - share)).epsilon(1e-3));
    CHECK(scores[2 * k] + scores[2 * k + 1] == doctest::Approx(1).epsilon(1e-5));
  }
  CHECK(w.with_model("classify", {"--classifier", w.work / "c.safetensors", "--format", "json", w.pictures}).out == end.out);
  const double least = std::min(cosine(images, 0, texts, 0), cosine(images, 0, texts, 1));
  const auto several = w.with_model("classify", {"--classifier", w.work / "c.safetensors", "--format", "csv", "--threshold",
                                                 std::to_string(least - 1e-4), images.names[0]});
  CHECK(count(several.out, "\n") == 3);
  CHECK(count(w.with_model("classify", {"--classifier", w.work / "c.safetensors", "--format", "csv", "--threshold", std::to_string(least - 1e-4), "--top",
                                        "1", images.names[0]}).out, "\n") == 2);
  CHECK(w.with_model("classify", {"--classifier", w.work / "c.safetensors", "--format", "csv", "--threshold", "1.1", w.pictures})
            .out == "image,label,score\n");
}

TEST_CASE("classify writes all labels for programs, the best three for eyes, and as many as were asked for") {
  const workplace w;
  const std::string picture = w.pictures + "/a b.jpg";
  const auto answers = [&](list more) {
    more.insert(more.end(), {"--labels", w.work / "lines", picture});
    return w.with_model("classify", more).out;
  };
  w.work.put("lines", "cat\ndog\nred car\nbus\ntree\n");
  CHECK(count(answers({"--format", "csv"}), "\n") == 1 + 5);
  CHECK(scores_in(answers({"--format", "json"})).size() == 5);
  CHECK(count(answers({}), ", ") == 2);
  CHECK(count(answers({"--format", "csv", "--top", "2"}), "\n") == 1 + 2);
  CHECK(scores_in(answers({"--format", "json", "--top", "2"})).size() == 2);
  CHECK(count(answers({"--top", "4"}), ", ") == 3);
}

TEST_CASE("evaluate counts as a sort of cosines does") {
  const workplace w;
  const list files{"photo_420.jpg", "photo_rgb.png", "gray.png", "palette.png", "wide.png", "photo.webp"},
      labels{"cat", "dog", "red car"};
  for (std::size_t k = 0; k < files.size(); ++k) {
    const std::string folder = w.work / "classes/" + std::string(1, static_cast<char>('a' + k % 3));
    std::filesystem::create_directories(folder);
    std::filesystem::copy(pixels + files[k], folder + "/" + files[k]);
  }
  w.work.put("labels", "cat\ndog\nred car\n");
  w.with_model("embed", {"--out", w.work / "index", w.work / "classes"});
  w.with_model("embed", {"--out", w.work / "texts", "--texts", w.work / "labels"});
  const auto images = akin::load_index(w.work / "index"), texts = akin::load_index(w.work / "texts");
  std::size_t hits = 0;
  for (std::size_t k = 0; k < 6; ++k) {  // in the order of the folders: two images of each class
    std::size_t best = 0;
    for (std::size_t label = 1; label < 3; ++label)
      if (cosine(images, k, texts, label) > cosine(images, k, texts, best)) best = label;
    hits += best == k / 2;
  }
  const auto end = w.with_model("evaluate", {"--classes", w.work / "classes", "--labels", w.work / "labels", "--template", "{}"});
  INFO(end.err);
  char line[80];
  std::snprintf(line, sizeof line, "top-1 %.4f top-5 1.0000 mean-per-class %.4f images 6\n", static_cast<double>(hits) / 6,
                static_cast<double>(hits) / 6);
  CHECK(end.code == 0);
  CHECK(contains(end.out, line));

  std::string pairs = "filepath\ttitle\n";
  for (std::size_t k = 0; k < 6; ++k)
    pairs += std::filesystem::relative(images.names[k], w.work.path()).string() + "\t" + labels[k / 2] + "\n";
  const auto recall = w.with_model("evaluate", {"--pairs", w.work.put("pairs.tsv", pairs)});
  INFO(recall.err);
  CHECK(recall.code == 0);
  std::size_t found = 0;  // texts are cat, cat, dog, dog, red car, red car; of equal images the first wins
  for (std::size_t k = 0; k < 6; ++k) {
    std::size_t best = 0;
    for (std::size_t image = 1; image < 6; ++image)
      if (cosine(images, image, texts, k / 2) > cosine(images, best, texts, k / 2)) best = image;
    found += best == k;
  }
  std::snprintf(line, sizeof line, "text-to-image R@1 %.4f R@5 ", static_cast<double>(found) / 6);
  CHECK(contains(recall.out, line));
  CHECK(count(recall.out, "R@10 1.0000 queries 6") == 2);
}

TEST_CASE("rows that other preprocessing, another tokenizer or other heads made are not continued") {
  const workplace w;
  REQUIRE(w.with_model("embed", {"--out", w.work / "index", w.pictures}).code == 0);
  const std::string path = w.model + "/open_clip_config.json";
  std::string config = akin::read_file(path);
  const auto mean = config.find("\"mean\": [");
  REQUIRE(mean != std::string::npos);
  akin::write_file_atomically(path, config.replace(mean + 9, config.find(',', mean) - mean - 9, "0.5"));
  CHECK(contains(w.with_model("embed", {"--out", w.work / "index", w.pictures}).err, "index' was made with another preprocessing of images"));
  CHECK(contains(w.with_model("search", {"--index", w.work / "index", "--text", "a"}).err, "index' was made with another preprocessing of images"));

  const std::string lines = w.work.put("lines", "cat\n"), text = w.model + "/tokenizer.json", whole = akin::read_file(text);
  REQUIRE(w.with_model("embed", {"--out", w.work / "texts", "--texts", lines}).code == 0);
  std::string other = whole;
  akin::write_file_atomically(text, other.replace(other.find("c a\"]"), 3, "c b"));
  akin::write_file_atomically(text, other.replace(other.find("\"ca\":"), 4, "\"cb\""));
  CHECK(contains(w.with_model("embed", {"--out", w.work / "texts", "--texts", lines}).err, "texts' was made with another tokenizer"));
  CHECK(contains(w.with_model("search", {"--index", w.work / "texts", "--text", "cat"}).err, "texts' was made with another tokenizer"));
  std::filesystem::remove(text);
  const std::string picture = w.pictures + "/a b.jpg";
  CHECK(w.with_model("search", {"--index", w.work / "texts", "--image", picture}).code == 0);  // which needs no tokenizer
  akin::write_file_atomically(text, whole);
  CHECK(w.with_model("embed", {"--out", w.work / "texts", "--texts", lines}).code == 0);

  std::string heads = akin::read_file(path);
  const auto text_heads = heads.find("\"heads\": 3");
  REQUIRE(text_heads != std::string::npos);
  akin::write_file_atomically(path, heads.replace(text_heads, 10, "\"heads\": 6"));
  CHECK(contains(w.with_model("embed", {"--out", w.work / "texts", "--texts", lines}).err, "texts' was made with 'a Vision"));
}

TEST_CASE("an index is of images or of texts, and has one writer") {
  const workplace w;
  REQUIRE(w.with_model("embed", {"--out", w.work / "index", w.pictures}).code == 0);
  CHECK(contains(w.with_model("embed", {"--out", w.work / "index", "--texts", w.work.put("lines", w.pictures + "/a b.jpg\n")}).err,
                 "index' holds images, and these are texts: name another one with --out"));
  const akin::file_lock held{w.work / "index.json.lock"};
  CHECK(contains(w.with_model("embed", {"--out", w.work / "index.npy", w.pictures}).err, "index.json.lock' is held: another run writes here"));
  CHECK(akin::load_index(w.work / "index").rows() == 3);
}

TEST_CASE("what lies where the lock would is not touched, and no lock stays behind") {
  const workplace w;
  const std::string mine = w.work.put("index.json.lock", "mine");
  CHECK(contains(w.with_model("embed", {"--out", w.work / "index", w.pictures}).err, "index.json.lock' is no lock"));
  CHECK(akin::read_file(mine) == "mine");
  std::filesystem::remove(mine);
  REQUIRE(w.with_model("embed", {"--out", w.work / "index", w.pictures}).code == 0);
  CHECK(!std::filesystem::exists(mine));
  CHECK(w.with_model("embed", {"--out", w.work / "index", "--texts", w.work.put("lines", "a")}).code == 1);
  CHECK(!std::filesystem::exists(mine));
}

TEST_CASE("an image that is named in several ways is one row") {
  const workplace w;
  REQUIRE(w.with_model("embed", {"--out", w.work / "index", w.pictures + "/.", w.pictures, w.pictures + "//./a b.jpg"}).code == 0);
  CHECK(akin::load_index(w.work / "index").rows() == 3);
  const temporary_folder elsewhere;
  std::filesystem::create_directory(elsewhere / "deep");
  std::filesystem::copy(pixels + "gray.png", elsewhere / "b.png");
  std::filesystem::create_directory_symlink(elsewhere / "deep", w.work / "link");
  REQUIRE(w.with_model("embed", {"--out", w.work / "linked", w.work / "link/../b.png"}).code == 0);
  CHECK(akin::load_index(w.work / "linked").names == list{w.work / "link/../b.png"});
}

TEST_CASE("texts that the model does not read to their ends are counted") {
  const workplace w;
  const std::string longest = "0123456789abcdef", lines = w.work.put("lines", "short\n" + longest + "\n" + longest + "\n");
  CHECK(contains(w.with_model("embed", {"--out", w.work / "texts", "--texts", lines}).err, "2 texts were cut to the 16 ids that the model reads"));
  CHECK(contains(w.with_model("classify", {"--label", longest, "--template", "{}", w.pictures}).err, "1 text was cut to the 16 ids"));
}

TEST_CASE("a file that exists is replaced where that was asked for, and only then") {
  const workplace w;
  w.with_model("embed", {"--out", w.work / "index", w.pictures});
  const auto replaces = [&](const std::string& file, const list& command) {
    CAPTURE(file);
    akin::write_file_atomically(file, std::string_view{"mine"});
    const auto refused = w.run(command);
    CHECK(refused.code == 1);
    CHECK(contains(refused.err, file + "' exists: --overwrite replaces it\n"));
    CHECK(akin::read_file(file) == "mine");
    list again = command;
    again.push_back("--overwrite");
    CHECK(w.run(again).code == 0);
    CHECK(akin::read_file(file) != "mine");
  };
  const std::string picture = w.pictures + "/a b.jpg";
  replaces(w.work / "found.html", {"search", "--model", w.model, "--index", w.work / "index", "--text", "a", "--report", w.work / "found.html"});
  replaces(w.work / "c.safetensors", {"classify", "--model", w.model, "--label", "a", "--save-classifier", w.work / "c.safetensors"});
  replaces(w.work / "p.npy", {"pixels", picture, w.work / "p.npy"});
}

TEST_CASE("an index that is begun anew stays until there are rows") {
  const workplace w;
  REQUIRE(w.with_model("embed", {"--out", w.work / "index", w.pictures}).code == 0);
  const auto end = w.with_model("embed", {"--overwrite", "--out", w.work / "index", w.work / "absent"});
  CHECK(end.code == 1);
  CHECK(contains(end.err, "nothing was embedded: '" + w.work / "index' stays as it was"));
  CHECK(akin::load_index(w.work / "index").rows() == 3);
  CHECK(w.with_model("embed", {"--overwrite", "--out", w.work / "index", "--texts", w.work.put("nothing", "")}).err == "akin-clip: '" + w.work / "nothing' has no lines\n");
  CHECK(running{{"embed", "--model", w.model, "--overwrite", "--out", w.work / "index", w.pictures}, w.work.path(), 100}.wait().code == 1);
  CHECK(akin::load_index(w.work / "index").rows() == 3);
  CHECK(w.with_model("embed", {"--overwrite", "--out", w.work / "index", w.pictures + "/a b.jpg"}).code == 0);
  CHECK(akin::load_index(w.work / "index").rows() == 1);
}

TEST_CASE("a report shows texts as texts, and says where a picture is no longer there") {
  const workplace w;
  w.with_model("embed", {"--out", w.work / "texts", "--texts", w.work.put("lines", "cat\n" + w.pictures + "/a b.jpg\n")});
  w.with_model("embed", {"--out", w.work / "index", w.pictures});
  const std::string picture = w.pictures + "/a b.jpg";
  CHECK(w.with_model("search", {"--index", w.work / "texts", "--image", picture, "--report", w.work / "texts.html"}).code == 0);
  CHECK(count(akin::read_file(w.work / "texts.html"), "<img ") == 1);  // the one that was looked for
  std::filesystem::remove(picture);
  const auto end = w.with_model("search", {"--index", w.work / "index", "--text", "a", "--report", w.work / "found.html"});
  CHECK(end.code == 1);
  CHECK(contains(end.err, "not in the report: cannot open '" + picture));
  CHECK(count(end.out, "\n") == 5);  // the answer itself is whole: a head, and three rows, one of which is two lines
  const std::string page = akin::read_file(w.work / "found.html");
  CHECK(count(page, "<img ") == 2);
  CHECK(count(page, "picture missing") == 1);
}

TEST_CASE("nothing is measured where no image can be read") {
  const workplace w;
  const std::string absent = w.work.put("absent.tsv", "absent.png\tcat\n"), there = w.work.put("there.tsv", "pictures/a b.jpg\tdog\n");
  for (const list& options : {list{"--pairs", absent}, {"--pairs", absent, "--among", there}}) {
    const auto end = w.with_model("evaluate", options);
    CHECK(end.code == 1);
    CHECK(contains(end.err, "no image of '" + absent + "' could be read"));
    CHECK(end.out.empty());
  }
  std::filesystem::create_directories(w.work / "classes/cat");
  const auto end = w.with_model("evaluate", {"--classes", w.work / "classes"});
  CHECK(end.code == 1);
  CHECK(contains(end.err, "no image in the folders of '"));
  CHECK(end.out.empty());
}

TEST_CASE("a misspelt name leaves no index") {
  const workplace w;
  const auto end = w.with_model("embed", {"--out", w.work / "index", w.pictures + "s"});
  CHECK(end.code == 1);
  CHECK(contains(end.err, "nothing was embedded: '" + w.work / "index' was not written"));
  CHECK(!std::filesystem::exists(w.work / "index.json"));
  CHECK(!std::filesystem::exists(w.work / "index.npy"));
}

TEST_CASE("labels in another order than the folders of the same names are refused") {
  const workplace w;
  for (const std::string name : {"cat", "dog"}) {
    std::filesystem::create_directories(w.work / "classes/" + name);
    std::filesystem::copy(pixels + "gray.png", w.work / "classes/" + name + "/a.png");
  }
  const auto end = w.with_model("evaluate", {"--classes", w.work / "classes", "--label", "dog", "--label", "cat"});
  CHECK(end.code == 1);
  CHECK(contains(end.err, "label 1 is 'dog', the name of another folder than 'cat'"));
  CHECK(w.with_model("evaluate", {"--classes", w.work / "classes", "--label", "a tabby", "--label", "dog"}).code == 0);
}

TEST_CASE("features that are not finite are no answer") {
  const workplace w;
  const std::string path = w.model + "/open_clip_model.safetensors";
  std::vector<std::vector<float>> numbers;
  std::vector<akin::tensor_entry> entries;
  {
    const akin::safetensors_file file{path};
    numbers.reserve(file.tensors().size());
    for (const auto& tensor : file.tensors()) {
      auto& values = numbers.emplace_back(file.read<float>(tensor.name));
      if (tensor.name == "visual.ln_post.weight" || tensor.name == "visual.proj")
        for (float& x : values) x *= 1e30f;
      entries.push_back(akin::make_entry<float>(tensor.name, tensor.shape, values));
    }
    akin::write_safetensors(path, entries);
  }
  const std::string pairs = w.work.put("pairs.tsv", w.pictures + "/a b.jpg\tcat\n");
  for (const auto& command : {list{"embed", "--out", w.work / "index", w.pictures}, {"classify", "--label", "cat", w.pictures}, {"evaluate", "--pairs", pairs}}) {
    const auto end = w.with_model(command[0], {command.begin() + 1, command.end()});
    CAPTURE(command[0]);
    CHECK(end.code == 1);
    CHECK(contains(end.err, "model' are not finite: its weights have diverged or are damaged"));
    CHECK(end.out.empty());
  }
  CHECK(!std::filesystem::exists(w.work / "index.json"));
}

TEST_CASE("every mistake is one sentence") {
  const workplace w;
  const auto refused = [&](const outcome& end, std::string_view part, int code = 1) {
    CAPTURE(end.err);
    CHECK(end.code == code);
    CHECK(count(end.err, "\n") == 1);
    CHECK(contains(end.err, part));
  };
  const std::string other = w.work / "other";
  put_small_clip(other, 2);
  w.with_model("embed", {"--out", w.work / "index", w.pictures});
  w.with_model("classify", {"--label", "cat", "--save-classifier", w.work / "c.safetensors", w.pictures});
  const auto index = akin::load_index(w.work / "index");
  refused(w.run({"embed", "--model", other, "--out", w.work / "index", w.pictures}),
          "was made with '" + index.model + "', but the model is '");
  refused(w.run({"search", "--model", other, "--index", w.work / "index", "--text", "a"}), "was made with '" + index.model);
  refused(w.run({"classify", "--model", other, "--classifier", w.work / "c.safetensors", w.pictures}),
          "was made with '" + index.model);
  CHECK(akin::load_index(w.work / "index").values == index.values);
  CHECK(w.run({"embed", "--model", other, "--overwrite", "--out", w.work / "index", w.pictures}).code == 0);

  refused(w.with_model("classify", {w.pictures}), "no labels", 2);
  refused(w.with_model("classify", {"--label", "a"}), "name images, folders or idx files", 2);
  refused(w.with_model("classify", {"--label", "a", "--threshold", "nan", w.pictures}), "--threshold: got 'nan', expected a number from", 2);
  refused(w.with_model("classify", {"--label", "a", "--classifier", w.work / "c.safetensors", w.pictures}),
          "leave the others out", 2);
  refused(w.with_model("classify", {"--label", "a", "--template", "flat", w.pictures}), "no {}");
  refused(w.with_model("classify", {"--label", "a", "--template", "{} and {}", w.pictures}), "several {}");
  refused(w.with_model("evaluate", {"--pairs", w.work.put("none.tsv", "")}), "there are no pairs");
  std::filesystem::create_directory(w.work / "folder.safetensors");
  refused(w.with_model("classify", {"--label", "a", "--save-classifier", w.work / "folder.safetensors", "--overwrite"}), "folder.safetensors' is a folder, expected a file");
  refused(w.with_model("embed", {"--out", w.work / "i"}), "name images or folders", 2);
  for (const std::string& name : {std::string{}, std::string{"."}, w.work / ""}) refused(w.with_model("embed", {"--out", name, w.pictures}), "names no file", 2);
  refused(w.with_model("classify", {"--label", "", w.pictures}), "a label is empty", 2);
  refused(w.with_model("embed", {"--out", w.work / "i", "--texts", w.work / "c.safetensors", w.pictures}), "not both", 2);
  const std::string rows = w.work.put("mine.npy", "mine");
  refused(w.with_model("embed", {"--out", w.work / "mine", w.pictures}), "mine.npy' exists: --overwrite replaces it");
  CHECK(akin::read_file(rows) == "mine");
  refused(w.with_model("embed", {"--out", w.work / "absent/i", w.pictures}), "no file can be created");
  refused(w.with_model("search", {"--index", w.work / "index"}), "say what for", 2);
  refused(w.with_model("search", {"--index", w.work / "absent", "--text", "a"}), "absent.json");
  const std::string photo = w.work.put("photo.jpg", "mine");
  refused(w.with_model("search", {"--index", w.work / "index", "--text", "a", "--report", photo}), "photo.jpg', expected a name that ends in .html", 2);
  refused(w.with_model("classify", {"--label", "a", "--save-classifier", photo, w.pictures}), "expected a name that ends in .safetensors", 2);
  CHECK(akin::read_file(photo) == "mine");
  refused(w.with_model("evaluate", {}), "a file of pairs with --pairs\n", 2);
  refused(w.with_model("evaluate", {"--classes", w.pictures, "--pairs", w.work / "p"}), "a file of pairs with --pairs, not both\n", 2);
  refused(w.with_model("evaluate", {"--pairs", w.work / "p", "--label", "a"}), "--pairs excludes --label", 2);
  refused(w.with_model("evaluate", {"--pairs", w.work.put("nothing.tsv", "filepath\ttitle\n")}), "there are no pairs in '");
  refused(w.with_model("classify", {"--classifier", w.work / "c.safetensors", "--save-classifier", w.work / "d.safetensors", w.pictures}),
          "--save-classifier excludes --classifier", 2);
  for (const list& option : {list{"--invert"}, list{"--backend", "cpu"}, list{"--limit", "3"}}) {
    list arguments{"--label", "a"};
    arguments.insert(arguments.end(), option.begin(), option.end());
    arguments.push_back(w.pictures);
    refused(w.with_model("classify", arguments), option[0] + " needs a model of train", 2);
  }
  refused(w.run({"classify", "--model", w.work / "absent", w.pictures}), "there is no folder '" + w.work / "absent'");
  refused(w.run({"embed", "--model", w.work / "absent", "--out", w.work / "i", w.pictures}), "there is no folder '");
  auto narrow = akin::load_classifier(w.work / "c.safetensors");
  narrow.embed = 12, narrow.classes.resize(12);
  akin::save_classifier(w.work / "narrow.safetensors", narrow);
  refused(w.with_model("classify", {"--classifier", w.work / "narrow.safetensors", w.pictures}),
          "has classes of 12 numbers, but the model's embeddings have 24");
  refused(w.with_model("evaluate", {"--classes", w.pictures, "--label", "a", "--label", "b"}), "got 2 labels, but");
  refused(w.with_model("evaluate", {"--classes", w.pictures, "--label", "a", "--label", "b"}), "has 1 folder: ");
  std::filesystem::create_directory(w.pictures + "/more");
  refused(w.with_model("evaluate", {"--classes", w.pictures, "--label", "a"}), "got 1 label, but");
  refused(w.with_model("evaluate", {"--pairs", w.work.put("flat", "a.jpg a cat\n")}), "line 1 has no tab");
  std::filesystem::remove(w.model + "/tokenizer.json");
  refused(w.with_model("search", {"--index", w.work / "index", "--text", "a"}), "was made with");
  refused(w.with_model("embed", {"--out", w.work / "t", "--texts", w.work.put("one", "a\n")}), "has no vocabulary");
  refused(w.run({"embed", "--model", w.pictures, "--out", w.work / "i", w.pictures}), "neither open_clip_model.safetensors nor model.safetensors\n");
  w.work.put("pictures/checkpoint.safetensors", "");  // train's
  const std::string_view trained = "nor model.safetensors; it was made by train: classify reads it\n";
  refused(w.run({"embed", "--model", w.pictures, "--out", w.work / "i", w.pictures}), trained);
  refused(w.run({"search", "--model", w.pictures, "--index", w.work / "index", "--text", "a"}), trained);
  refused(w.run({"export", w.pictures, "--format", "open_clip", "--out", w.work / "e"}), trained);
}
