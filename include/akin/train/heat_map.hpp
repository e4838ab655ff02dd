// SPDX-License-Identifier: Apache-2.0
// Tables whose cells are coloured by value: the colours, the scale below, the head above.
#pragma once

#include <akin/train/html.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

namespace detail {

inline constexpr std::size_t heat_levels = 24;

using heat_stops = std::array<std::uint32_t, 5>;

// One hue, and lightness that only rises or only falls: read alike with every kind of colour vision. Zero is near the paper.
inline constexpr heat_stops heat_on_light{0xf4f7fb, 0xc3d9ee, 0x73aed6, 0x2a73b4, 0x08306b};
inline constexpr heat_stops heat_on_dark{0x1c232c, 0x1f4166, 0x2d6ca8, 0x6daae0, 0xdcecff};

/// Rules .h0 to .h23, each with whichever of two inks has more contrast on it.
inline std::string heat_rules(const heat_stops& stops) {
  std::string css;
  for (std::size_t level = 0; level < heat_levels; ++level) {
    const double position = static_cast<double>(level) / (heat_levels - 1) * 4;  // of 5 stops
    const auto lower = std::min(static_cast<std::size_t>(position), stops.size() - 2);
    const double part = position - static_cast<double>(lower);
    double luminance = 0;  // WCAG 2.1, "relative luminance"
    std::string color = "#";
    for (const auto& [shift, weight] : {std::pair{16, 0.2126}, std::pair{8, 0.7152}, std::pair{0, 0.0722}}) {
      const double from = stops[lower] >> shift & 255u, to = stops[lower + 1] >> shift & 255u;
      const auto value = static_cast<unsigned>(std::lround(from + part * (to - from)));
      color += "0123456789abcdef"[value >> 4];
      color += "0123456789abcdef"[value & 15u];
      const double share = value / 255.0;
      luminance += weight * (share <= 0.03928 ? share / 12.92 : std::pow((share + 0.055) / 1.055, 2.4));
    }
    const bool dark_ink = luminance > 0.18;
    css += ".h" + std::to_string(level) + "{background:" + color + ";color:" + (dark_ink ? "#10161d" : "#f5f9fd") + "}";
  }
  return css;
}

/// The style of a cell with this share of the scale.
inline std::string heat_class(double share) {
  const double level = std::isfinite(share) ? std::clamp(share, 0.0, 1.0) * (heat_levels - 1) : 0;
  return "h" + std::to_string(std::lround(level));
}

/// All colours side by side, between the texts of the two ends.
inline std::string heat_ramp(const std::string& low, const std::string& high) {
  std::string html = low + "<span class=\"ramp\">";
  for (std::size_t level = 0; level < heat_levels; ++level) html += "<i class=\"h" + std::to_string(level) + "\"></i>";
  return html + "</span>" + high;
}

struct heat_column {
  std::string_view name;
  std::string_view about;  // shown under the pointer
};

/// Opens the table and its body. More than 12 columns have their names upright.
inline std::string heat_map_head(std::string_view corner, const std::vector<heat_column>& columns) {
  std::string html = "<table class=\"heat";
  html += columns.size() > 12 ? " upright" : "";
  html += "\" style=\"--columns:" + std::to_string(columns.size()) + "\"><thead><tr><th class=\"corner\">" + escape_html(corner) +
          "</th>";
  for (const heat_column& column : columns)
    html += "<th scope=\"col\" title=\"" + escape_html(column.about) + "\"><span>" + escape_html(column.name) + "</span></th>";
  return html + "</tr></thead><tbody>\n";
}

}  // namespace detail

}  // namespace akin::inline v0
