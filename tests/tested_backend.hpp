// SPDX-License-Identifier: Apache-2.0
// Which backend a build of the tests is about, beside the reference: cpu, or Thrust where AKIN_TEST_THRUST is defined.
#pragma once

#include <akin/akin.hpp>

#if defined(AKIN_TEST_THRUST)
#include <akin/backend/thrust/thrust.hpp>
#endif

#include <array>
#include <cstdint>

// What concerns the reference alone (its golden values, gradients against differences) is tested in the cpu's build, and not compiled in Thrust's.
namespace akin_test {

#if defined(AKIN_TEST_THRUST)
using tested_backend = akin::thrust_backend;
/// Bytes of a panel of pairs: whole spaces at once, few rows, and one row, which cut sums otherwise.
inline constexpr std::array<akin::pair_panels, 3> tested_settings{{{std::int64_t{64} << 20}, {1024}, {1}}};
inline constexpr bool settings_share_bits = false, tests_reference = false;
#else
using tested_backend = akin::cpu_backend;
/// Threads.
inline constexpr std::array<int, 4> tested_settings{1, 2, 3, 8};
inline constexpr bool settings_share_bits = true, tests_reference = true;
#endif

}  // namespace akin_test
