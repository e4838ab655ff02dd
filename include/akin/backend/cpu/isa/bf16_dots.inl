// SPDX-License-Identifier: Apache-2.0
// The register micro-kernel of vdpbf16ps: each lane of a sum takes a pair of products at once.

inline constexpr int dots_rows = 14;  // 28 sums, 2 for b, 1 for a: of 32 registers

template <int Rows, int Vectors>
void dots(const bf16_block& w) {
  __m512 sums[Rows][Vectors];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) sums[i][v] = _mm512_setzero_ps();

#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) {  // c arrives while the product is made
    if (i >= w.rows) break;
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) __builtin_prefetch(w.c + i * w.c_step + v * 16, 1);
  }

  for (int rank = w.parts; rank-- > 0;)  // the small terms first: they are added while the sum is still small
    for (int part = rank; part >= 0; --part) {
      const std::uint32_t *a = w.a + part * dots_rows * 16, *b = w.b + (rank - part) * 16 * 32;
      for (std::int64_t left = w.pairs; left > 0; left -= 16, a += w.parts * dots_rows * 16, b += w.parts * 16 * 32) {
        const std::uint32_t *const end = a + (left < 16 ? left : 16), *columns = b;
        for (const std::uint32_t* at = a; at < end; ++at, columns += 32) {
          __m512bh row[Vectors];
#pragma GCC unroll 2
          for (int v = 0; v < Vectors; ++v) row[v] = (__m512bh)_mm512_loadu_si512(columns + v * 16);
#pragma GCC unroll 16
          for (int i = 0; i < Rows; ++i) {
            const __m512bh x = (__m512bh)_mm512_set1_epi32(static_cast<int>(at[i * 16]));
#pragma GCC unroll 2
            for (int v = 0; v < Vectors; ++v) sums[i][v] = _mm512_dpbf16_ps(sums[i][v], x, row[v]);
          }
        }
      }
    }

#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) {
    if (i >= w.rows) break;
    float* const c = w.c + i * w.c_step;
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v)
      _mm512_storeu_ps(c + v * 16, w.add ? _mm512_add_ps(_mm512_loadu_ps(c + v * 16), sums[i][v]) : sums[i][v]);
  }
}

template <int Vectors, int... Rows>
void dots_of_smallest(const bf16_block& w) {
  (void)((w.rows <= Rows && (dots<Rows, Vectors>(w), true)) || ...);
}

/// One block by the smallest kernel that has room for its rows. At most 16 columns are a matrix's last or all of a small one: there are fewer kernels for them.
struct dots_kernel {
  static constexpr int rows = dots_rows;
  static constexpr bool any_rows = true;  // writes no row behind the last
  static constexpr std::int64_t cached_pairs = std::int64_t{1} << 17;  // 512 KiB of b: half of a second-level cache
  /// How much of k one run takes: the more, the less a run costs beside its sums. In several parts, each of which is read several times, all stay in the first cache.
  static constexpr std::int64_t depth_of(int parts) { return bf16_depth_block(parts) >> (parts - 1); }
  void begin() {}
  void end() {}
  void run(const bf16_block& w) { w.cols > 16 ? dots_of_smallest<2, 2, 4, 7, 10, 14>(w) : dots_of_smallest<1, 4, 7, 14>(w); }
};
