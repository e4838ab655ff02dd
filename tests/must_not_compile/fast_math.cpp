// SPDX-License-Identifier: Apache-2.0
// The flag that removes checks for numbers that are none.
// expect: akin: -ffast-math removes the NaN checks
// with: -ffast-math
// max-lines: 12
#include <akin/support/error.hpp>

int main() {}
