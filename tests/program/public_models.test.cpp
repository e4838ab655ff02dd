// SPDX-License-Identifier: Apache-2.0
// akin-clip verify and export as a user meets them: agreement, every difference, and every mistake in a folder.
#include "support/program.hpp"
#include "support/files.hpp"

#include <akin/clip/folder.hpp>
#include <akin/clip/read_preprocessing.hpp>
#include <akin/clip/write_config.hpp>
#include <akin/io/npy.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <functional>
#include <list>
#include <string>
#include <vector>

namespace {

std::string golden(const std::string& name) { return std::string{AKIN_GOLDEN_DIR} + "/models/" + name; }

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (auto place = text.find(part); place != std::string_view::npos; place = text.find(part, place + 1)) ++n;
  return n;
}

// A copy of a golden folder that a test may change.
struct copied {
  explicit copied(const std::string& name) { std::filesystem::copy(golden(name), path); }
  outcome verify() const { return run({"verify", path}, work); }
  void change(const std::string& file, const std::function<void(akin::npy_array<float>&)>& how) const {
    auto array = akin::read_npy<float>(path + "/" + file);
    how(array);
    akin::write_npy<float>(path + "/" + file, array.shape, array.values);
  }
  void replace(const std::string& file, const std::string& part, const std::string& other) const {
    std::string text = akin::read_file(path + "/" + file);
    REQUIRE(contains(text, part));
    akin::write_file_atomically(path + "/" + file, text.replace(text.find(part), part.size(), other));
  }
  temporary_folder work;
  std::string path = work / "model";
};

// The tensors of a file, one of which is changed.
void change_tensor(const std::string& path, const std::string& name, const std::function<void(std::vector<float>&)>& how) {
  const akin::safetensors_file file{path};
  auto values = file.read<float>(name);
  how(values);
  std::vector<akin::tensor_entry> all{file.tensors().begin(), file.tensors().end()};
  for (auto& entry : all)
    if (entry.name == name) entry.bytes = std::as_bytes(std::span{values});
  akin::write_safetensors(path, all, file.metadata());
}

bool differs(const outcome& end, const std::string& file) {
  const auto line = end.out.find("\n" + file);
  return line != std::string::npos &&
         contains(std::string_view{end.out}.substr(line + 1, end.out.find('\n', line + 1) - line), "DIFFERS");
}

}  // namespace

TEST_CASE("verify: every result of open_clip and transformers agrees") {
  const temporary_folder work;
  for (const char* const name : {"vit", "vit_quick_gelu", "hf", "resnet", "siglip"}) {
    CAPTURE(name);
    const auto end = run({"verify", golden(name)}, work);
    INFO(end.out << end.err);
    CHECK(end.code == 0);
    CHECK(count(end.out, "DIFFERS") == 0);
    std::size_t results = 0;
    for (const char* const file : {"image_features.npy", "text_features.npy", "image_embeds.npy", "text_embeds.npy", "logits.npy",
                                   "loss.npy", "gradients.safetensors", "losses.npy", "after.safetensors"}) {
      if (!std::filesystem::exists(golden(name) + "/" + file)) continue;
      ++results;
      CHECK(contains(end.out, std::string{"\n"} + file));
    }
    CHECK(count(end.out, "agrees") == results);
    CHECK(results >= 3);
  }
}

