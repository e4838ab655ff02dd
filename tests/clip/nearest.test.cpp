// SPDX-License-Identifier: Apache-2.0
// Nearest neighbours against a sort of all scores in double, on numbers whose products have no rounding.
#include <akin/clip/nearest.hpp>
#include <akin/support/random.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <algorithm>
#include <vector>

namespace {

/// Small whole numbers: products and sums are exact, and many scores are equal.
std::vector<float> whole_numbers(std::int64_t count, std::uint64_t seed) {
  akin::random_stream random{seed, 0};
  std::vector<float> values;
  for (std::int64_t k = 0; k < count; ++k) values.push_back(static_cast<float>(random.below(5) - 2));
  return values;
}

std::vector<akin::neighbour> sorted(const float* query, const std::vector<float>& rows, std::int64_t embed, std::int64_t k) {
  std::vector<akin::neighbour> all;
  for (std::int64_t row = 0; row * embed < std::ssize(rows); ++row) {
    double score = 0;
    for (std::int64_t d = 0; d < embed; ++d)
      score += static_cast<double>(query[d]) * static_cast<double>(rows[static_cast<std::size_t>(row * embed + d)]);
    all.push_back({row, static_cast<float>(score)});
  }
  std::ranges::stable_sort(all, [](const auto& a, const auto& b) { return a.score > b.score; });
  all.resize(static_cast<std::size_t>(std::min<std::int64_t>(k, std::ssize(all))));
  return all;
}

}  // namespace

TEST_CASE("the k largest, equal ones by their place, for every number of rows and threads") {
  const std::int64_t embed = 6;
  for (const std::int64_t rows : {1, 7, 4096, 4097, 9000})
    for (const int threads : {1, 3}) {
      const auto pool = std::make_shared<akin::thread_pool>(threads);
      const auto queries = whole_numbers(3 * embed, 1), values = whole_numbers(rows * embed, 2);
      for (const std::int64_t k : {1, 5, 100}) {
        const auto found = akin::nearest(queries, values, embed, k, pool);
        REQUIRE(found.size() == 3);
        for (std::size_t q = 0; q < 3; ++q)
          CHECK(found[q] == sorted(&queries[q * static_cast<std::size_t>(embed)], values, embed, k));
      }
    }
}

TEST_CASE("more queries than are asked at a time") {
  const std::int64_t embed = 4, rows = 4100, queries = 600;
  const auto pool = std::make_shared<akin::thread_pool>(2);
  const auto asked = whole_numbers(queries * embed, 3), values = whole_numbers(rows * embed, 4);
  const auto found = akin::nearest(asked, values, embed, 3, pool);
  REQUIRE(found.size() == 600);
  for (const std::size_t q : {0u, 255u, 256u, 511u, 512u, 599u})
    CHECK(found[q] == sorted(&asked[q * static_cast<std::size_t>(embed)], values, embed, 3));
}

TEST_CASE("nothing to find, and numbers that are no rows") {
  const auto pool = std::make_shared<akin::thread_pool>(1);
  const std::vector<float> two{1, 2};
  CHECK(akin::nearest(two, {}, 2, 5, pool) == std::vector<std::vector<akin::neighbour>>(1));
  CHECK(akin::nearest({}, two, 2, 5, pool).empty());
  CHECK(contains(sentence_of([&] { akin::nearest(two, two, 3, 1, pool); }), "2 and 2 numbers are no rows of 3"));
}
