// SPDX-License-Identifier: Apache-2.0
// The tokenizers that models read texts with, whichever kind they are.
#pragma once

#include <akin/clip/architecture.hpp>
#include <akin/text/tokenizer.hpp>

#include <array>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace clip_program {

/// A tokenizer with a model's context.
struct tokenizing {
  std::function<akin::token_rows(std::span<const std::string>)> rows;  // texts to rows of ids, as long as the context
  std::string fingerprint;  // of byte pairs in whatever file they stand, or of a SentencePiece model's file
};

/// The files of CLIP's tokenizer and of SigLIP's in a model's folder, the first of which that is there is taken.
inline constexpr std::array byte_pair_files{"bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt", "tokenizer.json", "vocab.json"};
inline constexpr std::array sentencepiece_files{"spiece.model", "sentencepiece.model", "tokenizer.model"};

/// The names of all tokenizer's files in a folder.
std::vector<std::string> tokenizer_files(const std::string& folder);

/// The file of the tokenizer that lies in a model's folder.
/// errors: run time, naming what was looked for
std::string find_vocabulary(const std::string& folder, const akin::clip_architecture& a);

/// CLIP's tokenizer. `name` is for sentences.
/// errors: run time, where the model knows another number of pieces, or a text would not end with the last one
tokenizing clip_tokenizing(akin::bpe_vocabulary vocabulary, const std::string& name, const akin::text_architecture& a);

/// SigLIP's tokenizer, from a SentencePiece model. Where it has fewer pieces than the model knows, that is said on standard error.
/// errors: run time, where the model knows fewer pieces
tokenizing siglip_tokenizing(const std::string& path, const akin::text_architecture& a);

}  // namespace clip_program
