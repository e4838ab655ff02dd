// SPDX-License-Identifier: Apache-2.0
// AdamW's update of neighbouring weights, for each instruction set. Compiled where an optimiser asks for it.
#pragma once

#include <akin/backend/cpu/isa/vector.hpp>

#include <cstdint>

#define AKIN_ISA_BODY <akin/backend/cpu/isa/adamw.inl>
#include <akin/backend/cpu/isa/each.inl>

namespace akin::inline v0 {
namespace cpu {

template <class Update>
void adamw(isa level, const Update& u, std::int64_t begin, std::int64_t end) {
#if AKIN_HAS_X86
  if (level == isa::avx512) return avx512::adamw(u, begin, end);
  if (level == isa::avx2) return avx2::adamw(u, begin, end);
#endif
  (void)level;
  portable::adamw(u, begin, end);
}

}  // namespace cpu
}  // namespace akin::inline v0
