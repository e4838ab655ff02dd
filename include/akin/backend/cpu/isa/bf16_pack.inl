// SPDX-License-Identifier: Apache-2.0
// Floats to panels of bf16 in pairs along k. Whatever the order in memory, the work goes by blocks of 16 lines (rows of a or
// columns of b) and 16 pairs: read along k or along the lines, and transposed in registers where the panel wants the other way.
// And the addition of a tile's sums. The library compiles this for 512 bits, the tests' emulation of tiles for 128.

typedef std::uint16_t halves __attribute__((vector_size(AKIN_ISA_BITS / 8)));

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

/// The bf16 of each number, in the upper halves; those behind the last part are 0.
struct bf16_parts {
  vu part[3];
};

/// The bf16 that stand for each number: the nearest, the nearest to what is left, and what is left then.
/// values: what is infinite or NaN stands in the first of two parts alone, or in the last of three. Three parts sum up to the number; their
///         ties go away from 0, and what would round to infinity is cut off
/// cost:   asks for the number of parts as it runs: compiled for each number it took every user's file longer, and packed no faster
[[gnu::always_inline]] inline bf16_parts split_bf16(vf x, int parts) {
  if (parts == 3) {
    const vu size = (vu)x & 0x7fffffffu;
    const vf number = select(size >= 0x7f800000u, vf{}, x);
    const vu first = ((vu)number + (size >= 0x7f7f8000u ? vu{} : vu{} + 0x8000u)) & 0xffff0000u;
    const vf rest = number - (vf)first;
    const vu second = ((vu)rest + 0x8000u) & 0xffff0000u;
    return {first, second, (vu)(rest - (vf)second + (x - number)) & 0xffff0000u};
  }
  const vu nearest = bf16_bits(x);
  if (parts == 1) return {nearest};
  const vf rest = x - (vf)nearest;
  return {nearest, bf16_bits(abs(rest) < __builtin_inff() ? rest : vf{})};
}

[[gnu::always_inline]] inline vu in_pairs(vu first, vu second) { return (first >> 16) | second; }

/// The upper halves of the lanes of x, then of y, two in each lane.
[[gnu::always_inline]] inline vu upper_halves(vu x, vu y) {
#if AKIN_ISA_BITS == 512
  return (vu)__builtin_shufflevector((halves)x, (halves)y, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63);
#else
  return (vu)__builtin_shufflevector((halves)x, (halves)y, 1, 3, 5, 7, 9, 11, 13, 15);
#endif
}
/// Rows of 16 become columns; the first `rows` rows of the result are written, row_step apart. Inlined it would be half of each function that calls it.
[[gnu::noinline]] inline void transpose_block(const std::uint32_t* from, std::uint32_t* to, std::int64_t row_step, int rows) {
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
#if AKIN_ISA_BITS == 512
  return load_first(from, static_cast<int>(count < 0 ? 0 : count < lanes ? count : lanes));  // a masked load costs what a whole one does
#else
  return count >= lanes ? load(from) : count > 0 ? load_first(from, static_cast<int>(count)) : vf{};
#endif
}

/// One line: 32 floats along k, of which `count` exist, as 16 pairs of each part.
[[gnu::always_inline]] inline void pack_line(const float* from, std::int64_t count, int parts, std::uint32_t* to, std::int64_t part_step) {
#pragma GCC unroll 4
  for (int v = 0; v < 16; v += lanes) {
    const bf16_parts x = split_bf16(load_some(from + 2 * v, count - 2 * v), parts), y = split_bf16(load_some(from + 2 * v + lanes, count - 2 * v - lanes), parts);
    store_pairs(to + v, upper_halves(x.part[0], y.part[0]));
    if (parts > 1) store_pairs(to + part_step + v, upper_halves(x.part[1], y.part[1]));
    if (parts > 2) store_pairs(to + 2 * part_step + v, upper_halves(x.part[2], y.part[2]));
  }
}

/// One pair of k over 16 lines, of which `count` exist. second: null behind the last k
[[gnu::always_inline]] inline void pack_pair(const float* first, const float* second, std::int64_t count, int parts, std::uint32_t* to, std::int64_t part_step) {
#pragma GCC unroll 4
  for (int v = 0; v < 16; v += lanes) {
    const bf16_parts x = split_bf16(load_some(first + v, count - v), parts), y = split_bf16(second == nullptr ? vf{} : load_some(second + v, count - v), parts);
    store_pairs(to + v, in_pairs(x.part[0], y.part[0]));
    if (parts > 1) store_pairs(to + part_step + v, in_pairs(x.part[1], y.part[1]));
    if (parts > 2) store_pairs(to + 2 * part_step + v, in_pairs(x.part[2], y.part[2]));
  }
}

