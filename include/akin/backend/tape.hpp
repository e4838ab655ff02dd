// SPDX-License-Identifier: Apache-2.0
// Elementwise work as a backend sees it: a tape of scalar functions over operands, and what becomes of its results.
#pragma once

#include <akin/tensor/view.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <span>

namespace akin::inline v0 {

/// The scalar functions. The set is closed, since device code may not call through a table: a user composes new functions from these.
/// Booleans are the reals 0 and 1. Index functions read 32-bit integers.
enum class scalar : unsigned char {
  none, operand, constant, identity, negate, exp, log, sqrt, tanh, sigmoid, softplus, erf, absolute, sine, cosine, arc_cosine, logical_not,
  add, subtract, multiply, divide, maximum, minimum, less, less_equal, equal, equal_index, less_equal_index, index_to_real, where, random
};

/// One line of a tape: the result of step k is function(result a, result b, result c). `operand` reads operand a, `constant` is `number`,
/// `random` hashes the element's position (operand a) with a seed (operand b) and `number` to a real in [0, 1).
struct scalar_step {
  scalar code = scalar::none;
  std::int16_t a = -1, b = -1, c = -1;
  double number = 0;
  constexpr bool operator==(const scalar_step&) const = default;
};

/// One line of a tape in one word; the code `none` sends line a to result b. Chains are compiled by their words, so that equal tapes
/// of different steps, programs and models are one function: of the 60 chains of the demo's training step 28 differ.
struct tape_line {
  std::uint64_t word = 0;  // from the lowest bit: 6 for the code, 12 for a, 12 for b, then c, or the 32 of a number

  static constexpr tape_line of(const scalar_step& s) {
    const auto place = [](int line, int bit) { return static_cast<std::uint64_t>(line < 0 ? 0 : line) << bit; };
    tape_line l{static_cast<std::uint64_t>(s.code) | place(s.a, 6) | place(s.b, 18) | place(s.c, 30)};
    if (s.code == scalar::constant) l.word |= std::uint64_t{std::bit_cast<std::uint32_t>(static_cast<float>(s.number))} << 30;
    if (s.code == scalar::random) l.word |= std::uint64_t{static_cast<std::uint32_t>(s.number)} << 30;
    return l;
  }

  constexpr scalar code() const { return static_cast<scalar>(word & 63); }
  constexpr int a() const { return word >> 6 & 4095; }
  constexpr int b() const { return word >> 18 & 4095; }
  constexpr int c() const { return word >> 30 & 4095; }
  constexpr std::uint32_t number() const { return static_cast<std::uint32_t>(word >> 30); }
};

enum class operand_kind : unsigned char {
  real,          // numbers in memory
  integer,       // 32-bit integers in memory
  position,      // the number of an entry along the axes of `value`, computed
  seed,          // the program's random state at this step
  product,       // pair passes only: a tile of a product of two embeddings
  listed         // pair passes only: 1 for the pairs of a list
};

enum class reduction : unsigned char { sum, maximum, minimum, log_sum_exp, kth_largest, arg_max };

/// Whether results of parts can be merged to that of the whole. The others look at all entries at once: a pair pass keeps a state for them, elsewhere they are kernels.
constexpr bool merges(reduction kind) { return kind <= reduction::log_sum_exp; }

/// What a reduction starts from.
constexpr float start_of(reduction kind) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  return kind == reduction::sum ? 0.f : kind == reduction::minimum ? infinity : -infinity;
}

/// How many operands, results and lines of its tape one step may have.
inline constexpr int max_operands_of_step = 40, max_results_of_step = 12, max_lines_of_step = 4096;

/// An operand of a map: its kind, and where it lies. The view of a position has axes and extents, no data.
template <class Real>
struct map_operand {
  operand_kind kind = operand_kind::real;
  view<const Real> value{};
  const std::int32_t* integers = nullptr;
  std::int32_t seed = 0;
  std::int64_t first = 0;  // of positions
};

/// A result of a map that is stored whole. `step` counts the chain's results.
template <class Real>
struct map_store {
  int step = 0;
  view<Real> value{};
};

