// SPDX-License-Identifier: Apache-2.0
// The hash behind dropout, in 32-bit integer arithmetic that every backend computes alike.
#pragma once

#include <akin/support/compiler.hpp>

#include <cstdint>

namespace akin::inline v0 {

/// Multiplicative hash constants of a 32-bit finaliser with low bias.
inline constexpr std::uint32_t hash_first = 0x7feb352du, hash_second = 0x846ca68bu;

constexpr std::uint32_t hash_bits(std::uint32_t x) {
  x = (x ^ (x >> 16)) * hash_first;
  x = (x ^ (x >> 15)) * hash_second;
  return x ^ (x >> 16);
}

/// Uniform in [0, 1) with 24 bits, from the element's number, the step's seed and the number of the draw in the model.
constexpr float uniform_bits(std::uint32_t element, std::uint32_t seed, std::uint32_t draw) {
  const std::uint32_t h = hash_bits(hash_bits(element ^ seed) + draw * 0x9e3779b9u);
  return static_cast<float>(h >> 8) * 0x1.0p-24f;
}

}  // namespace akin::inline v0
