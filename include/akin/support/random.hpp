// SPDX-License-Identifier: Apache-2.0
// Counter-based random numbers: the same (seed, stream, counter) gives the same number, whoever asks and in whatever order.
#pragma once

#include <akin/support/compiler.hpp>

#include <cmath>
#include <cstdint>
#include <numbers>

namespace akin::inline v0 {

/// A bijective hash of 64 bits with full avalanche (the finaliser of splitmix64; Steele, Lea and Flood 2014).
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

/// Random numbers by position. A copy is a replay.
class random_stream {
 public:
  constexpr random_stream(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter = 0)
      : key_{mix(seed + 0x9e3779b97f4a7c15ull) ^ mix(stream * 0xd1342543de82ef95ull + 0x632be59bd9b4e019ull)}, counter_{counter} {}

  constexpr std::uint64_t next() { return mix(key_ + 0x9e3779b97f4a7c15ull * ++counter_); }
  /// Uniform in [0, 1).
  constexpr double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// Uniform in {0, ..., count - 1}.
  constexpr std::int64_t below(std::int64_t count) { return static_cast<std::int64_t>(uniform() * static_cast<double>(count)); }
  /// Standard normal, by Box and Muller.
  double normal() {
    const double u = 1 - uniform(), v = uniform();
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  }

 private:
  std::uint64_t key_, counter_;
};

}  // namespace akin::inline v0
