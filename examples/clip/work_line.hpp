// SPDX-License-Identifier: Apache-2.0
// What is done of a long piece of work, and how long the rest takes, on standard error.
#pragma once

#include "say.hpp"

#include <akin/train/number_text.hpp>
#include <akin/train/progress.hpp>

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

namespace clip_program {

/// On a terminal one line that is rewritten, elsewhere a line every five seconds.
class work_line {
 public:
  work_line(std::int64_t total, std::string unit, bool is_shown = true) : total_{total}, unit_{std::move(unit)}, is_shown_{is_shown} {}
  work_line(const work_line&) = delete;
  work_line& operator=(const work_line&) = delete;
  ~work_line() { end(); }

  /// Leaves the line as it stands.
  void end() {
    if (open_) std::fputc('\n', stderr);
    open_ = false;
  }

  void update(std::int64_t done) {
    using akin::detail::duration, akin::detail::fixed, akin::detail::with_commas;
    const double now = akin::steady_seconds(), seconds = now - start_;
    if (!is_shown_) return;
    if (now - shown_ < (terminal_ ? 0.2 : 5) && !(terminal_ && done == total_)) return;
    shown_ = now;
    const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
    const std::string left = rate > 0 ? duration(static_cast<double>(total_ - done) / rate) : "-";
    std::fprintf(stderr, "%s%s/%s %s  %s/s  %s left%s", terminal_ ? "\r" : "", with_commas(done).c_str(),
                 with_commas(total_).c_str(), unit_.c_str(), fixed(rate, 1).c_str(), left.c_str(), terminal_ ? "\x1b[K" : "\n");
    std::fflush(stderr);
    open_ = terminal_;
  }

  /// A sentence on a line of its own.
  void note(const std::string& sentence) {
    if (!is_shown_) return;
    if (open_) std::fputs("\r\x1b[K", stderr);
    open_ = false;
    say(sentence);
  }

 private:
  std::int64_t total_;
  std::string unit_;
  bool is_shown_, terminal_ = ::isatty(2) == 1, open_ = false;
  double start_ = akin::steady_seconds(), shown_ = start_;
};

}  // namespace clip_program
