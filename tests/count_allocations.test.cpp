// SPDX-License-Identifier: Apache-2.0
#include "count_allocations.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <thread>
#include <vector>

namespace {

using akin_test::allocations_of;

// The compiler may leave out an allocation that nothing sees.
template <class T>
void see(T* memory) {
  asm volatile("" : : "r"(memory) : "memory");
}

}  // namespace

TEST_CASE("every way to allocate is counted once") {
  if (const auto reason = akin_test::uncounted(); !reason.empty()) {
    MESSAGE("skipped: ", reason);
    return;
  }
  CHECK(allocations_of([] {
          void* memory = std::malloc(16);
          see(memory);
          std::free(memory);
        }) == 1);
  CHECK(allocations_of([] {
          void* memory = std::calloc(4, 16);
          see(memory);
          memory = std::realloc(memory, 4096);
          see(memory);
          std::free(memory);
        }) == 2);
  CHECK(allocations_of([] {
          void* memory = std::aligned_alloc(64, 128);
          see(memory);
          std::free(memory);
        }) == 1);
  CHECK(allocations_of([] {
          void* memory = nullptr;
          if (posix_memalign(&memory, 64, 128) == 0) see(memory);
          std::free(memory);
        }) == 1);
  CHECK(allocations_of([] { see(std::make_unique<int>(1).get()); }) == 1);
  CHECK(allocations_of([] { ::operator delete (::operator new (64, std::align_val_t{64}), std::align_val_t{64}); }) == 1);
  CHECK(allocations_of([] { see(std::vector<float>(100).data()); }) == 1);
}

TEST_CASE("work that allocates nothing counts nothing") {
  std::vector<float> numbers(1000, 1.0f);
  CHECK(allocations_of([&] {
          for (float& number : numbers) number *= 2;
          see(numbers.data());
        }) == 0);
}

TEST_CASE("allocations of other threads count") {
  if (const auto reason = akin_test::uncounted(); !reason.empty()) {
    MESSAGE("skipped: ", reason);
    return;
  }
  const auto with_threads = [](int allocations_each) {
    return allocations_of([=] {
      std::thread worker([=] {
        for (int k = 0; k < allocations_each; ++k) see(std::make_unique<int>(k).get());
      });
      worker.join();
    });
  };
  with_threads(1);  // the first thread of a program allocates more than the next ones
  CHECK(with_threads(100) == with_threads(0) + 100);
}
