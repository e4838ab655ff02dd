// SPDX-License-Identifier: Apache-2.0
// Ctrl-C asks for an end: whoever works looks here between two steps, saves and stops. A second one ends the program at once.
#pragma once

#include <csignal>
#include <initializer_list>

namespace clip_program {

inline volatile std::sig_atomic_t interrupted = 0;

inline void watch_for_interruption() {
  interrupted = 0;
  for (const int asks : {SIGINT, SIGTERM})
    std::signal(asks, [](int signal) {
      interrupted = 1;
      std::signal(signal, SIG_DFL);
    });
}

/// Where nothing looks any more, the first one ends the program again.
inline void stop_watching() {
  for (const int asks : {SIGINT, SIGTERM}) std::signal(asks, SIG_DFL);
}

}  // namespace clip_program
