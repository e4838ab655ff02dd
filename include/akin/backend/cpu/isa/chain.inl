// SPDX-License-Identifier: Apache-2.0
// A tape unrolled into registers, and the reductions of what it leaves in a block of cache.

[[gnu::always_inline]] inline vf truth(vi mask) { return select(mask, splat(1.f), splat(0.f)); }

[[gnu::always_inline]] inline vu hash_lanes(vu x) {
  x = (x ^ (x >> 16)) * hash_first;
  x = (x ^ (x >> 15)) * hash_second;
  return x ^ (x >> 16);
}

[[gnu::always_inline]] inline vf uniform_lanes(vf element, vf seed, std::uint32_t draw) {
  const vu h = hash_lanes(hash_lanes((vu)element ^ (vu)seed) + draw * 0x9e3779b9u);
  return to_float((vi)(h >> 8)) * 0x1.0p-24f;
}

/// The value as if it had been stored, so that no product is joined with the sum that takes it: a value that another pass computes again must have the same bits there
/// (the gradient of a maximum finds its entry by them). g++ joins across statements unless told; clang does so once it has been told -ffp-contract=fast.
[[gnu::always_inline]] inline vf rounded(vf x) {
#if AKIN_HAS_X86
  asm("" : "+v"(x));  // __builtin_assoc_barrier says the same, but made the demo's step a third slower
  return x;
#elif defined(__clang__)
  return x;
#else
  return __builtin_assoc_barrier(x);
#endif
}

/// What one line of a tape computes from the lines it names, which are in x, for the elements from `at` on.
template <std::uint64_t Word>
[[gnu::always_inline]] inline vf line(const vf* x, const chain_call& c, std::int64_t at) {
  constexpr tape_line s{Word};
  constexpr scalar code = s.code();
  constexpr int a = s.a(), b = s.b();
  if constexpr (code == scalar::operand) return load(c.in[a] + at * c.step[a]);
  else if constexpr (code == scalar::constant) return as_float(splat(static_cast<std::int32_t>(s.number())));
  else if constexpr (code == scalar::identity) return x[a];
  else if constexpr (code == scalar::negate) return -x[a];
  else if constexpr (code == scalar::exp) return exp(x[a]);
  else if constexpr (code == scalar::log) return log(x[a]);
  else if constexpr (code == scalar::sqrt) return sqrt(x[a]);
  else if constexpr (code == scalar::tanh) return tanh(x[a]);
  else if constexpr (code == scalar::sigmoid) return sigmoid(x[a]);
  else if constexpr (code == scalar::softplus) return softplus(x[a]);
  else if constexpr (code == scalar::erf) return erf(x[a]);
  else if constexpr (code == scalar::absolute) return abs(x[a]);
  else if constexpr (code == scalar::sine) return sin(x[a]);
  else if constexpr (code == scalar::cosine) return cos(x[a]);
  else if constexpr (code == scalar::arc_cosine) return acos(x[a]);
  else if constexpr (code == scalar::logical_not) return truth(x[a] == 0.f);
  else if constexpr (code == scalar::add) return x[a] + x[b];
  else if constexpr (code == scalar::subtract) return x[a] - x[b];
  else if constexpr (code == scalar::multiply) return x[a] * x[b];
  else if constexpr (code == scalar::divide) return x[a] / x[b];
  else if constexpr (code == scalar::maximum) return max(x[a], x[b]);
  else if constexpr (code == scalar::minimum) return min(x[a], x[b]);
  else if constexpr (code == scalar::less) return truth(x[a] < x[b]);
  else if constexpr (code == scalar::less_equal) return truth(x[a] <= x[b]);
  else if constexpr (code == scalar::equal) return truth(x[a] == x[b]);
  else if constexpr (code == scalar::equal_index) return truth(as_int(x[a]) == as_int(x[b]));
  else if constexpr (code == scalar::less_equal_index) return truth(as_int(x[a]) <= as_int(x[b]));
  else if constexpr (code == scalar::index_to_real) return to_float(as_int(x[a]));
  else if constexpr (code == scalar::where) return select(x[a] != 0.f, x[b], x[s.c()]);
  else return uniform_lanes(x[a], x[b], s.number());
}

