// SPDX-License-Identifier: Apache-2.0
// Vectors of floats and of ints for each instruction set: cpu::portable::vf, cpu::avx2::vf, cpu::avx512::vf.
#pragma once

#include <cstdint>
#include <cstring>

#define AKIN_ISA_BODY "akin/backend/cpu/isa/vector.inl"
#include "akin/backend/cpu/isa/each.inl"