/// Where blocks of 16 lines and 16 pairs go: a line's pairs follow each other in a panel of rows, a pair's lines in one of
/// columns.
struct bf16_destination {
  int parts;
  bool by_line;
  std::int64_t step;  // from one line, or from one pair, to the next
  std::uint32_t* pairs;
  std::int64_t part_step;
};

/// A block of an operand that is read along its lines, from `data` (the first of them) and position k0 on. What the next block but one will read is fetched
/// meanwhile: 32 positions of k mostly lie on as many pages, where a processor foresees nothing.
inline void pack_along_lines(const bf16_operand& x, const float* data, std::int64_t count, int capacity, std::int64_t k0,
                             std::int64_t depth, const bf16_destination& to) {
  alignas(64) std::uint32_t turned[3][256];
  std::uint32_t* const pairs = to.by_line ? turned[0] : to.pairs;
  const std::int64_t step = to.by_line ? 16 : to.step, part_step = to.by_line ? 256 : to.part_step;
  index_walk k(x.depth, k0);
  for (std::int64_t pair = 0; pair < 16; ++pair) {
    const float* const first = data + k.first;
    const float* second = nullptr;
    if (2 * pair + 1 < depth) {
      k.next();
      second = data + k.first;
    }
    __builtin_prefetch(first + 32);
    if (second != nullptr) __builtin_prefetch(second + 32);
    pack_pair(first, second, 2 * pair < depth ? count : 0, to.parts, pairs + pair * step, part_step);
    if (2 * pair + 2 < depth) k.next();
  }
  if (!to.by_line) return;
  for (int part = 0; part < to.parts; ++part) transpose_block(turned[part], to.pairs + part * to.part_step, to.step, capacity);
}

/// A block of an operand that is read along k, or number by number. Along k the next but one block is fetched meanwhile. Columns come in whole blocks of 16.
inline void pack_along_depth(const bf16_operand& x, const std::int64_t* line_at, std::int64_t count, int capacity,
                             std::int64_t k0, std::int64_t depth, const bf16_destination& to) {
  alignas(64) std::uint32_t turned[3][256];
  alignas(64) float gathered[16 * 32];
  const bool follows = x.depth_follows();
  if (!follows) {
    index_walk k(x.depth, k0);
    for (int j = 0; j < depth && j < 32; ++j) {
      for (int i = 0; i < count; ++i) gathered[i * 32 + j] = x.data[line_at[i] + k.first];
      if (j + 1 < depth) k.next();
    }
  }
  std::uint32_t* const pairs = to.by_line ? to.pairs : turned[0];
  const std::int64_t step = to.by_line ? to.step : 16, part_step = to.by_line ? to.part_step : 256;
  for (int i = 0; i < capacity; ++i) {
    const float* const line = follows ? x.data + line_at[i < count ? i : 0] + k0 : gathered + i * 32;
    if (follows)
      for (int k = 64; k < 96; k += 16) __builtin_prefetch(line + k);
    pack_line(line, i < count ? depth : 0, to.parts, pairs + i * step, part_step);
  }
  if (to.by_line) return;
  for (int part = 0; part < to.parts; ++part) transpose_block(turned[part], to.pairs + part * to.part_step, to.step, 16);
}

/// Rounds lines [line0, line0 + to.lines) and positions [k0, k0 + to.depth) of an operand into panels of so many parts.
/// values: those of split_bf16; zeros behind the last line (up to the end of its block of 16) and behind the last position
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
      const bf16_destination place{to_.parts, to_.by_line, to_.by_line ? 16 : to_.panel_lines, to_.group(panel, group) + block * line_step, to_.part_step()};
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

/// to += from, both by rows, of 16 columns or a multiple.
inline void add_rows(const float* from, std::int64_t from_step, int rows, int columns, float* to, std::int64_t to_step) {
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; j += lanes) store(to + i * to_step + j, load(to + i * to_step + j) + load(from + i * from_step + j));
}