/// Line `Line`: a value for x, or, where the code is `none`, a value's way to a result.
template <int Line, std::uint64_t Word>
[[gnu::always_inline]] inline void run_line(vf* x, const chain_call& c, std::int64_t at) {
  constexpr tape_line s{Word};
  if constexpr (s.code() != scalar::none) x[Line] = rounded(line<Word>(x, c, at));
  else if (c.out[s.b()] != nullptr) store(c.out[s.b()] + at, x[s.a()]);
}

template <std::uint64_t... Words, int... Line>
[[gnu::always_inline]] inline void block(const chain_call& c, std::int64_t at, std::integer_sequence<int, Line...>) {
  vf x[sizeof...(Line)];
  (run_line<Line, Words>(x, c, at), ...);
}

/// Fewer elements than lanes, those from `at` on: through padded copies.
inline void run_padded(chain_function run, const chain_call& c, std::int64_t at) {
  alignas(64) float in[max_chain_operands][lanes], out[max_chain_results][lanes];
  const std::size_t bytes = sizeof(float) * static_cast<std::size_t>(c.count - at);
  chain_call padded = c;
  padded.count = lanes;
  for (std::size_t k = 0; k < c.in.size() && c.in[k] != nullptr; ++k) {
    if (c.step[k] == 0) continue;
    std::memset(in[k], 0, sizeof in[k]);
    std::memcpy(in[k], c.in[k] + at, bytes);
    padded.in[k] = in[k];
  }
  for (std::size_t r = 0; r < c.out.size(); ++r)
    if (c.out[r] != nullptr) padded.out[r] = out[r];
  run(padded);
  for (std::size_t r = 0; r < c.out.size(); ++r)
    if (c.out[r] != nullptr) std::memcpy(c.out[r] + at, out[r], bytes);
}

/// Runs the tape over c.count elements. A result may lie where an operand does: no element is read again after results of it were written.
template <std::uint64_t... Words>
void run_chain(const chain_call& c) {
  std::int64_t at = 0;
  for (; at + lanes <= c.count; at += lanes)  // one copy of the block: it is most of what a chain costs the compiler
    block<Words...>(c, at, std::make_integer_sequence<int, static_cast<int>(sizeof...(Words))>{});
  if (at < c.count) run_padded(run_chain<Words...>, c, at);
}

/// Two partial results of a reduction whose entries merge one by one.
[[gnu::always_inline]] inline vf fold(reduction kind, vf a, vf b) { return kind == reduction::sum ? a + b : kind == reduction::maximum ? max(a, b) : min(a, b); }

[[gnu::always_inline]] inline vf merge_log_sum_exp(vf a, vf b) {
  const vf top = max(a, b), low = min(a, b);
  return select((low == -__builtin_inff()) | (top == __builtin_inff()), top, top + log(1.f + exp(low - top)));
}

/// The reduction of the lanes; not for log_sum_exp.
[[gnu::always_inline]] inline float reduced(reduction kind, vf x) { return kind == reduction::sum ? sum(x) : kind == reduction::maximum ? max(x) : -max(-x); }

/// The same 32 bits in every lane, whatever they stand for.
[[gnu::always_inline]] inline vf splat_bits(const float* from) {
  std::int32_t bits;
  __builtin_memcpy(&bits, from, sizeof bits);
  return as_float(splat(bits));
}

/// Writes the 32 bits at `from` n times, whatever they stand for.
inline void fill(float* to, const float* from, std::int64_t n) {
  const vf x = splat_bits(from);
  std::int64_t k = 0;
  for (; k + lanes <= n; k += lanes) store(to + k, x);
  if (k < n) store_first(to + k, x, static_cast<int>(n - k));
}

/// What is there of a vector, and `otherwise` in the lanes behind it.
[[gnu::always_inline]] inline vf load_or(const float* from, std::int64_t count, float otherwise) {
  if (count >= lanes) return load(from);
  return select(lane_numbers() < splat(static_cast<std::int32_t>(count)), load_first(from, static_cast<int>(count)), splat(otherwise));
}

