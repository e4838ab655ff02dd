// SPDX-License-Identifier: Apache-2.0
// The tile operations of AMX in plain vectors: bf16 widened to fp32. They run where there are no tiles, and they check the code
// that drives the tiles on processors that have none.

/// Eight tiles. A loaded operand is remembered by its address: it must stay as it is until the tile is loaded anew.
/// values: as TDPBF16PS adds: the 16 products at even k in order, those at odd k likewise, then the two sums to each other, then
///         to the tile; unlike there, subnormal numbers are not flushed to 0
class widened_tiles {
 public:
  void configure() {}
  void release() {}

  template <int T>
  void zero() {
    for (int i = 0; i < 256; ++i) sums_[T][i] = 0.f;
  }
  template <int T>
  void load_sums(const float* from, std::int64_t step) {
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 16; ++j) sums_[T][i * 16 + j] = from[i * step + j];
  }
  template <int T>
  void store_sums(float* to, std::int64_t step) const {
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 16; ++j) to[i * step + j] = sums_[T][i * 16 + j];
  }
  template <int T>
  void load_pairs_of(const std::uint32_t* from, std::int64_t step) {
    operands_[T] = {from, step};
  }
  /// Tile C += A B.
  template <int C, int A, int B>
  void dot() {
    dot(sums_[C], operands_[A], operands_[B]);
  }

 private:
  struct operand {
    const std::uint32_t* pairs = nullptr;
    std::int64_t step = 0;
  };

  static void dot(float* c, const operand& a, const operand& b) {
    // At once 2 x 2 vectors on 16 registers, 8 x 1 on 32: two sums each, and a chain of additions in each sum is 4 cycles a step.
    constexpr int rows = AKIN_ISA_BITS == 512 ? 8 : 2, vectors = AKIN_ISA_BITS == 512 ? 1 : 2;
    for (int i = 0; i < 16; i += rows)
      for (int j = 0; j < 16; j += vectors * lanes) {
        vf even[rows][vectors] = {}, odd[rows][vectors] = {};
        for (int k = 0; k < 16; ++k) {
          vf b_even[vectors], b_odd[vectors];
#pragma GCC unroll 2
          for (int v = 0; v < vectors; ++v) {
            const vu pair = load_pairs(b.pairs + k * b.step + j + v * lanes);
            b_even[v] = (vf)(pair << 16);
            b_odd[v] = (vf)(pair & 0xffff0000u);
          }
#pragma GCC unroll 8
          for (int r = 0; r < rows; ++r) {
            const vu pair = vu{} + a.pairs[(i + r) * a.step + k];
            const vf a_even = (vf)(pair << 16), a_odd = (vf)(pair & 0xffff0000u);
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) {
              even[r][v] = fma(a_even, b_even[v], even[r][v]);
              odd[r][v] = fma(a_odd, b_odd[v], odd[r][v]);
            }
          }
        }
#pragma GCC unroll 8
        for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
          for (int v = 0; v < vectors; ++v) {
            float* const to = c + (i + r) * 16 + j + v * lanes;
            store(to, load(to) + (even[r][v] + odd[r][v]));
          }
      }
  }

  alignas(64) float sums_[4][256];
  operand operands_[8];
};
