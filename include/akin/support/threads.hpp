// SPDX-License-Identifier: Apache-2.0
// A pool of threads that runs numbered blocks of work; every kernel that uses more than one core goes through it.
#pragma once

#include <akin/support/error.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace akin::inline v0 {

/// While one lives, this thread treats subnormal floats as zero (x86; elsewhere it does nothing).
/// Subnormals cost over 100 cycles each on some processors, and a loss that underflows makes them by the million.
class flush_subnormals {
 public:
#if defined(__SSE__)
  flush_subnormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040u); }  // flush to zero, subnormals are zero
  ~flush_subnormals() { _mm_setcsr(saved_); }
#else
  flush_subnormals() {}
  ~flush_subnormals() {}
#endif
  flush_subnormals(const flush_subnormals&) = delete;
  flush_subnormals& operator=(const flush_subnormals&) = delete;

 private:
#if defined(__SSE__)
  unsigned saved_;
#endif
};

/// Runs blocks of work on a fixed set of threads; the caller is worker 0.
/// values:  which worker gets which block is not fixed: results must depend on the block number only
/// cost:    run() allocates nothing; idle workers spin for some microseconds, then sleep
/// errors:  "threads: ..." for less than one, or where the system does not give as many as wanted; the exception of the first block
///          (by number) that threw reaches the caller; later blocks may be left out
/// A run() inside a block of the same pool is executed by that worker alone, under the same worker number.
class thread_pool {
 public:
  explicit thread_pool(int threads = hardware()) {
    if (threads < 1) fail("threads: got ", threads, ", expected 1 or more");
    try {
      for (int worker = 1; worker < threads; ++worker) threads_.emplace_back([this, worker] { serve(worker); });
    } catch (const std::exception&) {  // of the system, or of memory
      stop();
      fail("threads: the system gave ", size(), " of ", threads);
    }
  }

  ~thread_pool() { stop(); }

  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;

  int size() const { return static_cast<int>(threads_.size()) + 1; }

  static int hardware() {
    const unsigned threads = std::thread::hardware_concurrency();
    return threads == 0 ? 1 : static_cast<int>(threads);
  }

  /// Calls work(block, worker) for every block in [0, blocks), worker in [0, size()).
  template <class Work>
  void run(std::int64_t blocks, Work&& work) {
    using callable = std::remove_reference_t<Work>;
    run_erased({[](void* object, std::int64_t block, int worker) { (*static_cast<callable*>(object))(block, worker); },
                const_cast<void*>(static_cast<const void*>(std::addressof(work))), blocks});
  }

 private:
  struct job {
    void (*call)(void*, std::int64_t, int) = nullptr;
    void* object = nullptr;
    std::int64_t blocks = 0;
  };

  /// The runs that this thread is inside of, innermost first.
  struct frame {
    const thread_pool* pool;
    int worker;
    const frame* outer;
  };
  static inline thread_local const frame* frames_ = nullptr;

  class entered {
   public:
    entered(const thread_pool* pool, int worker) : frame_{pool, worker, frames_} { frames_ = &frame_; }
    ~entered() { frames_ = frame_.outer; }
    entered(const entered&) = delete;
    entered& operator=(const entered&) = delete;

   private:
    frame frame_;
  };

  void run_erased(const job& work) {
    if (work.blocks <= 0) return;
    for (const frame* f = frames_; f != nullptr; f = f->outer)
      if (f->pool == this) return run_alone(work, f->worker);
    const std::lock_guard<std::mutex> one_caller(callers_);
    const flush_subnormals flush;
    const entered here(this, 0);
    if (work.blocks == 1 || threads_.empty()) return run_alone(work, 0);

    job_ = work;
    next_.store(0, std::memory_order_relaxed);
    failed_block_ = work.blocks;
    state_.fetch_or(open, std::memory_order_release);
    announce();
    take_blocks(0);
    // Workers that have not woken up by now are not waited for: they find the door closed.
    int state = state_.fetch_and(~open, std::memory_order_acq_rel) & ~open;
    for (int spin = 0; state != 0; ++spin) {
      if (spin < spins) pause();
      else state_.wait(state, std::memory_order_acquire);
      state = state_.load(std::memory_order_acquire);
    }
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

  static void run_alone(const job& work, int worker) {
    for (std::int64_t block = 0; block < work.blocks; ++block) work.call(work.object, block, worker);
  }

  void take_blocks(int worker) {
    while (true) {
      // Blocks are handed out in order, so whatever precedes a failed block has been started and will be heard.
      const std::int64_t block = next_.fetch_add(1, std::memory_order_relaxed);
      if (block >= job_.blocks) return;
      try {
        job_.call(job_.object, block, worker);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(failures_);
        next_.store(job_.blocks, std::memory_order_relaxed);
        if (block < failed_block_) {
          failed_block_ = block;
          failure_ = std::current_exception();
        }
      }
    }
  }

  void serve(int worker) {
    const flush_subnormals flush;
    const entered here(this, worker);
    unsigned seen = 0;
    while (true) {
      for (int spin = 0; spin < spins && generation_.load(std::memory_order_acquire) == seen; ++spin) pause();
      generation_.wait(seen, std::memory_order_acquire);
      seen = generation_.load(std::memory_order_acquire);
      if (stop_.load()) return;
      int state = state_.load(std::memory_order_relaxed);
      while ((state & open) && !state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) {
      }
      if (!(state & open)) continue;
      take_blocks(worker);
      if (state_.fetch_sub(1, std::memory_order_acq_rel) == 1) state_.notify_all();
    }
  }

  void stop() {
    stop_.store(true);
    announce();
    for (std::thread& thread : threads_) thread.join();
  }

  void announce() {
    generation_.fetch_add(1, std::memory_order_acq_rel);
    generation_.notify_all();
  }

  static void pause() {
#if defined(__SSE__)
    _mm_pause();
#endif
  }

  static constexpr int open = 1 << 30;  // set in state_ while workers may join; the other bits count those at work
  static constexpr int spins = 1000;    // some 10 microseconds: shorter than the steps between two runs of a training loop

  job job_;
  std::atomic<std::int64_t> next_{0};
  std::atomic<int> state_{0};
  std::atomic<unsigned> generation_{0};
  std::atomic<bool> stop_{false};
  std::mutex callers_;
  std::mutex failures_;
  std::int64_t failed_block_ = 0;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace akin::inline v0
