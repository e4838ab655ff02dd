// SPDX-License-Identifier: Apache-2.0
// Ctrl-C, or a terminal that closes, asks for an end: whoever works looks here between two steps, saves and stops. A second
// Ctrl-C ends the program at once.
#pragma once

#include <csignal>
#include <initializer_list>

namespace clip_program {

inline volatile std::sig_atomic_t interrupted = 0;

/// What nohup has the program ignore stays ignored.
inline void answer_interruptions(void (*answer)(int)) {
  for (const int asks : {SIGINT, SIGTERM, SIGHUP})
    if (std::signal(asks, answer) == SIG_IGN && asks == SIGHUP) std::signal(asks, SIG_IGN);
}

inline void watch_for_interruption() {
  interrupted = 0;
  answer_interruptions([](int signal) {
    interrupted = 1;
    if (signal != SIGHUP) std::signal(signal, SIG_DFL);  // which comes twice where a terminal closes: from it and from the shell
  });
}

/// Where nothing looks any more, the first one ends the program again.
inline void stop_watching() { answer_interruptions(SIG_DFL); }

}  // namespace clip_program
