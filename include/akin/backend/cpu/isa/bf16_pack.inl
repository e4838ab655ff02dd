// SPDX-License-Identifier: Apache-2.0
// Floats to panels of bf16 in pairs along k. Whatever the order in memory, the work goes by blocks of 16 lines (rows of a or
// columns of b) and 16 pairs: read along k or along the lines, and transposed in registers where the panel wants the other way.

[[gnu::always_inline]] inline vu load_pairs(const std::uint32_t* from) {
  vu x;
  std::memcpy(&x, from, sizeof x);
  return x;
}
[[gnu::always_inline]] inline void store_pairs(std::uint32_t* to, vu x) { std::memcpy(to, &x, sizeof x); }

/// Bits of the nearest bf16, ties to even, in the upper half of each lane; the lower half is 0. NaN stays NaN.
[[gnu::always_inline]] inline vu bf16_bits(vf x) {
  const vu bits = (vu)x;
  const vu nearest = bits + 0x7fffu + ((bits >> 16) & 1u);
  return (x == x ? nearest : bits | 0x00400000u) & 0xffff0000u;
}

/// What rounding to `high` left, rounded in turn; 0 where high is infinite or NaN, which it is to say alone.
[[gnu::always_inline]] inline vu bf16_rest(vf x, vu high) {
  const vf rest = x - (vf)high;
  return bf16_bits(abs(rest) < __builtin_inff() ? rest : vf{});
}

[[gnu::always_inline]] inline vu in_pairs(vu first, vu second) { return (first >> 16) | second; }

