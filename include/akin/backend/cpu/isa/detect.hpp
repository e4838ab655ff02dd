// SPDX-License-Identifier: Apache-2.0
// Which of the instruction sets compiled into this binary the processor can run, and which of them to use.
#pragma once

#include "akin/support/error.hpp"

#include <cstdlib>
#include <string_view>

#if defined(__x86_64__)
#define AKIN_HAS_X86 1
#else
#define AKIN_HAS_X86 0
#endif

// The tiles of AMX belong to a process that asked the kernel for them; only Linux's way of asking is known here.
#if AKIN_HAS_X86 && defined(__linux__)
#define AKIN_HAS_AMX 1
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#define AKIN_HAS_AMX 0
#endif

namespace akin::inline v0 {
namespace cpu {

/// Ordered: whoever runs one level runs those before it.
enum class isa { portable, avx2, avx512 };

/// The levels of products with bf16 operands, ordered likewise. The first three have no instructions for them.
enum class bf16_isa { portable, avx2, avx512, avx512_bf16, amx_bf16 };

constexpr std::string_view name_of(bf16_isa level) {
  constexpr std::string_view names[] = {"portable", "avx2", "avx512", "avx512_bf16", "amx_bf16"};
  return names[static_cast<int>(level)];
}
constexpr std::string_view name_of(isa level) { return name_of(static_cast<bf16_isa>(level)); }

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

namespace detail {

#if AKIN_HAS_AMX
/// Whether the processor has the tiles, the kernel saves them, and this process may use them: it asks here, once.
inline bool ask_for_amx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(1, 0, &a, &b, &c, &d) || (c >> 27 & 1u) == 0) return false;  // xgetbv
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d >> 22 & 1u) == 0 || (d >> 24 & 1u) == 0) return false;
  unsigned saved = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(saved), "=d"(high) : "c"(0u));
  constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return (saved >> 17 & 3u) == 3u && ::syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}
#endif

/// What AKIN_ISA says, or the highest level where it says nothing.
inline bf16_isa wished_isa() {
  const char* const wish = std::getenv("AKIN_ISA");
  if (wish == nullptr || *wish == '\0') return bf16_isa::amx_bf16;
  for (const bf16_isa level : {bf16_isa::portable, bf16_isa::avx2, bf16_isa::avx512, bf16_isa::avx512_bf16, bf16_isa::amx_bf16})
    if (wish == name_of(level)) return level;
  fail("AKIN_ISA: got '", wish, "', expected portable, avx2, avx512, avx512_bf16 or amx_bf16");
}

}  // namespace detail

/// The level to use: the processor's, or a lower one named in the environment (AKIN_ISA=portable, avx2, avx512, avx512_bf16 or
/// amx_bf16; the last two lower nothing but products with bf16 operands, and AMX's part in those in fp32).
/// errors: run time "AKIN_ISA: ..." for any other word
inline isa best_isa() {
  const isa best = processor_isa();
  const bf16_isa wish = detail::wished_isa();
  return wish < static_cast<bf16_isa>(best) ? static_cast<isa>(wish) : best;
}

/// The highest level of this processor for products with bf16 operands. The kernel is asked for the tiles only where they may be used.
inline bf16_isa processor_bf16_isa(bool may_use_tiles = true) {
  const isa vectors = processor_isa();
#if AKIN_HAS_X86
  if (vectors == isa::avx512 && __builtin_cpu_supports("avx512bf16")) {
#if AKIN_HAS_AMX
    if (may_use_tiles) {
      static const bool amx = detail::ask_for_amx();
      if (amx) return bf16_isa::amx_bf16;
    }
#endif
    return bf16_isa::avx512_bf16;
  }
#endif
  return static_cast<bf16_isa>(vectors);
}

/// The level to use for products with bf16 operands: the one that is fastest where it was measured, or a lower one named in
/// AKIN_ISA. Rates of one core, relative to products in fp32:
///
///   processor                                      vdpbf16ps   tiles   chosen
///   Xeon, Sapphire Rapids                             0.5       16     amx_bf16
///   Xeon that may not use the tiles                   0.5        -     avx512
///   EPYC, Zen 4 and Zen 5                              2         -     avx512_bf16
///   any other                                          -         -     that of its vectors
inline bf16_isa best_bf16_isa() {
  const bf16_isa wish = detail::wished_isa(), best = processor_bf16_isa(wish == bf16_isa::amx_bf16);
  if (wish < best) return wish;
#if AKIN_HAS_X86
  if (best == bf16_isa::avx512_bf16 && !__builtin_cpu_is("amd")) return wish == best ? best : bf16_isa::avx512;
#endif
  return best;
}

/// Whether there are instructions for bf16, and so products that are faster than those in fp32.
constexpr bool bf16_is_faster(bf16_isa level) { return level >= bf16_isa::avx512_bf16; }

}  // namespace cpu
}  // namespace akin::inline v0
