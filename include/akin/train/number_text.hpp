// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them: 60,000 and 0.0312 and 1:02:03, the same in every locale.
#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace akin::inline v0 {

namespace detail {

/// 1234567 -> 1,234,567
inline std::string with_commas(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t k = digits.size(); k > first + 3;) digits.insert(k -= 3, ",");
  return digits;
}

inline std::string formatted(double value, std::chars_format format, int precision) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char text[400];  // the longest double has 309 digits before its point
  const std::to_chars_result end = std::to_chars(text, text + sizeof text, value, format, precision);
  std::string result(text, end.ptr);
  return result.find_first_not_of("-0.") == std::string::npos && result[0] == '-' ? result.substr(1) : result;  // no -0.00
}

/// So many digits after the point. Beyond 15 digits before it: scientific.
inline std::string fixed(double value, int decimals) {
  return formatted(value, std::fabs(value) < 1e15 ? std::chars_format::fixed : std::chars_format::scientific, decimals);
}

/// So many digits that count, without zeros at the end: 0.07, 12.35, 3e-5.
inline std::string significant(double value, int digits) {
  std::string result = formatted(value, std::chars_format::general, digits);
  const std::size_t power = result.find("e");
  if (power == std::string::npos || power + 2 >= result.size()) return result;
  if (result[power + 2] == '0') result.erase(power + 2, 1);
  if (result[power + 1] == '+') result.erase(power + 1, 1);
  return result;
}

/// A share of one as 91.3 %.
inline std::string percent(double share, int decimals = 1) {
  return std::isfinite(share) ? fixed(100 * share, decimals) + " %" : "n/a";
}

/// 4.2 s, 3:07 min, 1:02:03 h
inline std::string duration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e12) return "n/a";
  if (seconds < 59.95) return fixed(seconds, 1) + " s";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  const auto two = [](std::int64_t value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  if (whole < 3600) return std::to_string(whole / 60) + ":" + two(whole % 60) + " min";
  return with_commas(whole / 3600) + ":" + two(whole / 60 % 60) + ":" + two(whole % 60) + " h";
}

/// Places that a text takes in a console: its code points. Wide and combining characters are not told apart.
inline std::size_t places(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0u) != 0x80u;
  return count;
}

}  // namespace detail

}  // namespace akin::inline v0
