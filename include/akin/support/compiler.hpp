// SPDX-License-Identifier: Apache-2.0
// What the compiler must be told: read before anything else in the core.
//
// Functions marked [[gnu::cold]] run once for a bind, or to say what is wrong. Compiled for size, they cost a file of one objective 0.4 s less.
#pragma once

#if __cplusplus < 202002L
#error "akin: needs C++20: compile with -std=c++20, or link the CMake target akin::akin, which asks for it"
#include <akin/stops_here>  // a missing header ends the compilation, whose other errors would be thousands
#endif

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "akin: -ffast-math removes the NaN checks and the fixed order of sums that results rest on: compile without it"
#endif
