// SPDX-License-Identifier: Apache-2.0
// The progress line, with a clock that the test moves.
#include <akin/train/progress.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>

namespace {

/// A stream whose text can be read, and the time.
class console {
 public:
  console() : file(std::tmpfile()) { REQUIRE(file != nullptr); }
  console(const console&) = delete;
  console& operator=(const console&) = delete;
  ~console() { std::fclose(file); }

  akin::progress line(std::int64_t total, std::int64_t per_epoch, std::int64_t batch, bool on_terminal) {
    return akin::progress(
        file, total, per_epoch, batch, [this] { return now; }, on_terminal);
  }
  std::string text() const {
    std::fflush(file);
    std::rewind(file);
    std::string result;
    for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) result += static_cast<char>(c);
    return result;
  }

  std::FILE* file;
  double now = 1000;
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}
bool contains(const std::string& text, const std::string& part) { return count(text, part) > 0; }

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of('\n');
  const std::size_t start = text.find_last_of("\r\n", end);
  return text.substr(start == std::string::npos ? 0 : start + 1, end - (start == std::string::npos ? 0 : start));
}

}  // namespace

TEST_CASE("a line says where the run is, how it does and how long it takes") {
  console out;
  akin::progress line = out.line(4000, 400, 256, false);
  line.update({3, 1000, 1.25, 5e-4, 0.07});
  CHECK(out.text() == "epoch  3/10  step 1,000/4,000  loss 1.2500  lr 5.00e-04  temperature 0.0700        - images/s  - left\n");
  for (int k = 1; k <= 10; ++k) {
    out.now += 1;
    line.update({3, 1000 + 10 * k, 1.25, 5e-4, 0.07});
  }
  CHECK(last_line(out.text()) ==
        "epoch  3/10  step 1,100/4,000  loss 1.2500  lr 5.00e-04  temperature 0.0700    2,560 images/s  4:50 min left");
}

TEST_CASE("elsewhere than on a terminal: a line every five seconds and one at the end of an epoch") {
  console out;
  {
    akin::progress line = out.line(200, 100, 8, false);
    for (int step = 1; step <= 200; ++step, out.now += 0.1) line.update({step <= 100 ? 1 : 2, step, 1, 1, 1});
  }
  const std::string text = out.text();
  CHECK(!contains(text, "\r"));
  CHECK(!contains(text, "\x1b"));
  CHECK(contains(text, "step 100/200"));
  CHECK(count(text, "step 200/200") == 1);
  CHECK(count(text, "\n") >= 5);
  CHECK(count(text, "\n") <= 7);
  CHECK(last_line(text) == "step 200: 199 steps in 19.9 s, 80 images/s");
}

TEST_CASE("on a terminal: one line, at most five times a second, and finish shows the last update") {
  console out;
  akin::progress line = out.line(1'000'000, 1000, 8, true);
  for (int step = 1; step <= 1000; ++step, out.now += 0.001) line.update({1, step, 1, 1, 1});
  CHECK(count(out.text(), "\r") >= 5);
  CHECK(count(out.text(), "\r") <= 6);
  CHECK(!contains(out.text(), "\n"));
  CHECK(!contains(out.text(), "step     1,000/"));
  line.finish();
  CHECK(contains(out.text(), "step     1,000/"));
  const std::string finished = out.text();
  line.finish();
  CHECK(out.text() == finished);
}

TEST_CASE("a resumed run counts only its own steps as speed") {
  console out;
  akin::progress line = out.line(10'000, 1000, 100, false);
  line.update({10, 9'001, 1, 1, 1});
  for (int k = 1; k <= 20; ++k) {
    out.now += 1;
    line.update({10, 9'001 + k, 1, 1, 1});
  }
  CHECK(contains(last_line(out.text()), "    100 images/s  16:19 min left"));
  line.finish();
  CHECK(contains(out.text(), "step 9,021: 20 steps in 20.0 s, 100 images/s"));
}

TEST_CASE("the rate follows a change, but not one slow step") {
  console out;
  akin::progress line = out.line(1'000'000, 1'000'000, 1, false);
  int step = 0;
  const auto run = [&](int steps, double seconds) {
    for (int k = 0; k < steps; ++k) {
      line.update({1, ++step, 1, 1, 1});
      out.now += seconds;
    }
  };
  run(1000, 0.1);  // 10 images/s for 100 s
  out.now += 3;    // a test in between
  run(51, 0.1);
  CHECK(contains(last_line(out.text()), " 9 images/s"));
  run(200, 1);
  CHECK(contains(last_line(out.text()), " 1 images/s"));
}

TEST_CASE("values without sense are printed and harm nothing") {
  console out;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  {
    akin::progress line = out.line(0, 0, 0, false);
    line.update({0, 0, nan, -std::numeric_limits<double>::infinity(), nan});
    line.update({0, 5, 1e300, 1, 1});  // the clock stands still
    out.now -= 10;
    line.update({0, 6, 1, 1, 1});
    line.update({0, 2, 1, 1, 1});
  }
  CHECK(contains(out.text(), "loss    nan"));
  CHECK(contains(out.text(), "lr -inf"));
  console silent;
  { const akin::progress line = silent.line(10, 5, 1, true); }
  CHECK(silent.text().empty());
}

TEST_CASE("a note stands on a line of its own and the progress line comes back") {
  console out;
  akin::progress line = out.line(100, 50, 1, true);
  line.note("before");
  line.update({1, 1, 1, 1, 1});
  line.note("top-1 0.9");
  const std::string text = out.text();
  CHECK(text.substr(0, 7) == "before\n");
  CHECK(contains(text, "\r\x1b[Ktop-1 0.9\n\repoch 1/2"));
}
