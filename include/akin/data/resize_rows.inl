// SPDX-License-Identifier: Apache-2.0
// The two inner loops of resizing, for one instruction set: weighted sums of rows of bytes, and rows that become columns.

typedef std::int32_t byte_sums __attribute__((vector_size(AKIN_ISA_BITS / 8)));
inline constexpr std::size_t bytes_at_once = AKIN_ISA_BITS / 32;

// g++ 12 takes the compilers' own conversion of vectors of bytes apart, byte by byte: resizing takes 6 times as long as with one instruction.
[[gnu::always_inline]] inline byte_sums widened(const std::uint8_t* from) {
#if AKIN_ISA_BITS == 512
  return (byte_sums)_mm512_maskz_cvtepu8_epi32(static_cast<__mmask16>(0xffff),
                                               _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#elif AKIN_ISA_BITS == 256
  return (byte_sums)_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
#else
  return byte_sums{from[0], from[1], from[2], from[3]};
#endif
}

/// Values below 0 become 0, those above 255 become 255.
[[gnu::always_inline]] inline void store_clamped(std::uint8_t* to, byte_sums values) {
#if AKIN_ISA_BITS == 512
  const __m512i positive = _mm512_maskz_max_epi32(static_cast<__mmask16>(0xffff), (__m512i)values, _mm512_setzero_si512());
  _mm512_mask_cvtusepi32_storeu_epi8(to, static_cast<__mmask16>(0xffff), positive);
#elif AKIN_ISA_BITS == 256
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128((__m256i)values), _mm256_extracti128_si256((__m256i)values, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(words, words));
#else
  for (std::size_t i = 0; i < bytes_at_once; ++i)
    to[i] = static_cast<std::uint8_t>(values[i] < 0 ? 0 : values[i] > 255 ? 255 : values[i]);
#endif
}

/// Vectors * bytes_at_once bytes of weighted_rows, with their sums in registers.
template <std::size_t Vectors>
[[gnu::always_inline]] inline void weighted_block(const std::uint8_t* rows, std::size_t stride, const std::int32_t* weights,
                                                  std::size_t count, std::uint8_t* to) {
  byte_sums sums[Vectors];
  for (byte_sums& sum : sums) sum = byte_sums{} + (1 << (akin::detail::resize_bits - 1));
  for (std::size_t k = 0; k < count; ++k, rows += stride)
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Vectors; ++v) sums[v] += widened(rows + v * bytes_at_once) * weights[k];
#pragma GCC unroll 4
  for (std::size_t v = 0; v < Vectors; ++v) store_clamped(to + v * bytes_at_once, sums[v] >> akin::detail::resize_bits);
}

/// to[i] = clamp((half + sum over k < count of rows[k * stride + i] * weights[k]) >> resize_bits) for i < bytes.
inline void weighted_rows(const std::uint8_t* rows, std::size_t stride, const std::int32_t* weights, std::size_t count,
                          std::uint8_t* to, std::size_t bytes) {
  std::size_t i = 0;
  for (; i + 4 * bytes_at_once <= bytes; i += 4 * bytes_at_once) weighted_block<4>(rows + i, stride, weights, count, to + i);
  for (; i + bytes_at_once <= bytes; i += bytes_at_once) weighted_block<1>(rows + i, stride, weights, count, to + i);
  for (; i < bytes; ++i) {
    std::int32_t sum = 1 << (akin::detail::resize_bits - 1);
    for (std::size_t k = 0; k < count; ++k) sum += rows[k * stride + i] * weights[k];
    sum >>= akin::detail::resize_bits;
    to[i] = static_cast<std::uint8_t>(sum < 0 ? 0 : sum > 255 ? 255 : sum);
  }
}

typedef std::uint8_t sixteen __attribute__((vector_size(16)));

/// to[x * to_stride + y] = from[y * from_stride + x] for x, y < 16: four rounds of the perfect shuffle.
[[gnu::always_inline]] inline void transpose_16(const std::uint8_t* from, std::size_t from_stride, std::uint8_t* to,
                                                std::size_t to_stride) {
  sixteen x[16], y[16];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < 16; ++i) std::memcpy(&x[i], from + i * from_stride, 16);
#pragma GCC unroll 4
  for (int round = 0; round < 4; ++round) {
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      y[2 * i] = __builtin_shufflevector(x[i], x[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      y[2 * i + 1] = __builtin_shufflevector(x[i], x[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) x[i] = y[i];
  }
#pragma GCC unroll 16
  for (std::size_t i = 0; i < 16; ++i) std::memcpy(to + i * to_stride, &x[i], 16);
}

/// to[x * to_stride + y] = from[y * from_stride + x] for x < columns, y < rows.
inline void transposed_bytes(const std::uint8_t* from, std::size_t from_stride, std::size_t rows, std::size_t columns,
                             std::uint8_t* to, std::size_t to_stride) {
  for (std::size_t y = 0; y < rows; y += 16)
    for (std::size_t x = 0; x < columns; x += 16) {
      const std::size_t height = rows - y < 16 ? rows - y : 16, width = columns - x < 16 ? columns - x : 16;
      if (height == 16 && width == 16) {
        transpose_16(from + y * from_stride + x, from_stride, to + x * to_stride + y, to_stride);
        continue;
      }
      for (std::size_t j = 0; j < height; ++j)
        for (std::size_t i = 0; i < width; ++i) to[(x + i) * to_stride + y + j] = from[(y + j) * from_stride + x + i];
    }
}