/// A result of a map that is reduced over the axes which `value` lacks.
template <class Real>
struct map_reduction {
  int step = 0;
  reduction kind = reduction::sum;
  view<Real> value{};
  bool goes_on = false;  // from what is there: an earlier strip's
};

/// Everything a backend needs for a map, except the tape, which is a constant of the chain's type.
template <class Real>
struct map_arguments {
  view<const Real> space{};  // the iteration space: axes and extents, no data
  std::span<const map_operand<Real>> operands;
  std::span<const map_store<Real>> stores;
  std::span<const map_reduction<Real>> reductions;
};

/// How many maps may run together line by line, and how many operands and results they may have: all of them are arguments of one kernel.
inline constexpr int max_maps_of_group = 6, max_values_of_group = 48;

/// One map of those that run together line by line, and what is compiled of its chain alone: for results that are not of one line each.
template <class Real, class Chain>
struct map_of_group {
  const map_arguments<Real>* arguments = nullptr;  // null: it does not run
  const Chain* chain = nullptr;
};

/// How an operand of a pair pass varies: known when the program is compiled.
enum class pair_place : unsigned char { product, per_row, per_column, uniform };

/// What becomes of a result of a pair pass: reduced to a number for each row, each column or in all, or multiplied by a tall factor.
enum class pair_use : unsigned char { to_rows, to_columns, to_one, to_factor };

struct pair_result {
  std::int16_t line = -1;  // of the tape
  pair_use use{};
  reduction kind = reduction::sum;
};

/// What a product that several passes read does in this pass: nothing, or it is written for later ones, or read from an earlier one.
enum class product_memory : unsigned char { none, written, read };

/// S = left right^T, one operand of a pair pass: left has the row axis, right the column axis, and both a further one, in any order.
template <class Real>
struct pair_product {
  view<const Real> left, right;
  product_memory memory = product_memory::none;
  Real* kept = nullptr;  // kept_pairs(rows, columns) numbers in an order of the backend's own
};

/// An operand that varies along rows, along columns, or not at all.
template <class Real>
struct pair_operand {
  operand_kind kind = operand_kind::real;
  const void* data = nullptr;  // reals or integers; ignored for products, positions and lists
  bool per_row = false, per_column = false;
  int product = -1;
  std::span<const std::int32_t> listed_rows{}, listed_columns{};  // pair k is (listed_rows[k], listed_columns[k])
  bool by_rows = true;                                            // the rows ascend, else the columns do
};

/// A reduction over columns (out has |rows| numbers), over rows (|columns|), or both (one number).
template <class Real>
struct pair_reduction {
  int step = 0;
  reduction kind = reduction::sum;
  bool keeps_rows = false, keeps_columns = false;
  Real* out = nullptr;
  int k = 1;                        // kth_largest
  std::int32_t* indices = nullptr;  // arg_max, in the place of out
};

/// out[rows, k] = G tall[columns, k], or out[columns, k] = G^T tall[rows, k]; G is a result of the tape.
template <class Real>
struct pair_contraction {
  int step = 0;
  bool keeps_rows = false;
  view<const Real> tall{};
  view<Real> out{};
};

/// Everything a backend needs for a pass over the pairs, except the tape. A space that begins at a later row is a strip of one whose earlier rows have
/// been: results that are not of its rows alone go on from what is there. So for columns.
template <class Real>
struct pair_arguments {
  std::int64_t rows = 0, columns = 0, first_row = 0, first_column = 0;
  int row = -1, column = -1;  // axis labels
  std::span<const std::int16_t> lines;  // of the tape, by result
  std::span<const pair_product<Real>> products;
  std::span<const pair_operand<Real>> operands;
  std::span<const pair_reduction<Real>> reductions;
  std::span<const pair_contraction<Real>> contractions;

  bool goes_on(const pair_reduction<Real>& r) const { return (first_row > 0 && !r.keeps_rows) || (first_column > 0 && !r.keeps_columns); }
  bool goes_on(const pair_contraction<Real>& c) const { return c.keeps_rows ? first_column > 0 : first_row > 0; }
};

}  // namespace akin::inline v0
