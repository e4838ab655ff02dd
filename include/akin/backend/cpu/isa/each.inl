// SPDX-License-Identifier: Apache-2.0
// Includes the file named by AKIN_ISA_BODY once for each instruction set, in namespace cpu::portable, cpu::avx2 and cpu::avx512.
//
// In the body AKIN_ISA_BITS is the width of a vector: 128, 256 or 512. The pragmas make the compiler use the instruction set
// for what stands between them and for nothing else, so one binary without -march holds all three. Two rules follow for a body:
// no #include of other headers (their inline functions must not be compiled for a processor that may not be there), and no
// lambdas (clang does not give them the pragma's target).
#include "akin/backend/cpu/isa/detect.hpp"

#define AKIN_ISA_BITS 128
namespace akin::inline v0 {
namespace cpu::portable {
#include AKIN_ISA_BODY
}
}  // namespace akin::inline v0
#undef AKIN_ISA_BITS

#if AKIN_HAS_X86

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define AKIN_ISA_BITS 256
namespace akin::inline v0 {
namespace cpu::avx2 {
#include AKIN_ISA_BODY
}
}  // namespace akin::inline v0
#undef AKIN_ISA_BITS
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,prefer-vector-width=512")
#endif
#define AKIN_ISA_BITS 512
namespace akin::inline v0 {
namespace cpu::avx512 {
#include AKIN_ISA_BODY
}
}  // namespace akin::inline v0
#undef AKIN_ISA_BITS
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif  // AKIN_HAS_X86

#undef AKIN_ISA_BODY