TEST_CASE("verify: a result that is off by a little more than its tolerance differs, and no other does") {
  struct change {
    std::string file;
    std::function<void(const copied&)> apply;
  };
  const auto scaled = [](const std::string& file, double part) {
    return change{file, [=](const copied& c) {
                    c.change(file, [&](auto& a) {
                      float& most = *std::ranges::max_element(a.values, {}, [](float x) { return std::abs(x); });
                      most *= static_cast<float>(1 + part);
                    });
                  }};
  };
  const std::vector<change> changes{
      scaled("image_features.npy", 1e-5),
      scaled("text_features.npy", -1e-5),
      scaled("loss.npy", 3e-6),
      scaled("losses.npy", 3e-5),
      {"logits.npy", [](const copied& c) { c.change("logits.npy", [](auto& a) { a.values[3] += 3e-5f; }); }},
      {"image_features.npy",
       [](const copied& c) { c.change("image_features.npy", [](auto& a) { a.values[3] = std::nanf(""); }); }},
      {"gradients.safetensors",
       [](const copied& c) {
         change_tensor(c.path + "/gradients.safetensors", "visual.proj",
                       [](auto& v) { *std::ranges::max_element(v) *= 1.0001f; });
       }},
      {"after.safetensors",
       [](const copied& c) {
         change_tensor(c.path + "/after.safetensors", "ln_final.bias", [](auto& v) {
           for (float& x : v) x += 5e-4f;
         });
       }},
  };
  for (const change& each : changes) {
    CAPTURE(each.file);
    const copied c{"vit"};
    each.apply(c);
    const auto end = c.verify();
    INFO(end.out << end.err);
    CHECK(end.code == 1);
    CHECK(differs(end, each.file));
    CHECK(count(end.out, "DIFFERS") == 1);
    CHECK(end.err == "akin-clip: 1 of 7 files differ by more than their tolerance\n");
  }
}

TEST_CASE("verify: weights and configurations that are not the model's show") {
  const copied wrong{"vit_quick_gelu"};
  wrong.replace("open_clip_config.json", R"("quick_gelu": true)", R"("quick_gelu": false)");
  const auto end = wrong.verify();
  CHECK(end.code == 1);
  CHECK(differs(end, "image_features.npy"));
  CHECK(differs(end, "text_features.npy"));

  const copied heads{"vit"};
  heads.replace("open_clip_config.json", R"("head_width": 32)", R"("head_width": 16)");
  CHECK(differs(heads.verify(), "image_features.npy"));
  CHECK(!differs(heads.verify(), "text_features.npy"));

  const copied swapped{"hf"};  // two tensors of one shape
  const akin::safetensors_file file{swapped.path + "/model.safetensors"};
  std::vector<akin::tensor_entry> all{file.tensors().begin(), file.tensors().end()};
  const auto tensor = [&](const std::string& name) { return std::ranges::find(all, name, &akin::tensor_entry::name); };
  std::swap(tensor("vision_model.pre_layrnorm.bias")->name, tensor("vision_model.post_layernorm.bias")->name);
  akin::write_safetensors(swapped.path + "/model.safetensors", all, file.metadata());
  CHECK(differs(swapped.verify(), "image_embeds.npy"));
}

