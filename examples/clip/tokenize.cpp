// SPDX-License-Identifier: Apache-2.0
// akin-clip tokenize: lines of text to pieces or ids.
#include "inputs.hpp"
#include "options.hpp"
#include "say.hpp"

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

/// The next line of standard input, if there is one.
bool read_line(std::string& line, std::int64_t lines_before) try {
  constexpr std::size_t longest = std::size_t{1} << 24;
  line.clear();
  for (std::streambuf& input = *std::cin.rdbuf();;) {
    const int next = input.sbumpc();
    if (next == std::streambuf::traits_type::eof()) return !line.empty();
    if (next == '\n') return true;
    if (line.size() == longest) akin::fail("standard input, line ", lines_before + 1, ": it has more than ", longest, " bytes");
    line += static_cast<char>(next);
  }
} catch (const std::ios_base::failure&) {
  akin::fail("standard input could not be read after line ", lines_before);
}

}  // namespace

int tokenize(const tokenize_options& o) {
  const akin::clip_tokenizer tokenizer{akin::read_vocabulary(o.vocabulary)};
  std::ios::sync_with_stdio(false);
  std::int64_t lines = 0, cut = 0, replaced = 0;
  for (std::string text; read_line(text, lines); ++lines) {
    const akin::token_ids encoded = tokenizer.encode(text, o.context_length);
    cut += encoded.cut;
    replaced += encoded.replaced;
    std::printf("%s\n", line_of(tokenizer, encoded, o.ids).c_str());
    if (std::cin.rdbuf()->in_avail() <= 0) std::fflush(stdout);  // who writes line by line reads line by line
  }
  if (cut > 0)
    say(std::to_string(cut) + " of " + counted(lines, "line") + (cut == 1 ? " was" : " were") + " cut to " + std::to_string(o.context_length) + " ids");
  say_replaced(replaced, "standard input");
  return exit_done;
}

}  // namespace clip_program
