// SPDX-License-Identifier: Apache-2.0
// SigLIP's tokenizer over a small model, which SentencePiece itself trains here.
#include <akin/text/sentencepiece.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <sentencepiece_trainer.h>

#include <string>
#include <vector>

namespace {

/// A model with these special pieces.
std::string trained_model(const temporary_folder& folder, const std::string& special) {
  std::string lines;
  for (int k = 0; k < 50; ++k)
    lines += "a photo of a cat\nthe quick brown fox jumps over the lazy dog\nsome words that stand in captions\n";
  const auto status = sentencepiece::SentencePieceTrainer::Train(
      "--input=" + folder.put("lines", lines) + " --model_prefix=" + (folder / "m") +
      " --vocab_size=60 --hard_vocab_limit=false --minloglevel=2 " + special);
  REQUIRE_MESSAGE(status.ok(), status.ToString());
  return folder / "m.model";
}

const std::string t5 = "--pad_id=0 --eos_id=1 --unk_id=2 --bos_id=-1", gemma = "--pad_id=0 --eos_id=1 --bos_id=2 --unk_id=3";

}  // namespace

TEST_CASE("SigLIP's cleaning drops punctuation") {
  // From open_clip's canonicalize_text after its basic_clean.
  CHECK(akin::canonicalize_text("A Photo_of  a {cat}, it's - HERE!").text == "a photo of a cat its here");
  CHECK(akin::canonicalize_text("_ ...").text.empty());
  CHECK(akin::canonicalize_text("&lt;b&gt; \u201cCaf\u00e9\u201d \u2026").text == "b caf\u00e9 \u2026");
}

TEST_CASE("rows are the model's ids, then the end") {
  const temporary_folder folder;
  const std::string path = trained_model(folder, t5);
  const akin::siglip_tokenizer tokenizer{path};
  sentencepiece::SentencePieceProcessor model;
  REQUIRE(model.Load(path).ok());
  CHECK(tokenizer.size() == model.GetPieceSize());
  const std::vector<int> expected = model.EncodeAsIds("a photo of a cat");
  REQUIRE(expected.size() > 2);

  const std::vector<std::string> texts{"A photo of a CAT.", ""};
  const auto rows = tokenizer.rows(texts);
  REQUIRE(rows.ids.size() == 2 * 64);
  for (std::size_t k = 0; k < 64; ++k) {
    CHECK(rows.ids[k] == (k < expected.size() ? expected[k] : 1));
    CHECK(rows.ids[64 + k] == 1);
  }
  const auto cut = tokenizer.rows(texts, 3);
  CHECK(cut.cut == 1);
  CHECK(cut.ids == std::vector<std::int32_t>{expected[0], expected[1], 1, 1, 1, 1});
  CHECK(contains(sentence_of([&] { tokenizer.rows(texts, 0); }), "no place"));
}

TEST_CASE("SigLIP 2's rows end once, and are padded with <pad>") {
  const temporary_folder folder;
  const std::string path = trained_model(folder, gemma);
  const akin::siglip_tokenizer tokenizer{path};
  sentencepiece::SentencePieceProcessor model;
  REQUIRE(model.Load(path).ok());
  std::vector<int> expected = model.EncodeAsIds("a photo of a cat");
  expected.push_back(1);
  expected.resize(64, 0);
  const std::vector<std::string> texts{"A photo of a CAT."};
  CHECK(tokenizer.rows(texts).ids == expected);
  CHECK(tokenizer.rows(texts, 3).ids == std::vector<std::int32_t>{expected[0], expected[1], 1});
}

TEST_CASE("what is no model is refused") {
  const temporary_folder folder;
  CHECK(contains(sentence_of([&] { akin::siglip_tokenizer{trained_model(folder, "--eos_id=-1 --bos_id=-1")}; }),
                 "m.model' has no piece that ends a text"));
  CHECK(contains(sentence_of([&] { akin::siglip_tokenizer{trained_model(folder, "--pad_id=-1")}; }), "has no piece for padding"));
  CHECK(contains(sentence_of([&] { akin::siglip_tokenizer{folder / "nothing"}; }), "nothing"));
  CHECK(contains(sentence_of([&] { akin::siglip_tokenizer{folder.put("rubbish", "no model at all")}; }), "rubbish"));
}
