// SPDX-License-Identifier: Apache-2.0
// An index is what was saved, names of every kind included, or it is refused with one sentence.
#include <akin/clip/embedding_index.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <limits>
#include <string>
#include <vector>

namespace {

const akin::embedding_index pictures{
    akin::embedded_kind::images, "ViT-B-32 0123", "45", 2, {"a b.jpg", "new\nline \"quoted\".png", "\xc3\xa9\xe2\x98\x83.webp"}, {1, 0, 0.6f, 0.8f, 0, -1}};

}  // namespace

TEST_CASE("what was saved comes back") {
  const temporary_folder folder;
  akin::save_index(folder / "pictures", pictures);
  for (const char* const name : {"pictures", "pictures.npy", "pictures.json"})
    for (const char* const model : {"", "ViT-B-32 0123"}) {
      const auto loaded = akin::load_index(folder / name, model);
      CHECK(loaded.names == pictures.names);
      CHECK(loaded.values == pictures.values);
      CHECK(loaded.embed == 2);
      CHECK(loaded.model == pictures.model);
      CHECK(loaded.preparation == "45");
      CHECK(loaded.kind == akin::embedded_kind::images);
    }
  CHECK(akin::read_npy<float>(folder / "pictures.npy").shape == std::vector<std::int64_t>{3, 2});
  akin::save_index(folder / "none", {akin::embedded_kind::texts, "m", "p", 4, {}, {}});
  CHECK(akin::load_index(folder / "none").rows() == 0);
  CHECK(akin::load_index(folder / "none").kind == akin::embedded_kind::texts);
}

TEST_CASE("another model, preprocessing or tokenizer is refused by name") {
  const temporary_folder folder;
  akin::save_index(folder / "pictures", pictures);
  CHECK(contains(sentence_of([&] { akin::load_index(folder / "pictures", "RN50 4567"); }),
                 "was made with 'ViT-B-32 0123', but the model is 'RN50 4567'"));
  akin::check_preparation("pictures", pictures, "45");
  CHECK(sentence_of([] { akin::check_preparation("pictures", pictures, "46"); }) == "index 'pictures' was made with another preprocessing of images; make it anew");
  CHECK(sentence_of([] { akin::check_preparation("lines", {akin::embedded_kind::texts, "m", "1", 2, {}, {}}, "2"); }) == "index 'lines' was made with another tokenizer; make it anew");
}

TEST_CASE("what stops between the two files leaves a growing index as it was") {
  const temporary_folder folder;
  akin::save_index(folder / "pictures", pictures);
  const std::string names = akin::read_file(folder / "pictures.json");
  auto grown = pictures;
  grown.names.push_back("d");
  grown.values.insert(grown.values.end(), {0, 1});
  akin::save_index(folder / "pictures", grown);
  CHECK(akin::load_index(folder / "pictures").rows() == 4);
  folder.put("pictures.json", names);
  CHECK(akin::load_index(folder / "pictures").values == pictures.values);
}

TEST_CASE("every mistake is one sentence") {
  const temporary_folder folder;
  const auto refused = [&](const std::string& part) {
    const std::string said = sentence_of([&] { akin::load_index(folder / "x"); });
    CAPTURE(said);
    CHECK(contains(said, part));
    CHECK(!contains(said, "\n"));
  };
  const auto names = [&](const std::string& text) { folder.put("x.json", text); };
  refused("No such file");
  names("");
  refused("x.json");
  names("{\"names\": []}");
  refused("another kind of file");
  names(R"({"kind": "sounds", "model": "m", "preparation": "p", "embed": 2, "fingerprint": "0", "names": ["a"]})");
  refused("the kind is 'sounds', expected images or texts");
  names(R"({"model": "m", "preparation": "p", "embed": 2, "fingerprint": "0", "names": ["a"]})");
  refused("lacks kind, model, preparation,");
  names(R"({"kind": "images", "model": "m", "preparation": "p", "embed": 2, "fingerprint": "0", "names": ["a"], "more": 1})");
  refused("'more' is not known");
  names(R"({"kind": "images", "model": "m", "preparation": "p", "embed": 2, "fingerprint": "0", "names": ["a"]})");
  refused("x.npy");
  akin::write_npy<float>(folder / "x.npy", std::vector<std::int64_t>{1, 3}, std::vector<float>{1, 2, 3});
  refused("the array has the shape [1, 3], but the names say [1, 2]");
  akin::write_npy<float>(folder / "x.npy", std::vector<std::int64_t>{1, 2}, std::vector<float>{1, 2});
  refused("is not the array that the names were written for");
  akin::save_index(folder / "x", {akin::embedded_kind::images, "m", "p", 1, {"a"}, {std::numeric_limits<float>::quiet_NaN()}});
  refused("not finite");
  CHECK(contains(sentence_of([&] { akin::save_index(folder / "x", {akin::embedded_kind::images, "m", "p", 2, {"a"}, {1}}); }), "1 numbers are no 1 rows of 2"));
  CHECK(contains(sentence_of([&] { akin::save_index(folder / "x", {akin::embedded_kind::images, "m", "p", 1, {"\xff"}, {1}}); }), "is not UTF-8"));
}
