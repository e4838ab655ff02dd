// SPDX-License-Identifier: Apache-2.0
// A pair expression over a tile whose products lie in cache: evaluated in registers, reduced there, and stored only where a product with a tall factor or a
// sum of exponentials will read it.

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
    return line<Chain, Line>(x, chain_call{}, 0);
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
    store(c.columns_out[at] + j, merge(r.kind, load(c.columns_out[at] + j), x));
  } else {
    row[R] = merge(r.kind, row[R], select(live, x, splat(start_of(r.kind))));
  }
}

template <class Chain, int... Line, int... R>
[[gnu::always_inline]] inline void pair_block(const pair_call& c, std::int64_t i, std::int64_t j, vi live, vf* row, std::integer_sequence<int, Line...>, std::integer_sequence<int, R...>) {
  vf x[sizeof...(Line) + 1];
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
/// columns_out may be null; rows_out always gets the rows' results.
inline void log_sum_exp_tile(const float* v, std::int64_t rows, std::int64_t columns, std::int64_t stride, float* rows_out, float* columns_out) {
  constexpr float infinity = __builtin_inff();
  float top = -infinity;
  bool finite = true;
  for (std::int64_t i = 0; i < rows; ++i) {
    rows_out[i] = reduce_row(reduction::maximum, v + i * stride, columns);
    finite = finite && rows_out[i] < infinity;
    top = rows_out[i] > top ? rows_out[i] : top;
  }
  const bool together = columns_out != nullptr && finite && top > -infinity;
  if (columns_out != nullptr)
    for (std::int64_t j = 0; j < columns; j += lanes) store(columns_out + j, splat(together ? 0.f : -infinity));
  for (std::int64_t i = 0; i < rows; ++i) {
    const float own = rows_out[i];
    if (!(own > -infinity && own < infinity)) continue;  // the maximum is the result
    const vf share = exp(splat(own - top));
    vf total{};
    for (std::int64_t j = 0; j < columns; j += lanes) {
      const vf e = exp(load(v + i * stride + j) - own);
      total += select(lane_numbers() < splat(static_cast<std::int32_t>(columns - j)), e, vf{});
      if (together) store(columns_out + j, fma(e, share, load(columns_out + j)));
    }
    rows_out[i] = own + first(log(splat(sum(total))));
  }
  if (columns_out == nullptr) return;
  vf least = splat(infinity);
  if (together)
    for (std::int64_t j = 0; j < columns; j += lanes) {
      const vf total = load(columns_out + j);
      least = min(least, select(lane_numbers() < splat(static_cast<std::int32_t>(columns - j)), total, splat(infinity)));
      store(columns_out + j, top + log(total));
    }
  // Some 500 entries that were flushed, each below 2^-126, are less than a rounding of 2^-93.
  if (together && reduced(reduction::minimum, least) > 0x1p-93f) return;
  for (std::int64_t j = 0; j < columns; j += lanes) store(columns_out + j, splat(-infinity));
  log_sum_exp_columns(columns_out, v, rows, columns, stride);
}
