// SPDX-License-Identifier: Apache-2.0
// Reads CLIP's vocabulary from whichever of its published files is given. Needs zlib.
#pragma once

#include <akin/data/gzip.hpp>
#include <akin/io/file.hpp>
#include <akin/io/lines.hpp>
#include <akin/support/error.hpp>
#include <akin/text/vocabulary.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace akin::inline v0 {

/// A vocabulary from bpe_simple_vocab_16e6.txt, packed or not, from a tokenizer.json, or from a vocab.json or merges.txt with the
/// other one in the same folder. The content decides, but for the name of the second file.
/// errors: one sentence with the path: missing; corrupt; as parse_clip_merges, parse_vocab_json and parse_tokenizer_json
inline bpe_vocabulary read_vocabulary(const std::string& path) {
  std::string file = read_file(path);
  if (is_gzip(file)) file = gunzip(file, path, 1 << 28);
  const std::string_view text = without_byte_order_mark(file);
  const auto beside = [&](const char* name) { return read_file((std::filesystem::path(path).parent_path() / name).string()); };
  if (text.starts_with('{'))
    return is_tokenizer_json(text, path) ? parse_tokenizer_json(text, path) : parse_vocab_json(text, beside("merges.txt"), path);
  if (text.starts_with("#version")) return parse_vocab_json(beside("vocab.json"), text, path);
  return parse_clip_merges(text, path);
}

}  // namespace akin::inline v0
