// SPDX-License-Identifier: Apache-2.0
// A number that tells one content from another.
#pragma once

#include <akin/support/random.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace akin::inline v0 {

/// 64 bits that follow from the bytes: contents that differ by accident have different ones. No protection against intent.
/// cost: some 8 GB/s on one core of an EPYC (Zen 4)
inline std::uint64_t fingerprint(std::span<const std::byte> bytes) {
  std::array<std::uint64_t, 4> lanes{1, 2, 3, 4};  // a chain each, since a mix takes longer than reading a word
  const auto add = [&](std::size_t lane, std::span<const std::byte> word) {
    std::uint64_t value = 0;
    std::memcpy(&value, word.data(), word.size());
    lanes[lane] = mix(lanes[lane] ^ value);
  };
  std::size_t done = 0;
  for (; done + 32 <= bytes.size(); done += 32)
    for (std::size_t lane = 0; lane < 4; ++lane) add(lane, bytes.subspan(done + 8 * lane, 8));
  for (std::size_t lane = 0; done < bytes.size(); done += 8, ++lane)
    add(lane, bytes.subspan(done, bytes.size() - done < 8 ? bytes.size() - done : 8));
  std::uint64_t result = mix(bytes.size());
  for (const std::uint64_t lane : lanes) result = mix(result ^ lane) + 1;  // + 1: mix(0) is 0
  return result;
}

/// The same as 16 hexadecimal digits.
inline std::string fingerprint_text(std::span<const std::byte> bytes) {
  std::string text;
  const std::uint64_t value = fingerprint(bytes);
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
  return text;
}

}  // namespace akin::inline v0
