// SPDX-License-Identifier: Apache-2.0
// Which of the instruction sets compiled into this binary the processor can run.
#pragma once

#include "akin/support/error.hpp"

#include <cstdlib>
#include <string_view>

#if defined(__x86_64__)
#define AKIN_HAS_X86 1
#else
#define AKIN_HAS_X86 0
#endif

namespace akin::inline v0 {
namespace cpu {

/// Ordered: whoever runs one level runs those before it.
enum class isa { portable, avx2, avx512 };

constexpr std::string_view name_of(isa level) {
  return level == isa::avx512 ? "avx512" : level == isa::avx2 ? "avx2" : "portable";
}

/// The highest level of this processor.
inline isa processor_isa() {
#if AKIN_HAS_X86
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    return isa::avx512;
  if (avx2) return isa::avx2;
#endif
  return isa::portable;
}

/// The level to use: the processor's, or a lower one named in the environment (AKIN_ISA=portable, avx2 or avx512).
/// errors: run time "AKIN_ISA: ..." for any other word
inline isa best_isa() {
  const isa best = processor_isa();
  const char* const wish = std::getenv("AKIN_ISA");
  if (wish == nullptr || *wish == '\0') return best;
  for (const isa level : {isa::portable, isa::avx2, isa::avx512})
    if (wish == name_of(level)) return level < best ? level : best;
  fail("AKIN_ISA: got '", wish, "', expected portable, avx2 or avx512");
}

}  // namespace cpu
}  // namespace akin::inline v0
