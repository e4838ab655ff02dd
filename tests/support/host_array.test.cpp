// SPDX-License-Identifier: Apache-2.0
// Arrays of the host: where they begin, and that as much as was asked for is there.
#include <akin/support/host_array.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>

using namespace akin;

namespace {

std::uintptr_t place_of(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

}  // namespace

TEST_CASE("an array begins a line of cache, a large one a large page, and every number of it can be written") {
  for (const std::int64_t count : {0, 1, 17, 1'000'003, 1'048'576, 3'000'001}) {
    CAPTURE(count);
    const auto array = allocate_host_array<float>(count);
    REQUIRE(array != nullptr);
    CHECK(place_of(array.get()) % (4 * count >= 4 << 20 ? 2u << 20 : 64u) == 0);
    std::fill_n(array.get(), count, 1.5f);
    CHECK(std::count(array.get(), array.get() + count, 1.5f) == count);
  }
}

TEST_CASE("what the machine does not have is null") {
  CHECK(allocate_host_array<char>(std::numeric_limits<std::int64_t>::max() / 2) == nullptr);
}
