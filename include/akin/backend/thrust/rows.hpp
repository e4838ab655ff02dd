// SPDX-License-Identifier: Apache-2.0
// Slices, rows by number, and sums: one number of the result for each index.
#pragma once

#include <akin/backend/index_work.hpp>
#include <akin/backend/thrust/queue.hpp>

#include <cstdint>
#include <utility>

namespace akin::inline v0 {
namespace device {

/// One number of a pooled image: the mean of its window.
struct pool_window {
  const float* x;
  float* out;
  pooling p;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    const std::int64_t i = k % p.inner, column = k / p.inner % p.columns(), row = k / p.inner / p.columns() % p.rows(),
                       o = k / p.inner / p.columns() / p.rows();
    float sum = 0;
    for (std::int64_t y = row * p.size; y < (row + 1) * p.size; ++y)
      for (std::int64_t at = column * p.size; at < (column + 1) * p.size; ++at) sum += x[p.in_image(o, y, at) + i];
    out[k] = sum / static_cast<float>(p.size * p.size);
  }
};
/// One pixel of the gradient: its part of the window's, 0 where it is in none.
struct spread_window {
  const float* g;
  float* x;
  pooling p;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    const std::int64_t i = k % p.inner, column = k / p.inner % p.width / p.size, row = k / p.inner / p.width % p.height / p.size,
                       o = k / p.inner / p.width / p.height;
    const bool inside = row < p.rows() && column < p.columns();
    x[k] = inside ? g[p.in_result(o, row, column) + i] / static_cast<float>(p.size * p.size) : 0.f;
  }
};

/// A line of `line` numbers gives `taken` of them, from `from` on.
struct take_slice {
  const float* in;
  float* out;
  std::int64_t line, from, taken;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const { out[k] = in[k / taken * line + from + k % taken]; }
};
struct place_slice {
  const float* in;
  float* out;
  std::int64_t line, from, given;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    const std::int64_t at = k % line - from;
    out[k] = at >= 0 && at < given ? in[k / line * given + at] : 0.f;
  }
};

template <class T>
struct join_lines {
  const T *a, *b;
  T* out;
  std::int64_t of_a, of_b;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    const std::int64_t line = k / (of_a + of_b), at = k % (of_a + of_b);
    out[k] = at < of_a ? a[line * of_a + at] : b[line * of_b + at - of_a];
  }
};

struct gather_rows {
  const float* table;
  const std::int32_t* ids;
  float* out;
  std::int64_t width;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const { out[k] = table[ids[k / width] * width + k % width]; }
};

struct number_places {
  const std::int32_t* from;
  std::int32_t *ids, *places;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    ids[k] = from[k];
    places[k] = static_cast<std::int32_t>(k);
  }
};

/// Of two neighbouring runs of `run` ids, each sorted, one: an id finds its place by how many of the other run stand before it. Equal ids
/// stay in their order.
struct merge_runs {
  const std::int32_t *ids, *places;
  std::int32_t *to_ids, *to_places;
  std::int64_t count, run;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    const std::int64_t begin = k / (2 * run) * (2 * run), middle = begin + run < count ? begin + run : count,
                       end = middle + run < count ? middle + run : count;
    const bool is_left = k < middle;
    std::int64_t first = is_left ? middle : begin, last = is_left ? end : middle;
    while (first < last) {
      const std::int64_t half = (first + last) / 2;
      if (is_left ? ids[half] < ids[k] : ids[half] <= ids[k]) first = half + 1;
      else last = half;
    }
    const std::int64_t at = k + first - middle;  // k - begin of its own run stand before it, or k - middle, and so many of the other
    to_ids[at] = ids[k];
    to_places[at] = places[k];
  }
};

/// One number of the table: the sum of its row's places, which stand together in `ids` and in order in `places`.
struct add_places {
  const float* rows;
  const std::int32_t *ids, *places;
  float* table;
  std::int64_t count, width;
  AKIN_HOST_DEVICE void operator()(std::int64_t k) const {
    const std::int64_t row = k / width, at = k % width;
    std::int64_t first = 0, last = count;
    while (first < last) {
      const std::int64_t middle = (first + last) / 2;
      if (ids[middle] < row) first = middle + 1;
      else last = middle;
    }
    float sum = 0;
    for (; first < count && ids[first] == row; ++first) sum += rows[places[first] * width + at];
    table[k] = sum;
  }
};

/// cost: a pass over the ids for each doubling of a run, 13 for 4,928 of them, where Thrust's sort would allocate
inline void scatter_add(queue& q, const float* rows, const std::int32_t* ids, float* table, std::int64_t count,
                        std::int64_t table_rows, std::int64_t width) {
  std::int32_t* sorted = q.room<std::int32_t>(scratch::sorted, 4 * count);
  std::int32_t* other = sorted + 2 * count;
  q.each(count, number_places{ids, sorted, sorted + count});
  for (std::int64_t run = 1; run < count; run *= 2, std::swap(sorted, other))
    q.each(count, merge_runs{sorted, sorted + count, other, other + count, count, run});
  q.each(table_rows * width, add_places{rows, sorted, sorted + count, table, count, width});
}

/// The sum of 1,024 terms in their order.
template <class Term>
struct sum_terms {
  static constexpr std::int64_t size = 1024;
  Term term;
  double* sums;
  std::int64_t count;
  AKIN_HOST_DEVICE void operator()(std::int64_t part) const {
    const std::int64_t end = (part + 1) * size < count ? (part + 1) * size : count;
    double total = 0;
    for (std::int64_t k = part * size; k < end; ++k) total += term(k);
    sums[part] = total;
  }
};
struct number_at {
  const double* numbers;
  AKIN_HOST_DEVICE double operator()(std::int64_t k) const { return numbers[k]; }
};

/// *total += the sum of the terms: of parts of 1,024, then of so many parts, until one is left.
template <class Term>
void add_sum(queue& q, double* total, std::int64_t count, const Term& term) {
  if (count == 0) return;
  const auto parts_of = [](std::int64_t numbers) { return (numbers + sum_terms<Term>::size - 1) / sum_terms<Term>::size; };
  std::int64_t parts = parts_of(count);
  double *sums = q.room<double>(scratch::partials, parts + parts_of(parts)), *next = sums + parts;
  q.each(parts, sum_terms<Term>{term, sums, count});
  for (; parts > 1; std::swap(sums, next)) {
    q.each(parts_of(parts), sum_terms<number_at>{{sums}, next, parts});
    parts = parts_of(parts);
  }
  q.each(1, detail::add_number<double>{sums, total});
}

}  // namespace device
}  // namespace akin::inline v0
