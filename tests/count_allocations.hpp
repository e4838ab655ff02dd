// SPDX-License-Identifier: Apache-2.0
// Counts what a test allocates, in all of its threads. Include it in one file of a program: it takes the place of malloc.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string>

#if defined(__clang__) && __has_include(<mm_malloc.h>)
#include <mm_malloc.h>  // declares posix_memalign without noexcept, which clang accepts only before our own
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define AKIN_MALLOC_BELONGS_TO_A_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define AKIN_MALLOC_BELONGS_TO_A_SANITIZER
#endif

namespace akin_test {

inline constinit std::atomic<std::size_t> allocation_count{0}, allocation_bytes{0};

inline void note_allocation(std::size_t bytes) {
  allocation_count.fetch_add(1, std::memory_order_relaxed);
  allocation_bytes.fetch_add(bytes, std::memory_order_relaxed);
}

/// Why nothing is counted in this program, or nothing where allocations are counted. A test begins with
///   if (const auto reason = akin_test::uncounted(); !reason.empty()) { MESSAGE("skipped: ", reason); return; }
inline std::string uncounted() {
#if defined(AKIN_MALLOC_BELONGS_TO_A_SANITIZER)
  return "allocations are not counted, since malloc belongs to the sanitizer";
#elif defined(__CUDACC__)
  return "allocations are not counted, since to nvcc malloc is a function of the device too";
#elif !defined(__GLIBC__)
  return "allocations are not counted, since the C library is not glibc";
#else
  return "";
#endif
}

/// Allocations since the program began. doctest's CHECK allocates too: read the count before and after, then compare.
inline std::size_t allocations() { return allocation_count.load(std::memory_order_relaxed); }

/// Allocations while `work` runs, those of other threads included.
template <class Work>
std::size_t allocations_of(Work&& work) {
  const std::size_t before = allocations();
  work();
  return allocations() - before;
}

/// Bytes that were asked for while `work` ran, whether or not they were given back.
template <class Work>
std::size_t allocated_bytes_of(Work&& work) {
  const std::size_t before = allocation_bytes.load(std::memory_order_relaxed);
  work();
  return allocation_bytes.load(std::memory_order_relaxed) - before;
}

}  // namespace akin_test

// operator new reaches malloc or aligned_alloc: it is counted by what it calls.
#if defined(__GLIBC__) && !defined(AKIN_MALLOC_BELONGS_TO_A_SANITIZER) && !defined(__CUDACC__)
extern "C" {

void* __libc_malloc(std::size_t) noexcept;
void* __libc_calloc(std::size_t, std::size_t) noexcept;
void* __libc_realloc(void*, std::size_t) noexcept;
void* __libc_memalign(std::size_t, std::size_t) noexcept;

void* malloc(std::size_t bytes) noexcept {
  akin_test::note_allocation(bytes);
  return __libc_malloc(bytes);
}

void* calloc(std::size_t count, std::size_t bytes) noexcept {
  akin_test::note_allocation(count * bytes);
  return __libc_calloc(count, bytes);
}

void* realloc(void* old, std::size_t bytes) noexcept {
  akin_test::note_allocation(bytes);
  return __libc_realloc(old, bytes);
}

void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  akin_test::note_allocation(bytes);
  return __libc_memalign(alignment, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept { return memalign(alignment, bytes); }

int posix_memalign(void** result, std::size_t alignment, std::size_t bytes) noexcept {
  void* memory = memalign(alignment, bytes);
  if (memory == nullptr) return ENOMEM;
  *result = memory;
  return 0;
}

}  // extern "C"
#endif
