// SPDX-License-Identifier: Apache-2.0
// akin-clip tokenize as a user meets it: lines in, lines out, and every mistake in one sentence.
#include "support/program.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace {

/// Runs `akin-clip tokenize` with these lines as its standard input.
outcome tokenized(const std::string& lines, const temporary_folder& work, std::vector<std::string> arguments) {
  const int input = ::open(work.put("stdin", lines).c_str(), O_RDONLY);
  ::dup2(input, 0);
  ::close(input);
  arguments.insert(arguments.begin(), "tokenize");
  return run(arguments, work);
}

bool no_vocabulary() {
  const bool missing = !std::filesystem::exists(AKIN_VOCABULARY);
  if (missing) MESSAGE("skipped: no vocabulary at " AKIN_VOCABULARY "; scripts/fetch_vocabulary.sh says why");
  return missing;
}

}  // namespace

TEST_CASE("a line becomes its pieces, or its ids") {
  if (no_vocabulary()) return;
  const temporary_folder work;
  const std::string lines = "a photo of a cat.\n\nCaf\u00e9 na\u00efve \u6771\u4eac\nlast";
  const auto ids = tokenized(lines, work, {"--ids", "--vocab", AKIN_VOCABULARY});
  CHECK(ids.code == 0);
  CHECK(
      ids.out ==
      "49406 320 1125 539 320 2368 269 49407\n49406 49407\n49406 15304 1097 35689 563 48338 21078 361 49407\n49406 952 49407\n");
  CHECK(ids.err.empty());
  const auto pieces = tokenized("a photo of penguins\n", work, {"--vocab", AKIN_VOCABULARY});
  CHECK(pieces.out == "a</w> photo</w> of</w> penguins</w>\n");
}

TEST_CASE("what was cut or replaced is said, once") {
  if (no_vocabulary()) return;
  const temporary_folder work;
  const auto end =
      tokenized("one two three four\none\nn\xff\xfeo\n", work, {"--ids", "--context", "4", "--vocab", AKIN_VOCABULARY});
  CHECK(end.code == 0);
  CHECK(std::count(end.out.begin(), end.out.end(), '\n') == 3);
  CHECK(contains(end.out, "49406 637 1237 49407\n"));
  CHECK(contains(end.err, "2 of 3 lines were cut to 4 ids"));
  CHECK(contains(end.err, "2 places not UTF-8, read"));
  const auto once = tokenized("one two three four\none\n", work, {"--ids", "--context", "4", "--vocab", AKIN_VOCABULARY});
  CHECK(contains(once.err, "1 of 2 lines was cut to 4 ids"));
  CHECK(contains(tokenized("n\xff\n", work, {"--ids", "--vocab", AKIN_VOCABULARY}).err, "1 place not UTF-8, read as"));
}

TEST_CASE("an answer comes before the next line is asked for") {
  if (no_vocabulary()) return;
  int to[2], from[2];
  REQUIRE(::pipe(to) == 0);
  REQUIRE(::pipe(from) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(to[0], 0), ::dup2(from[1], 1);
    for (const int each : {to[0], to[1], from[0], from[1]}) ::close(each);
    ::alarm(60);  // where no answer comes, nobody waits for ever
    ::execl(AKIN_CLIP, AKIN_CLIP, "tokenize", "--ids", "--vocab", AKIN_VOCABULARY, nullptr);
    ::_exit(127);
  }
  ::close(to[0]), ::close(from[1]);
  for (const char* const line : {"a photo\n", "one\n"}) {
    REQUIRE(::write(to[1], line, std::strlen(line)) > 0);
    char answer[100];
    const auto size = ::read(from[0], answer, sizeof answer);
    REQUIRE(size > 0);
    CHECK(std::string(answer, static_cast<std::size_t>(size)) == (line[0] == 'a' ? "49406 320 1125 49407\n" : "49406 637 49407\n"));
  }
  ::close(to[1]);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
  ::close(from[0]);
}

TEST_CASE("a line without an end is refused") {
  if (no_vocabulary()) return;
  const temporary_folder work;
  const auto end = tokenized("one\n" + std::string((std::size_t{1} << 24) + 1, ' '), work, {"--ids", "--vocab", AKIN_VOCABULARY});
  CHECK(end.code == 1);
  CHECK(end.out == "49406 637 49407\n");
  CHECK(end.err == "akin-clip: standard input, line 2: it has more than 16777216 bytes\n");
}

TEST_CASE("every mistake is one sentence and an exit code") {
  const temporary_folder work;
  const auto refused = [&](std::vector<std::string> arguments, int code, const std::string& part) {
    const auto end = tokenized("a\n", work, arguments);
    INFO("said: ", end.err);
    CHECK(end.code == code);
    CHECK(contains(end.err, part));
    CHECK(std::count(end.err.begin(), end.err.end(), '\n') == 1);
    CHECK(end.out.empty());
  };
  refused({}, 2, "--vocab");
  refused({"--vocab", work / "nothing"}, 1, "nothing");
  refused({"--vocab", work.put("empty.txt", "")}, 1, "0 merges, expected 48894");
  refused({"--vocab", work.put("broken.json", "{\"a\": }")}, 1, "broken.json', byte 6");
  refused({"--vocab", work.put("alone.json", "{\"a\": 0}")}, 1, "merges.txt");
  refused({"--vocab", work.put("broken.txt.gz", "\x1f\x8b rubbish")}, 1, "broken.txt.gz");
  refused({"--vocab", work.put("x", "y"), "--context", "1"}, 2, "--context");
}
