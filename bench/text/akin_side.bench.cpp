// SPDX-License-Identifier: Apache-2.0
// akin's side of bench/text/compare.py: takes commands on standard input, one a line, and answers each with a line.
//   time FILE   the ids of FILE's lines, encoded over and over for half a second: ids and processor seconds
//   ids FILE    the ids of FILE's lines without start and end: a line for each
#include <akin/text/read_vocabulary.hpp>
#include <akin/text/tokenizer.hpp>

#include <time.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace {

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  const std::string text = akin::read_file(path);
  akin::for_each_line(text, [&](std::string_view line, std::size_t) { lines.emplace_back(line); });
  return lines;
}

void measure(const akin::clip_tokenizer& tokenizer, const std::vector<std::string>& lines) {
  constexpr double long_enough = 0.5;
  std::size_t ids = 0;
  const double begin = processor_seconds();
  do {
    for (const std::string& line : lines) ids += tokenizer.encode(line).ids.size() - 2;
  } while (processor_seconds() - begin < long_enough);
  std::printf("%zu %.9f\n", ids, processor_seconds() - begin);
}

void show(const akin::clip_tokenizer& tokenizer, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    const auto ids = tokenizer.encode(line).ids;
    for (std::size_t k = 1; k + 1 < ids.size(); ++k) std::printf("%d ", ids[k]);
    std::printf("\n");
  }
}

}  // namespace

int main(int count, char** words) try {
  if (count != 2) akin::fail("usage: akin_side VOCABULARY");
  const akin::clip_tokenizer tokenizer{akin::read_vocabulary(words[1])};
  for (std::string command; std::getline(std::cin, command); std::fflush(stdout)) {
    if (command.starts_with("time ")) measure(tokenizer, lines_of(command.substr(5)));
    else if (command.starts_with("ids ")) show(tokenizer, lines_of(command.substr(4)));
    else akin::fail("no command '", command, "'");
  }
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "akin_side: %s\n", e.what());
  return 1;
}
