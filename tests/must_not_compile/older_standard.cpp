// SPDX-License-Identifier: Apache-2.0
// A compiler that was not told which C++.
// expect: akin: needs C++20: compile with -std=c++20
// with: -std=c++17
// max-lines: 12
#include <akin/akin.hpp>

int main() {}
