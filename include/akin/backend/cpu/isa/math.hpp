// SPDX-License-Identifier: Apache-2.0
// exp, log, tanh, sigmoid, softplus, erf, sin, cos and acos of a vector, for each instruction set.
#pragma once

#include "akin/backend/cpu/isa/vector.hpp"

#define AKIN_ISA_BODY "akin/backend/cpu/isa/math.inl"
#include "akin/backend/cpu/isa/each.inl"
