// SPDX-License-Identifier: Apache-2.0
// What the compiler must be told, before it reads anything else.
#pragma once

#if __cplusplus < 202002L
#error "akin: needs C++20: compile with -std=c++20, or link the CMake target akin::akin, which asks for it"
#include <akin/stops_here>  // a missing header ends the compilation, whose other errors would be thousands
#endif

#ifdef __FAST_MATH__
#error "akin: -ffast-math removes the NaN checks and the fixed order of sums that results rest on: compile without it"
#endif
