// SPDX-License-Identifier: Apache-2.0
// A pair expression over a tile whose products lie in cache: evaluated in registers, reduced there, and stored only where a product
// with a tall factor or a reduction that does not fold (log_sum_exp, kth_largest, arg_max) will read it.

/// Line `Line` of the tape at row i and columns [j, j + lanes) of the tile; x holds the lines before it.
template <class Chain, int Line>
[[gnu::always_inline]] inline vf pair_line(const vf* x, const pair_call& c, std::int64_t i, std::int64_t j) {
  constexpr scalar_step s = Chain::tape[static_cast<std::size_t>(Line)];
  if constexpr (s.code == scalar::operand) {
    constexpr auto k = static_cast<std::size_t>(s.a);
    if constexpr (Chain::places[k] == pair_place::product) return load(c.in[k] + i * c.stride + j);
    else if constexpr (Chain::places[k] == pair_place::per_column) return load(c.in[k] + j);
    else return splat_bits(c.in[k] + (Chain::places[k] == pair_place::per_row ? i : 0));
  } else {
    return line<tape_line::of(s).word>(x, chain_call{}, 0);
  }
}

/// Result R: into the row's partial result, the tile's column results, or the tile. `live` is -1 in lanes that are columns.
template <class Chain, int R>
[[gnu::always_inline]] inline void pair_sink(vf x, const pair_call& c, std::int64_t i, std::int64_t j, vi live, vf* row) {
  constexpr pair_result r = Chain::uses[static_cast<std::size_t>(R)];
  constexpr auto at = static_cast<std::size_t>(R);
  if constexpr (r.use == pair_use::to_factor || !folds(r.kind)) {
    if (c.tile[at] != nullptr) store(c.tile[at] + i * c.stride + j, x);
  } else if constexpr (r.use == pair_use::to_columns) {
    store(c.columns_out[at] + j, fold(r.kind, load(c.columns_out[at] + j), x));
  } else {
    row[R] = fold(r.kind, row[R], select(live, x, splat(start_of(r.kind))));
  }
}

template <class Chain, int... Line, int... R>
[[gnu::always_inline]] inline void pair_block(const pair_call& c, std::int64_t i, std::int64_t j, vi live, vf* row, std::integer_sequence<int, Line...>, std::integer_sequence<int, R...>) {
  vf x[sizeof...(Line) + 1]{};
  ((x[Line] = rounded(pair_line<Chain, Line>(x, c, i, j))), ...);
  (pair_sink<Chain, R>(x[Chain::uses[static_cast<std::size_t>(R)].line], c, i, j, live, row), ...);
}

template <class Chain, int... R>
[[gnu::always_inline]] inline void start_row(vf* row, std::integer_sequence<int, R...>) { ((row[R] = splat(start_of(Chain::uses[static_cast<std::size_t>(R)].kind))), ...); }

template <class Chain, int R>
[[gnu::always_inline]] inline void finish_row(const vf* row, const pair_call& c, std::int64_t i) {
  constexpr pair_result r = Chain::uses[static_cast<std::size_t>(R)];
  if constexpr (folds(r.kind) && (r.use == pair_use::to_rows || r.use == pair_use::to_one)) c.rows_out[static_cast<std::size_t>(R)][i] = reduced(r.kind, row[R]);
}
template <class Chain, int... R>
[[gnu::always_inline]] inline void finish_row(const vf* row, const pair_call& c, std::int64_t i, std::integer_sequence<int, R...>) { (finish_row<Chain, R>(row, c, i), ...); }

template <class Chain>
void run_pairs(const pair_call& c) {
  constexpr auto lines = std::make_integer_sequence<int, static_cast<int>(Chain::tape.size())>{};
  constexpr auto results = std::make_integer_sequence<int, static_cast<int>(Chain::uses.size())>{};
  for (std::int64_t i = 0; i < c.rows; ++i) {
    vf row[Chain::uses.size() + 1];
    start_row<Chain>(row, results);
    for (std::int64_t j = 0; j < c.columns; j += lanes) pair_block<Chain>(c, i, j, lane_numbers() < splat(static_cast<std::int32_t>(c.columns - j)), row, lines, results);
    finish_row<Chain>(row, c, i, results);
  }
}

