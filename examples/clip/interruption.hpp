// SPDX-License-Identifier: Apache-2.0
// Ctrl-C asks for an end: whoever works looks here between two steps, saves and stops.
#pragma once

#include <csignal>

namespace clip_program {

inline volatile std::sig_atomic_t interrupted = 0;

inline void watch_for_interruption() {
  interrupted = 0;
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
}

}  // namespace clip_program