/// The fold of one row, in an order fixed by its length.
template <reduction Kind>
[[gnu::noinline]] inline float fold_row(const float* v, std::int64_t n) {
  constexpr float start = start_of(Kind);
  vf a = splat(start), b = a, c = a, d = a;
  std::int64_t k = 0;
  for (; k + 4 * lanes <= n; k += 4 * lanes) {
    a = fold(Kind, a, load(v + k));
    b = fold(Kind, b, load(v + k + lanes));
    c = fold(Kind, c, load(v + k + 2 * lanes));
    d = fold(Kind, d, load(v + k + 3 * lanes));
  }
  for (; k < n; k += lanes) a = fold(Kind, a, load_or(v + k, n - k, start));
  return reduced(Kind, fold(Kind, fold(Kind, a, b), fold(Kind, c, d)));
}

/// The reduction of one row.
inline float reduce_row(reduction kind, const float* v, std::int64_t n) {
  if (kind == reduction::sum) return fold_row<reduction::sum>(v, n);
  if (kind == reduction::minimum) return fold_row<reduction::minimum>(v, n);
  const float top = fold_row<reduction::maximum>(v, n);
  if (kind == reduction::maximum || !(top > -__builtin_inff()) || top == __builtin_inff()) return top;
  vf total{};
  for (std::int64_t k = 0; k < n; k += lanes) total += exp(load_or(v + k, n - k, -__builtin_inff()) - top);
  return top + first(log(splat(sum(total))));
}

/// into[k] = the reduction of into[k] and v[k]
inline void reduce_into(reduction kind, float* into, const float* v, std::int64_t n) {
  for (std::int64_t k = 0; k < n; k += lanes) {
    const int width = n - k < lanes ? static_cast<int>(n - k) : lanes;
    const vf a = width == lanes ? load(into + k) : load_first(into + k, width), b = width == lanes ? load(v + k) : load_first(v + k, width);
    const vf both = kind == reduction::log_sum_exp ? merge_log_sum_exp(a, b) : fold(kind, a, b);
    if (width == lanes) store(into + k, both);
    else store_first(into + k, both, width);
  }
}

/// The sum of at most four lines.
[[gnu::always_inline]] inline vf sum_of_four(const float* v, std::int64_t lines, std::int64_t stride, int width) {
  vf total{};
  for (; lines > 0; --lines, v += stride) total += width == lanes ? load(v) : load_first(v, width);
  return total;
}

/// The sum of lines, half by half, so that rounding grows with the logarithm of their number: added one after the other, the moments
/// of batch normalisation and their gradients were three times as far from those in double as PyTorch's. g++ would inline four levels of it.
[[gnu::noinline]] inline vf sum_of_lines(const float* v, std::int64_t lines, std::int64_t stride, int width) {
  const std::int64_t half = lines / 2;
  if (lines > 8) return sum_of_lines(v, half, stride, width) + sum_of_lines(v + half * stride, lines - half, stride, width);
  if (lines > 4) return sum_of_four(v, half, stride, width) + sum_of_four(v + half * stride, lines - half, stride, width);
  return sum_of_four(v, lines, stride, width);
}

/// into[k] = the reduction of into[k] and column k of the lines, which follow each other
inline void reduce_lines_into(reduction kind, float* into, const float* v, std::int64_t lines, std::int64_t columns) {
  if (kind != reduction::sum) {
    for (; lines > 0; --lines, v += columns) reduce_into(kind, into, v, columns);
    return;
  }
  for (std::int64_t k = 0; k < columns; k += lanes) {
    const int width = columns - k < lanes ? static_cast<int>(columns - k) : lanes;
    store_first(into + k, load_first(into + k, width) + sum_of_lines(v + k, lines, columns, width), width);
  }
}

/// into[j] = log(exp(into[j]) + sum_i exp(v[i, j])): one exponential for each entry, one logarithm for each column.
inline void log_sum_exp_columns(float* into, const float* v, std::int64_t rows, std::int64_t columns, std::int64_t stride) {
  for (std::int64_t j = 0; j < columns; j += lanes) {
    const int width = columns - j < lanes ? static_cast<int>(columns - j) : lanes;
    const vf before = load_first(into + j, width);
    vf top = before;
    for (std::int64_t i = 0; i < rows; ++i) top = max(top, load(v + i * stride + j));
    const vf safe = select((top > -__builtin_inff()) & (top < __builtin_inff()), top, vf{});
    vf total = exp(before - safe);
    for (std::int64_t i = 0; i < rows; ++i) total += exp(load(v + i * stride + j) - safe);
    store_first(into + j, select(top == -__builtin_inff(), top, safe + log(total)), width);
  }
}
