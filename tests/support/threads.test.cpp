// SPDX-License-Identifier: Apache-2.0
// The thread pool: every block once, exceptions by block order, runs inside runs, subnormals.
#include "akin/support/threads.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {
using namespace akin;
}

TEST_CASE("thread_pool runs every block once, on workers that it has") {
  for (const int threads : {1, 2, 3, 8}) {
    thread_pool pool(threads);
    CHECK(pool.size() == threads);
    for (const std::int64_t blocks : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(blocks));
      std::atomic<bool> known_worker = true;
      pool.run(blocks, [&](std::int64_t block, int worker) {
        ++visits[static_cast<std::size_t>(block)];
        if (worker < 0 || worker >= threads) known_worker = false;
      });
      CHECK(known_worker);
      for (const auto& count : visits) CHECK(count == 1);
    }
  }
}

TEST_CASE("thread_pool survives many short runs") {
  thread_pool pool(3);
  std::atomic<std::int64_t> sum = 0;
  for (int round = 0; round < 20000; ++round) pool.run(3, [&](std::int64_t block, int) { sum += block + 1; });
  CHECK(sum == 6 * 20000);
}

TEST_CASE("thread_pool wakes workers that have gone to sleep") {
  thread_pool pool(2);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::atomic<int> arrived = 0;
    // Neither block ends before both have begun: this returns only if a second worker came.
    pool.run(2, [&](std::int64_t, int) {
      ++arrived;
      while (arrived < 2) std::this_thread::yield();
    });
    CHECK(arrived == 2);
  }
}

TEST_CASE("thread_pool carries the exception of the first block to the caller, and works on") {
  for (const int threads : {1, 2, 8}) {
    thread_pool pool(threads);
    for (int round = 0; round < 50; ++round) {
      std::string what;
      try {
        pool.run(100, [](std::int64_t block, int) {
          if (block % 10 == 7) throw std::runtime_error(std::to_string(block));
        });
      } catch (const std::runtime_error& e) {
        what = e.what();
      }
      CHECK(what == "7");
    }
    std::atomic<int> count = 0;
    pool.run(10, [&](std::int64_t, int) { ++count; });
    CHECK(count == 10);
  }
}

TEST_CASE("thread_pool executes a run inside a block on that worker alone") {
  thread_pool pool(3);
  std::atomic<int> inner = 0;
  std::atomic<bool> same = true;
  pool.run(6, [&](std::int64_t, int worker) {
    pool.run(5, [&](std::int64_t, int nested) {
      ++inner;
      if (nested != worker) same = false;
    });
  });
  CHECK(inner == 30);
  CHECK(same);
}

TEST_CASE("thread_pool serves callers on several threads one after the other") {
  thread_pool pool(2);
  std::atomic<int> count = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller)
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) pool.run(4, [&](std::int64_t, int) { ++count; });
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(count == 3 * 200 * 4);
}

#if defined(__SSE__)
TEST_CASE("thread_pool treats subnormals as zero inside a run and nowhere else") {
  const volatile float tiny = std::numeric_limits<float>::min();
  for (const int threads : {1, 3}) {
    thread_pool pool(threads);
    std::atomic<int> kept = 0;
    pool.run(30, [&](std::int64_t, int) {
      if (tiny * 0.5f != 0.f) ++kept;
    });
    CHECK(kept == 0);
    CHECK(tiny * 0.5f != 0.f);
  }
}
#endif

#if defined(__SANITIZE_ADDRESS__)
#define AKIN_TEST_SHADOWED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AKIN_TEST_SHADOWED
#endif
#endif

#ifndef AKIN_TEST_SHADOWED  // AddressSanitizer reserves address space for each thread, and ends the process where there is none
TEST_CASE("where the system does not give as many threads as wanted, those that it gave end, and one sentence says so") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_AS, &before) == 0);
  std::int64_t pages = 0;
  std::ifstream{"/proc/self/statm"} >> pages;
  const rlimit room{static_cast<rlim_t>(pages * ::sysconf(_SC_PAGESIZE) + (std::int64_t{64} << 20)), before.rlim_max};  // for a few threads' stacks
  REQUIRE(::setrlimit(RLIMIT_AS, &room) == 0);
  std::string sentence;
  try {
    const thread_pool pool(1000);
  } catch (const error& e) {
    sentence = e.what();
  }
  REQUIRE(::setrlimit(RLIMIT_AS, &before) == 0);
  CHECK(sentence.starts_with("threads: the system gave "));
  CHECK(sentence.ends_with(" of 1000"));
}
#endif

TEST_CASE("a pool has at least the thread that calls it") {
  CHECK_THROWS_WITH_AS(thread_pool(0), "threads: got 0, expected 1 or more", error);
  CHECK_THROWS_WITH_AS(thread_pool(-3), "threads: got -3, expected 1 or more", error);
  CHECK(thread_pool(1).size() == 1);
}
