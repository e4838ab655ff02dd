// SPDX-License-Identifier: Apache-2.0
// What the compiler must be told: read before anything else in the core.
//
// [[gnu::cold]] marks the larger of the functions that run only when a program is bound, or to say what is wrong: compiled for size, they cost a file
// of one objective 0.4 s less. None of them is called by a user's function, since g++ takes what leads to such a call for cold too.
// [[gnu::noinline]] stands at what many functions call: inlined into each of them it would be most of what they cost the compiler, some 0.3 s in all.
#pragma once

#if __cplusplus < 202002L
#error "akin: needs C++20: compile with -std=c++20, or link the CMake target akin::akin, which asks for it"
#include <akin/stops_here>  // a missing header ends the compilation, whose other errors would be thousands
#endif

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "akin: -ffast-math removes the NaN checks and the fixed order of sums that results rest on: compile without it"
#endif