TEST_CASE("verify: mistakes in a folder are one sentence each") {
  const temporary_folder work;
  const auto refused = [&](const outcome& end, std::string_view sentence) {
    CAPTURE(end.err);
    CHECK(end.code == 1);
    CHECK(end.out.empty());
    CHECK(count(end.err, "\n") == 1);
    CHECK(contains(end.err, sentence));
  };
  const auto with = [&](const std::function<void(const copied&)>& change, std::string_view sentence) {
    const copied c{"vit"};
    change(c);
    refused(c.verify(), sentence);
  };
  refused(run({"verify", work / "absent"}, work), "there is no folder '");
  with([](const auto& c) { std::filesystem::remove(c.path + "/images.npy"); }, "images.npy' to read it: No such file");
  with([](const auto& c) { std::filesystem::remove(c.path + "/open_clip_config.json"); },
       "does not say whether its towers compute GELU or QuickGELU");
  with([](const auto& c) { c.replace("open_clip_config.json", R"("image_size": 32)", R"("image_size": 48)"); },
       "'visual.positional_embedding' with the shape [5, 64], but the architecture says [10, 64]");
  with([](const auto& c) { c.change("images.npy", [](auto& a) {
                             a.shape = {a.shape[0], 3, a.shape[2] / 2, a.shape[3] * 2};
                           }); },
       "but the model takes images of [3, 32, 32]");
  with([](const auto& c) { c.change("logits.npy", [](auto& a) { a.shape = {36}; }); },
       "logits.npy' has the shape [36], expected [6, 6]");
  with(
      [](const auto& c) {
        auto tokens = akin::read_npy<std::int64_t>(c.path + "/tokens.npy");
        tokens.values[5] = 300;
        akin::write_npy<std::int64_t>(c.path + "/tokens.npy", tokens.shape, tokens.values);
      },
      "tokens.npy' has the id 300, but the vocabulary ends at 299");
  with(
      [](const auto& c) {
        const auto tokens = akin::read_npy<std::int64_t>(c.path + "/tokens.npy");
        akin::write_npy<std::int64_t>(c.path + "/tokens.npy", std::vector<std::int64_t>{tokens.shape[0] / 2, tokens.shape[1] * 2}, tokens.values);
      },
      "tokens.npy' has the shape [3, 24], but the model takes texts of 12 tokens");
  with(
      [](const auto& c) {
        for (const char* const file : {"image_features.npy", "text_features.npy", "logits.npy", "loss.npy",
                                       "gradients.safetensors", "losses.npy", "after.safetensors"})
          std::filesystem::remove(c.path + "/" + file);
      },
      "has no results to compare with");
  with([](const auto& c) { std::filesystem::resize_file(c.path + "/open_clip_model.safetensors", 100'000); },
       "but the file has only");
  CHECK(run({"verify"}, work).code == 2);
}

TEST_CASE("export: to the other names and back, byte for byte") {
  const temporary_folder work;
  for (const auto& [model, other, mine] :
       {std::tuple{"vit", "transformers", "open_clip"}, std::tuple{"hf", "open_clip", "transformers"},
        std::tuple{"siglip", "transformers", "open_clip"}}) {
    const std::string name = model;
    CAPTURE(name);
    const std::string there = work / (name + "-there"), back = work / (name + "-back");
    const auto first = run({"export", golden(name), "--format", other, "--out", there}, work);
    INFO(first.err);
    REQUIRE(first.code == 0);
    REQUIRE(run({"export", there, "--format", mine, "--out", back}, work).code == 0);
    const auto source = akin::open_clip_folder(golden(name)), copy = akin::open_clip_folder(back);
    CHECK(copy.architecture == source.architecture);
    REQUIRE(copy.weights.tensors().size() == source.weights.tensors().size());
    for (const auto& t : source.weights.tensors()) CHECK(std::ranges::equal(copy.weights.find(t.name)->bytes, t.bytes));
  }
  // The tokenizer comes along.
  std::filesystem::copy(golden("vit"), work / "with words");
  for (const char* const file : {"vocab.json", "merges.txt"}) akin::write_file_atomically(work / "with words" + "/" + file, std::string{file});
  REQUIRE(run({"export", work / "with words", "--format", "transformers", "--out", work / "words there"}, work).code == 0);
  for (const char* const file : {"vocab.json", "merges.txt"}) CHECK(akin::read_file(work / "words there" + "/" + file) == file);
  // What is exported computes the same.
  std::filesystem::copy(golden("vit"), work / "results");
  std::filesystem::remove(work / "results/open_clip_model.safetensors"),
      std::filesystem::remove(work / "results/open_clip_config.json");
  for (const char* const file : {"model.safetensors", "config.json"})
    std::filesystem::copy(work / "vit-there" + "/" + file, work / "results" + "/" + file);
  CHECK(run({"verify", work / "results"}, work).code == 0);
}

TEST_CASE("export: images are the same to the other program") {
  const temporary_folder work;
  std::filesystem::copy(golden("vit"), work / "half", std::filesystem::copy_options::recursive);
  const std::string path = work / "half/open_clip_config.json";
  std::string config = akin::read_file(path);
  config.replace(config.find('{'), 1, R"({"preprocess_cfg": {"mean": [0.5, 0.25, 0.5], "std": [0.5, 0.5, 0.75], "resize_mode": "squash"}, )");
  akin::write_file_atomically(path, config);
  REQUIRE(run({"export", work / "half", "--format", "transformers", "--out", work / "there"}, work).code == 0);
  REQUIRE(run({"export", work / "there", "--format", "open_clip", "--out", work / "back"}, work).code == 0);
  for (const char* const name : {"/there", "/back"}) {
    const auto model = akin::open_clip_folder(work.path() + name);
    const auto how = akin::read_preprocessing(work.path() + name, model.architecture, akin::names_of(model.weights));
    CHECK(how.mean == std::array{0.5f, 0.25f, 0.5f});
    CHECK(how.deviation == std::array{0.5f, 0.5f, 0.75f});
    CHECK(how.fit == akin::image_fit::squash);
  }
}

TEST_CASE("export: images that are no squares") {
  const temporary_folder work;
  akin::clip_architecture a;
  a.embed = 8;
  a.image = {32, 64, 16, 16, 1, 1, 32, {}, akin::activation::gelu_exact};
  a.text = {8, 20, 16, 1, 1, 32, akin::activation::gelu_exact};
  std::list<std::vector<float>> numbers;
  std::vector<akin::tensor_entry> entries;
  for (const auto& tensor : akin::clip_tensors(a))
    entries.push_back(akin::make_entry<float>(
        tensor.name, tensor.shape, numbers.emplace_back(static_cast<std::size_t>(tensor.size()), static_cast<float>(numbers.size()))));
  std::filesystem::create_directory(work / "wide");
  akin::write_safetensors(work / "wide/open_clip_model.safetensors", entries);
  akin::write_file_atomically(work / "wide/open_clip_config.json",
                              akin::clip_config_text(a, akin::weight_names::open_clip, akin::clip_preprocessing(32)));
  const auto end = run({"export", work / "wide", "--format", "open_clip", "--out", work / "copy"}, work);
  INFO(end.err);
  REQUIRE(end.code == 0);
  CHECK(contains(end.err, "says nothing of their mean and deviation"));
  const auto copy = akin::open_clip_folder(work / "copy");
  CHECK(copy.architecture == a);
  for (const auto& entry : entries) CHECK(std::ranges::equal(copy.weights.find(entry.name)->bytes, entry.bytes));
  CHECK(!contains(akin::read_file(work / "copy/open_clip_config.json"), "preprocess_cfg"));
  const auto refused = run({"export", work / "wide", "--format", "transformers", "--out", work / "x"}, work);
  CHECK(refused.code == 1);
  CHECK(contains(refused.err, "transformers' CLIP takes square images, but these have 32 x 64 pixels"));
}

TEST_CASE("export: types and mistakes") {
  const temporary_folder work;
  const std::string source = work / "source";
  std::filesystem::copy(golden("vit"), source, std::filesystem::copy_options::recursive);
  const auto before = akin::read_file(source + "/open_clip_model.safetensors");
  const auto itself = run({"export", source, "--format", "open_clip", "--type", "F16", "--out", source}, work);
  CHECK(itself.code == 1);
  CHECK(contains(itself.err, "open_clip_model.safetensors' exists: --overwrite replaces it"));
  CHECK(akin::read_file(source + "/open_clip_model.safetensors") == before);
  CHECK(run({"export", source, "--format", "open_clip", "--type", "F16", "--out", source, "--overwrite"}, work).code == 0);
  CHECK(akin::read_file(source + "/open_clip_model.safetensors").size() < before.size());
  REQUIRE(run({"export", golden("resnet"), "--format", "open_clip", "--out", work / "half", "--type", "F16"}, work).code == 0);
  const auto half = akin::open_clip_folder(work / "half");
  for (const auto& t : half.weights.tensors()) CHECK(t.type == akin::dtype::f16);
  const auto refused = run({"export", golden("resnet"), "--format", "transformers", "--out", work / "x"}, work);
  CHECK(refused.code == 1);
  CHECK(contains(refused.err, "transformers has no CLIP with a residual network"));
  CHECK(!std::filesystem::exists(work / "x"));
  const auto disk =
      running{{"export", golden("vit"), "--format", "open_clip", "--out", work / "full"}, work.path(), 10'000}.wait();
  CHECK(disk.code == 1);
  CHECK(count(disk.err, "\n") == 1);
  CHECK(std::filesystem::is_empty(work / "full"));
  CHECK(run({"export", golden("vit"), "--format", "onnx", "--out", work / "x"}, work).code == 2);
  CHECK(run({"export", golden("vit"), "--format", "open_clip"}, work).code == 2);
}