/// log sum exp of the rows and of the columns of a tile with one exponential for each entry: shifted by its row's maximum for the row, and from there
/// by the tile's for the column. A column so far below the tile's maximum that its entries may have been flushed is summed again with its own.
/// rows_out and columns_out hold whole vectors at their end; columns_out may be null.
inline void log_sum_exp_tile(const float* v, std::int64_t rows, std::int64_t columns, std::int64_t stride, float* rows_out, float* columns_out) {
  constexpr float infinity = __builtin_inff();
  const std::int64_t whole = columns / lanes * lanes;
  const vi live = lane_numbers() < splat(static_cast<std::int32_t>(columns - whole));
  vf tops = splat(-infinity), nans{};
  for (std::int64_t i = 0; i < rows; ++i) {
    vf top = splat(-infinity);
    for (std::int64_t j = 0; j < whole; j += lanes) top = select(load(v + i * stride + j) > top, load(v + i * stride + j), top);
    if (whole < columns) top = max(top, select(live, load(v + i * stride + whole), splat(-infinity)));
    tops = select(top > tops, top, tops);
    rows_out[i] = max(top);
  }
  const float top = max(tops);
  const bool together = columns_out != nullptr && top > -infinity && top < infinity;
  if (together)
    for (std::int64_t j = 0; j < columns; j += lanes) store(columns_out + j, vf{});
  for (std::int64_t i0 = 0; i0 < rows; i0 += lanes) {
    const vf own = load(rows_out + i0), shift = select((own > -infinity) & (own < infinity), own, vf{});
    alignas(sizeof(vf)) float shifts[lanes], shares[lanes];
    store(shifts, shift);
    store(shares, together ? exp(own - top) : vf{});
    vf totals[lanes] = {};
    const int count = rows - i0 < lanes ? static_cast<int>(rows - i0) : lanes;
    for (int q = 0; q < count; ++q) {
      const float* const row = v + (i0 + q) * stride;
      const vf share = splat(shares[q]);
      vf total{};
      for (std::int64_t j = 0; j < whole; j += lanes) {
        const vf e = exp(load(row + j) - shifts[q]);
        total += e;
        if (together) store(columns_out + j, fma(e, share, load(columns_out + j)));
      }
      if (whole < columns) {
        const vf e = exp(load(row + whole) - shifts[q]);
        total += select(live, e, vf{});
        if (together) store(columns_out + whole, fma(e, share, load(columns_out + whole)));
      }
      totals[q] = total;
    }
    transpose(totals);
    vf total{};
    for (int q = 0; q < lanes; ++q) total += totals[q];
    nans += total;
    store(rows_out + i0, shift + log(total));
  }
  if (columns_out == nullptr) return;
  bool flushed = !together || sum(nans) != sum(nans);
  if (!flushed) {
    vf least = splat(infinity);
    for (std::int64_t j = 0; j < columns; j += lanes) {
      const vf total = load(columns_out + j);
      least = min(least, j < whole ? total : select(live, total, splat(infinity)));
      store(columns_out + j, top + log(total));
    }
    flushed = !(reduced(reduction::minimum, least) > 0x1p-93f);  // some 500 flushed entries, each below 2^-126, are less than a rounding of 2^-93
  }
  if (!flushed) return;
  for (std::int64_t j = 0; j < columns; j += lanes) store(columns_out + j, splat(-infinity));
  log_sum_exp_columns(columns_out, v, rows, columns, stride);
}

/// Puts x into k numbers that are sorted downwards, over the least of them.
inline void insert(float* best, int k, float x) {
  int at = k - 1;
  for (; at > 0 && best[at - 1] < x; --at) best[at] = best[at - 1];
  best[at] = x;
}

/// The k largest entries of each row (by_rows) or column so far, k numbers each, and the least of them in `out`.
inline void kth_largest_tile(const float* v, std::int64_t rows, std::int64_t columns, std::int64_t stride, bool by_rows, int k, float* best, float* out) {
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; j += lanes) {
      const int width = columns - j < lanes ? static_cast<int>(columns - j) : lanes;
      const float* const x = v + i * stride + j;
      if (!any((load(x) > (by_rows ? splat(out[i]) : load_first(out + j, width))) & (lane_numbers() < splat(static_cast<std::int32_t>(width))))) continue;
      for (int q = 0; q < width; ++q) {
        const std::int64_t line = by_rows ? i : j + q;
        if (!(x[q] > out[line])) continue;
        insert(best + line * k, k, x[q]);
        out[line] = best[line * k + k - 1];
      }
    }
}

/// The largest entry of each row (by_rows) or column so far, and where it first stood.
inline void arg_max_tile(const float* v, std::int64_t rows, std::int64_t columns, std::int64_t stride, bool by_rows, std::int32_t first_row, std::int32_t first_column, float* best,
                         std::int32_t* places) {
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; j += lanes) {
      const int width = columns - j < lanes ? static_cast<int>(columns - j) : lanes;
      const float* const x = v + i * stride + j;
      if (!any((load(x) >= (by_rows ? splat(best[i]) : load_first(best + j, width))) & (lane_numbers() < splat(static_cast<std::int32_t>(width))))) continue;
      for (int q = 0; q < width; ++q) {
        const std::int64_t line = by_rows ? i : j + q;
        const std::int32_t place = by_rows ? first_column + static_cast<std::int32_t>(j) + q : first_row + static_cast<std::int32_t>(i);
        if (x[q] > best[line] || (x[q] == best[line] && place < places[line])) best[line] = x[q], places[line] = place;
      }
    }
}

/// Reductions that a pass does not have are not compiled for it.
template <class Chain>
constexpr pair_functions functions_of() {
  pair_functions f{run_pairs<Chain>};
  if constexpr (reduces_by<Chain>(reduction::log_sum_exp)) f.log_sum_exp = log_sum_exp_tile;
  if constexpr (reduces_by<Chain>(reduction::kth_largest)) f.kth_largest = kth_largest_tile;
  if constexpr (reduces_by<Chain>(reduction::arg_max)) f.arg_max = arg_max_tile;
  return f;
}