// Of the lanes of x, then y: those at even places, and those at odd ones.
[[gnu::always_inline]] inline vu even_lanes(vu x, vu y) {
#if AKIN_ISA_BITS == 512
  return __builtin_shufflevector(x, y, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
#elif AKIN_ISA_BITS == 256
  return __builtin_shufflevector(x, y, 0, 2, 4, 6, 8, 10, 12, 14);
#else
  return __builtin_shufflevector(x, y, 0, 2, 4, 6);
#endif
}
[[gnu::always_inline]] inline vu odd_lanes(vu x, vu y) {
#if AKIN_ISA_BITS == 512
  return __builtin_shufflevector(x, y, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#elif AKIN_ISA_BITS == 256
  return __builtin_shufflevector(x, y, 1, 3, 5, 7, 9, 11, 13, 15);
#else
  return __builtin_shufflevector(x, y, 1, 3, 5, 7);
#endif
}
/// Rows of 16 become columns; the first `rows` rows of the result are written, row_step apart.
inline void transpose_block(const std::uint32_t* from, std::uint32_t* to, std::int64_t row_step, int rows) {
  for (int i = 0; i < rows; i += lanes)
    for (int j = 0; j < 16; j += lanes) {
      vf x[lanes];
#pragma GCC unroll 16
      for (int k = 0; k < lanes; ++k) x[k] = (vf)load_pairs(from + (j + k) * 16 + i);
      transpose(x);
#pragma GCC unroll 16
      for (int k = 0; k < lanes; ++k)
        if (i + k < rows) store_pairs(to + (i + k) * row_step + j, (vu)x[k]);
    }
}

[[gnu::always_inline]] inline vf load_some(const float* from, std::int64_t count) {
  return count >= lanes ? load(from) : count > 0 ? load_first(from, static_cast<int>(count)) : vf{};
}

/// One line: 32 floats along k, of which `count` exist, as 16 pairs; the rests go to `low` unless that is null.
[[gnu::always_inline]] inline void pack_line(const float* from, std::int64_t count, std::uint32_t* high, std::uint32_t* low) {
#pragma GCC unroll 4
  for (int v = 0; v < 16; v += lanes) {
    const vf x = load_some(from + 2 * v, count - 2 * v), y = load_some(from + 2 * v + lanes, count - 2 * v - lanes);
    const vu x_high = bf16_bits(x), y_high = bf16_bits(y);
    store_pairs(high + v, in_pairs(even_lanes(x_high, y_high), odd_lanes(x_high, y_high)));
    if (low == nullptr) continue;
    const vu x_low = bf16_rest(x, x_high), y_low = bf16_rest(y, y_high);
    store_pairs(low + v, in_pairs(even_lanes(x_low, y_low), odd_lanes(x_low, y_low)));
  }
}

/// One pair of k over 16 lines, of which `count` exist. second: null behind the last k
[[gnu::always_inline]] inline void pack_pair(const float* first, const float* second, std::int64_t count, std::uint32_t* high,
                                             std::uint32_t* low) {
#pragma GCC unroll 4
  for (int v = 0; v < 16; v += lanes) {
    const vf x = load_some(first + v, count - v), y = second == nullptr ? vf{} : load_some(second + v, count - v);
    const vu x_high = bf16_bits(x), y_high = bf16_bits(y);
    store_pairs(high + v, in_pairs(x_high, y_high));
    if (low != nullptr) store_pairs(low + v, in_pairs(bf16_rest(x, x_high), bf16_rest(y, y_high)));
  }
}

/// Where blocks of 16 lines and 16 pairs go: a line's pairs follow each other in a panel of rows, a pair's lines in one of
/// columns.
struct bf16_destination {
  bool by_line;
  std::int64_t step;  // from one line, or from one pair, to the next
  std::uint32_t *high, *low;
};

/// A block of an operand that is read along its lines, from `data` (the first of them) and position k0 on.
inline void pack_along_lines(const bf16_operand& x, const float* data, std::int64_t count, int capacity, std::int64_t k0,
                             std::int64_t depth, const bf16_destination& to) {
  alignas(64) std::uint32_t turned[2][256] = {};
  std::uint32_t* const high = to.by_line ? turned[0] : to.high;
  std::uint32_t* const low = to.low == nullptr ? nullptr : to.by_line ? turned[1] : to.low;
  const std::int64_t step = to.by_line ? 16 : to.step;
  index_walk k(x.depth, k0);
  for (std::int64_t pair = 0; pair < 16; ++pair) {
    const float* const first = data + k.first;
    const float* second = nullptr;
    if (2 * pair + 1 < depth) {
      k.next();
      second = data + k.first;
    }
    pack_pair(first, second, 2 * pair < depth ? count : 0, high + pair * step, low == nullptr ? nullptr : low + pair * step);
    if (2 * pair + 2 < depth) k.next();
  }
  if (!to.by_line) return;
  transpose_block(high, to.high, to.step, capacity);
  if (low != nullptr) transpose_block(low, to.low, to.step, capacity);
}

/// A block of an operand that is read along k, or number by number.
inline void pack_along_depth(const bf16_operand& x, const std::int64_t* line_at, std::int64_t count, int capacity,
                             std::int64_t k0, std::int64_t depth, const bf16_destination& to) {
  alignas(64) std::uint32_t turned[2][256] = {};
  alignas(64) float gathered[16 * 32];
  const bool follows = x.depth_follows();
  if (!follows) {
    index_walk k(x.depth, k0);
    for (int j = 0; j < depth && j < 32; ++j) {
      for (int i = 0; i < count; ++i) gathered[i * 32 + j] = x.data[line_at[i] + k.first];
      if (j + 1 < depth) k.next();
    }
  }
  std::uint32_t* const high = to.by_line ? to.high : turned[0];
  std::uint32_t* const low = to.low == nullptr ? nullptr : to.by_line ? to.low : turned[1];
  const std::int64_t step = to.by_line ? to.step : 16;
  for (int i = 0; i < capacity; ++i)
    pack_line(follows ? x.data + line_at[i < count ? i : 0] + k0 : gathered + i * 32, i < count ? depth : 0, high + i * step,
              low == nullptr ? nullptr : low + i * step);
  if (to.by_line) return;
  transpose_block(high, to.high, to.step, 16);
  if (low != nullptr) transpose_block(low, to.low, to.step, 16);
}

/// Rounds lines [line0, line0 + to.lines) and positions [k0, k0 + to.depth) of an operand into panels.
/// values: to nearest, ties to even; zeros behind the last line (up to the end of its block of 16) and behind the last position
class bf16_packing {
 public:
  bf16_packing(const bf16_operand& x, std::int64_t line0, std::int64_t k0, const bf16_panels& to)
      : x_(x), line0_(line0), k0_(k0), to_(to), along_lines_(x.lines_follow()) {}

  /// An operand that is read along its lines goes group by group, so that memory is read row by row; others go panel by panel.
  void run() {
    const std::int64_t panels = to_.panels(), groups = to_.groups();
    if (along_lines_) {
      for (std::int64_t group = 0; group < groups; ++group)
        for (std::int64_t panel = 0; panel < panels; ++panel) pack_group(panel, group);
      return;
    }
    for (std::int64_t panel = 0; panel < panels; ++panel) {
      index_walk line(x_.lines, line0_ + panel * to_.panel_lines);
      for (std::int64_t i = 0; i < lines_of(panel); ++i, line.next()) line_at_[i] = line.first;
      for (std::int64_t group = 0; group < groups; ++group) pack_group(panel, group);
    }
  }

 private:
  std::int64_t lines_of(std::int64_t panel) const {
    const std::int64_t left = to_.lines - panel * to_.panel_lines;
    return left < to_.panel_lines ? left : to_.panel_lines;
  }

  void pack_group(std::int64_t panel, std::int64_t group) {
    const std::int64_t lines = lines_of(panel), k = k0_ + group * 32, depth = to_.depth - group * 32;
    const int line_step = to_.by_line ? 16 : 1;
    for (int block = 0; block < lines; block += 16) {
      const std::int64_t count = lines - block < 16 ? lines - block : 16;
      const int capacity = to_.panel_lines - block < 16 ? to_.panel_lines - block : 16;
      std::uint32_t* const high = to_.group(panel, group) + block * line_step;
      const bf16_destination place{to_.by_line, to_.by_line ? 16 : to_.panel_lines, high,
                                   to_.parts == 2 ? high + to_.part_step() : nullptr};
      if (along_lines_)
        pack_along_lines(x_, x_.data + line0_ + panel * to_.panel_lines + block, count, capacity, k, depth, place);
      else pack_along_depth(x_, line_at_ + block, count, capacity, k, depth, place);
    }
  }

  const bf16_operand& x_;
  const std::int64_t line0_, k0_;
  const bf16_panels& to_;
  const bool along_lines_;
  std::int64_t line_at_[32];
};

inline void pack(const bf16_operand& x, std::int64_t line0, std::int64_t k0, const bf16_panels& to) {
  bf16_packing(x, line0, k0, to).run();
}
