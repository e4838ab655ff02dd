// SPDX-License-Identifier: Apache-2.0
// Exact nearest neighbours: the rows with the largest products with each query.
#pragma once

#include <akin/akin.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace akin::inline v0 {

struct neighbour {
  std::int64_t row = 0;
  float score = 0;

  bool operator==(const neighbour&) const = default;
};

/// The order of neighbours: the larger score first, of equal ones the lower row.
constexpr bool is_nearer(const neighbour& a, const neighbour& b) {
  return a.score > b.score || (a.score == b.score && a.row < b.row);
}

namespace detail::nearest_model {

inline constexpr struct queries : axis<"queries"> {
} queries;
inline constexpr struct rows : axis<"rows"> {
} rows;
inline constexpr struct embed : axis<"embed"> {
} embed;

struct scores {
  static constexpr auto define(model& m) { return dot(m.data<"queries">(queries, embed), m.data<"rows">(rows, embed)); }
};

}  // namespace detail::nearest_model

/// The k rows with the largest dot products with each query, nearest first; all of them where there are fewer.
/// shapes: queries [queries, embed], rows [rows, embed] -> [queries][min(k, rows)]
/// values: exact; products in fp32; of equal scores the lower row comes first
/// cost:   2 |queries| |rows| embed operations; the scores of 256 queries with 4,096 rows are in memory at a time
/// errors: run time, where numbers are no whole rows
inline std::vector<std::vector<neighbour>> nearest(std::span<const float> queries, std::span<const float> rows,
                                                   std::int64_t embed, std::int64_t k, const std::shared_ptr<thread_pool>& pool) {
  namespace model = detail::nearest_model;
  if (embed < 1 || std::ssize(queries) % embed != 0 || std::ssize(rows) % embed != 0)
    fail("nearest: ", queries.size(), " and ", rows.size(), " numbers are no rows of ", embed);
  const std::int64_t query_count = std::ssize(queries) / embed, row_count = std::ssize(rows) / embed,
                     some = std::min<std::int64_t>(query_count, 256), block = std::min<std::int64_t>(row_count, 4096);
  std::vector<std::vector<neighbour>> found(static_cast<std::size_t>(query_count));
  if (query_count == 0 || row_count == 0 || k < 1) return found;

  parameters<model::scores> none;
  program<model::scores, cpu_backend, mode::evaluation> scores{none, pool};
  scores.bind(model::queries(some), model::rows(block), model::embed(embed));
  const auto part = [&](std::span<const float> all, std::int64_t first, std::int64_t count) {
    return all.subspan(static_cast<std::size_t>(first * embed), static_cast<std::size_t>(count * embed));
  };
  for (std::int64_t asked = 0; asked < query_count; asked += some)
    for (std::int64_t first = 0; first < row_count; first += block) {
      const std::int64_t asking = std::min(some, query_count - asked), now = std::min(block, row_count - first);
      scores.resize(model::queries(asking), model::rows(now));
      scores.set<"queries">(part(queries, asked, asking));
      scores.set<"rows">(part(rows, first, now));
      scores.forward();
      const float* const values = scores.value().data;
      pool->run(asking, [&](std::int64_t query, int) {
        auto& best = found[static_cast<std::size_t>(asked + query)];  // a heap whose front is the farthest
        for (std::int64_t row = 0; row < now; ++row) {
          const neighbour candidate{first + row, values[query * now + row]};
          if (std::ssize(best) == k && !is_nearer(candidate, best.front())) continue;
          if (std::ssize(best) == k) {
            std::ranges::pop_heap(best, is_nearer);
            best.pop_back();
          }
          best.push_back(candidate);
          std::ranges::push_heap(best, is_nearer);
        }
      });
    }
  for (auto& best : found) std::ranges::sort_heap(best, is_nearer);
  return found;
}

}  // namespace akin::inline v0
