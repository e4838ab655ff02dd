// SPDX-License-Identifier: Apache-2.0
// The inner loops of resizing for each instruction set, and the table by which shared code calls them.
#pragma once

#include <akin/backend/cpu/isa/detect.hpp>
#include <akin/data/resize_filter.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

#define AKIN_ISA_BODY "akin/data/resize_rows.inl"
#include "akin/backend/cpu/isa/each.inl"
#undef AKIN_ISA_BODY

namespace akin::inline v0 {
namespace detail {

struct resize_kernels {
  void (*weighted_rows)(const std::uint8_t* rows, std::size_t stride, const std::int32_t* weights, std::size_t count,
                        std::uint8_t* to, std::size_t bytes);
  void (*transposed_bytes)(const std::uint8_t* from, std::size_t from_stride, std::size_t rows, std::size_t columns,
                           std::uint8_t* to, std::size_t to_stride);
};

inline resize_kernels resize_kernels_of(cpu::isa level) {
#if AKIN_HAS_X86
  if (level == cpu::isa::avx512) return {cpu::avx512::weighted_rows, cpu::avx512::transposed_bytes};
  if (level == cpu::isa::avx2) return {cpu::avx2::weighted_rows, cpu::avx2::transposed_bytes};
#endif
  return {cpu::portable::weighted_rows, cpu::portable::transposed_bytes};
}

}  // namespace detail
}  // namespace akin::inline v0
