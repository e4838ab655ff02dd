// SPDX-License-Identifier: Apache-2.0
// akin-clip tokenize: lines of text to pieces or ids.
#include "inputs.hpp"
#include "options.hpp"

#include <akin/support/error.hpp>
#include <akin/text/read_vocabulary.hpp>
#include <akin/text/tokenizer.hpp>

#include <cstdio>
#include <iostream>
#include <string>

namespace clip_program {

namespace {

std::string line_of(const akin::clip_tokenizer& tokenizer, const akin::token_ids& encoded, bool as_ids) {
  std::string line;
  for (std::size_t k = 0; k < encoded.ids.size(); ++k) {
    if (!as_ids && (k == 0 || k + 1 == encoded.ids.size())) continue;
    if (!line.empty()) line += ' ';
    if (as_ids) line += std::to_string(encoded.ids[k]);
    else line += tokenizer.piece(encoded.ids[k]);
  }
  return line;
}

}  // namespace

int tokenize(const tokenize_options& o) {
  const akin::clip_tokenizer tokenizer{akin::read_vocabulary(o.vocabulary)};
  std::ios::sync_with_stdio(false);
  std::int64_t lines = 0, cut = 0, replaced = 0;
  for (std::string text; std::getline(std::cin, text); ++lines) {
    const akin::token_ids encoded = tokenizer.encode(text, o.context_length);
    cut += encoded.cut;
    replaced += encoded.replaced;
    std::printf("%s\n", line_of(tokenizer, encoded, o.ids).c_str());
  }
  if (std::cin.bad()) akin::fail("standard input could not be read after line ", lines);
  if (cut > 0)
    std::fprintf(stderr, "akin-clip: %lld of %s %s cut to %lld ids\n", static_cast<long long>(cut), counted(lines, "line").c_str(),
                 cut == 1 ? "was" : "were", static_cast<long long>(o.context_length));
  say_replaced(replaced, "standard input");
  return exit_done;
}

}  // namespace clip_program
