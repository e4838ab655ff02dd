// SPDX-License-Identifier: Apache-2.0
// The flag that removes checks for numbers that are none.
// expect: akin: -ffast-math removes the NaN checks
// max-lines: 12
#ifdef AKIN_EXPECT_ERROR
#define __FAST_MATH__ 1
#endif
#include <akin/support/error.hpp>

int main() {}
