// SPDX-License-Identifier: Apache-2.0
// A line chart as inline SVG: axes with round ticks, and a reading under the pointer, without a script.
#pragma once

#include <akin/train/html.hpp>
#include <akin/train/number_text.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// One value of a series: a loss at a step, an accuracy at a second.
struct series_point {
  double x = 0;
  double y = 0;
};

/// What stands around the line of a chart.
struct chart_text {
  std::string_view title;
  std::string_view x_name;    // "step", below the axis
  bool x_is_seconds = false;  // ticks in seconds, minutes or hours, as it fits
  bool y_is_percent = false;  // values are shares of one
};

namespace detail {

/// Round positions from the first to the last that lies in [low, high], a step of 1, 2 or 5 times a power of ten apart.
struct ticks {
  double low = 0, high = 1;  // the axis, which reaches a bit further than the values
  double step = 1;
  std::vector<double> at;
};

/// An axis for values from `low` to `high` with about `wanted` ticks. `whole` keeps the ticks at whole numbers.
inline ticks round_ticks(double low, double high, int wanted, bool whole) {
  if (!(high - low > 1e-9 * (std::fabs(low) + std::fabs(high)))) {  // one value only
    const double room = low == 0 ? 1 : 0.1 * std::fabs(low);
    low -= room;
    high += room;
  }
  const double raw = (high - low) / wanted;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double factor = raw / power <= 1.01 ? 1 : raw / power <= 2.02 ? 2 : raw / power <= 5.05 ? 5 : 10;
  ticks result{low, high, factor * power, {}};
  if (whole && result.step < 1) result.step = 1;
  const double first = std::ceil(low / result.step - 1e-6);
  for (int k = 0; k < 24 && (first + k) * result.step <= high + 1e-6 * result.step; ++k)
    result.at.push_back((first + k) * result.step);
  return result;
}

/// As few digits as tell neighbouring ticks apart; powers of ten from `plain_below` on and below a step of 0.00001.
inline std::string tick_text(double value, double step, double plain_below = 1e7) {
  if (std::fabs(value) < 1e-9 * step) return "0";
  const auto magnitude = [](double number) { return static_cast<int>(std::floor(std::log10(std::fabs(number)) + 1e-9)); };
  if (std::fabs(value) >= plain_below || step < 0.99e-5)
    return significant(value, std::clamp(magnitude(value) - magnitude(step) + 1, 1, 8));
  const int decimals = std::max(0, -magnitude(step));
  return decimals > 0 ? fixed(value, decimals) : with_commas(std::llround(value));
}

/// Neighbouring points as one: a series of 100,000 draws as 200 of these.
struct bucket {
  double x = 0, mean = 0, low = 0, high = 0;
  std::size_t points = 0;  // finite ones; 0 is a gap
};

inline constexpr std::size_t chart_buckets = 200;

inline bool drawable(double value) { return std::fabs(value) < 1e100; }  // false for NaN, too

inline std::vector<bucket> make_buckets(const std::vector<series_point>& points) {
  const std::size_t each = (points.size() + chart_buckets - 1) / chart_buckets;
  std::vector<bucket> buckets;
  for (std::size_t start = 0; start < points.size(); start += each) {
    bucket next{0, 0, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), 0};
    for (std::size_t k = start; k < std::min(points.size(), start + each); ++k) {
      const series_point& point = points[k];
      if (!drawable(point.y)) continue;
      ++next.points;
      next.x += (point.x - next.x) / static_cast<double>(next.points);
      next.mean += (point.y - next.mean) / static_cast<double>(next.points);
      next.low = std::min(next.low, point.y);
      next.high = std::max(next.high, point.y);
    }
    if (each == 1 && next.points == 0) next.x = points[start].x;
    buckets.push_back(next);
  }
  return buckets;
}

class chart_drawing {
 public:
  chart_drawing(std::vector<series_point> points, const chart_text& text) : text_(text), points_(std::move(points)) {
    std::erase_if(points_, [](const series_point& point) { return !drawable(point.x); });
    std::stable_sort(points_.begin(), points_.end(), [](const series_point& a, const series_point& b) { return a.x < b.x; });
    for (const series_point& point : points_) {
      if (drawable(point.y)) continue;
      if (lost_++ == 0) first_lost_ = point.x;
    }
    if (text_.x_is_seconds && !points_.empty()) {
      const double last = points_.back().x;
      unit_ = last >= 7200 ? 3600 : last >= 180 ? 60 : 1;
    }
    buckets_ = make_buckets(points_);
  }

  std::string figure() const {
    std::string html = "<figure class=\"card chart\"><figcaption><h3>" + escape_html(text_.title) + "</h3>";
    const bool any = lost_ < points_.size();
    if (any) html += "<span class=\"last\">" + escape_html(last_value()) + "</span>";
    html += "</figcaption>";
    html += any ? svg() : std::string("<p class=\"nothing\">No values.</p>");
    const std::size_t each = (points_.size() + chart_buckets - 1) / chart_buckets;
    if (any && each > 1 && band_shows())
      html += "<p class=\"small\">Line: mean of " + std::to_string(each) + " neighbouring values. Band: lowest to highest.</p>";
    if (lost_ > 0)
      html += "<p class=\"small warning\">" + with_commas(static_cast<std::int64_t>(lost_)) +
              (lost_ == 1 ? " value is not finite, at " : " values are not finite, the first at ") +
              escape_html(x_text(first_lost_)) + ".</p>";
    return html + "</figure>\n";
  }

 private:
  static constexpr double width = 440, height = 236, left = 52, right = 14, top = 12, bottom = 42;

  std::string y_text(double value) const { return text_.y_is_percent ? percent(value, 2) : significant(value, 4); }
  std::string x_text(double value) const {
    return text_.x_is_seconds ? duration(value)
                              : std::string(text_.x_name) + " " + with_commas(std::llround(std::min(value, 1e15)));
  }
  std::string last_value() const {
    for (std::size_t k = points_.size(); k-- > 0;)
      if (drawable(points_[k].y)) return y_text(points_[k].y) + " at " + x_text(points_[k].x);
    return "";
  }

  bool band_shows() const {
    constexpr double beyond = std::numeric_limits<double>::infinity();
    double low = beyond, high = -beyond, widest = 0;
    for (const bucket& b : buckets_) {
      low = std::min(low, b.low), high = std::max(high, b.high);
      widest = std::max(widest, b.high - b.low);  // minus infinity in a gap
    }
    return widest > 0.04 * (high - low);
  }

  static std::string number(double value) { return significant(std::round(value * 10) / 10, 6); }
  static std::string attribute(const char* name, double value) { return std::string(" ") + name + "=\"" + number(value) + "\""; }

  std::string svg() const {
    constexpr double beyond = std::numeric_limits<double>::infinity();
    double x_low = beyond, x_high = -beyond, y_low = beyond, y_high = -beyond;
    for (const bucket& b : buckets_) {
      if (b.points == 0) continue;
      x_low = std::min(x_low, b.x), x_high = std::max(x_high, b.x);
      y_low = std::min(y_low, b.low), y_high = std::max(y_high, b.high);
    }
    if (x_low > 0 && x_low < 0.3 * x_high) x_low = 0;
    if (y_low > 0 && y_low < 0.5 * y_high) y_low = 0;
    const double scale = text_.y_is_percent ? 100 : 1;
    const ticks x = round_ticks(x_low / unit_, x_high / unit_, x_high >= 1e5 * unit_ ? 4 : 5, !text_.x_is_seconds);
    ticks y = round_ticks(y_low * scale, y_high * scale, 5, false);
    if (!y.at.empty() && y.low < y.at.front()) y.at.insert(y.at.begin(), y.low = y.at.front() - y.step);
    if (!y.at.empty() && y.high > y.at.back()) y.at.push_back(y.high = y.at.back() + y.step);
    if (text_.y_is_percent && y.high > 100 && y_high <= 1) {  // no accuracy above 100 %
      y.high = 100;
      std::erase_if(y.at, [](double value) { return value > 100.001; });
    }
    const auto x_at = [&](double value) { return left + (value / unit_ - x.low) / (x.high - x.low) * (width - left - right); };
    const auto y_at = [&](double value) {
      return height - bottom - (value * scale - y.low) / (y.high - y.low) * (height - top - bottom);
    };

    std::string html = "<svg viewBox=\"0 0 440 236\" role=\"img\" aria-label=\"" + escape_html(text_.title) + ": " +
                       escape_html(last_value()) + "\">";
    for (const double value : y.at) {
      const double at = y_at(value / scale);
      html += "<line class=\"grid\"" + attribute("x1", left) + attribute("x2", width - right) + attribute("y1", at) +
              attribute("y2", at) + "/><text class=\"end\"" + attribute("x", left - 8) + attribute("y", at + 4) + ">" +
              tick_text(value, y.step, 1e6) + (text_.y_is_percent ? " %" : "") + "</text>";
    }
    for (const double value : x.at) {
      const double at = x_at(value * unit_);
      const std::string label = tick_text(value, x.step);
      const double half = 3.7 * static_cast<double>(label.size());  // a digit is about 7 wide
      html += "<line class=\"axis\"" + attribute("x1", at) + attribute("x2", at) + attribute("y1", height - bottom) +
              attribute("y2", height - bottom + 4) + "/><text class=\"middle\"" + attribute("x", std::min(at, width - half)) +
              attribute("y", height - bottom + 18) + ">" + label + "</text>";
    }
    const std::string_view unit_name = unit_ == 3600        ? " in hours"
                                       : unit_ == 60        ? " in minutes"
                                       : text_.x_is_seconds ? " in seconds"
                                                            : "";
    html += "<line class=\"axis\"" + attribute("x1", left) + attribute("x2", width - right) + attribute("y1", height - bottom) +
            attribute("y2", height - bottom) + "/><text class=\"end name\"" + attribute("x", width - right) +
            attribute("y", height - 6) + ">" + escape_html(text_.x_name) + std::string(unit_name) + "</text>";
    return html + drawing(x_at, y_at) + "</svg>";
  }

  template <class XAt, class YAt>
  std::string drawing(const XAt& x_at, const YAt& y_at) const {
    std::string lines, bands, readings;
    const bool marked = buckets_.size() <= 30;
    for (std::size_t k = 0; k < buckets_.size();) {
      if (buckets_[k].points == 0) {
        ++k;
        continue;
      }
      std::size_t end = k;
      bool wide = false;
      for (; end < buckets_.size() && buckets_[end].points > 0; ++end) wide = wide || buckets_[end].points > 1;
      std::string over, under, line;
      for (std::size_t j = k; j < end; ++j) {
        const bucket& b = buckets_[j];
        const std::string at = number(x_at(b.x)) + "," + number(y_at(b.mean));
        line += (line.empty() ? "M" : " ") + at;
        over += (over.empty() ? "M" : " ") + number(x_at(b.x)) + "," + number(y_at(b.high));
        under = " " + number(x_at(b.x)) + "," + number(y_at(b.low)) + under;
        if (marked || end - k == 1)
          lines += "<circle class=\"mark\" r=\"3\"" + attribute("cx", x_at(b.x)) + attribute("cy", y_at(b.mean)) + "/>";
      }
      if (wide && end - k > 1) bands += "<path class=\"band\" d=\"" + over + under + "Z\"/>";
      if (end - k > 1) lines += "<path class=\"line\" d=\"" + line + "\"/>";
      k = end;
    }
    for (std::size_t k = 0; k < buckets_.size(); ++k) {
      const bucket& b = buckets_[k];
      if (b.points == 0) continue;
      const double at = x_at(b.x);
      const bool first = k == 0 || buckets_[k - 1].points == 0, last = k + 1 == buckets_.size() || buckets_[k + 1].points == 0;
      const double from = first ? std::max(left, at - 8) : (at + x_at(buckets_[k - 1].x)) / 2;
      const double to = last ? std::min(width, at + 8) : (at + x_at(buckets_[k + 1].x)) / 2;
      std::string reading = x_text(b.x) + ": " + y_text(b.mean);
      if (b.points > 1) reading += " (" + y_text(b.low) + " to " + y_text(b.high) + ")";
      readings += "<g class=\"hit\"><title>" + escape_html(reading) + "</title><rect" + attribute("x", from) +
                  attribute("width", std::max(0.5, to - from)) + attribute("y", top) +
                  attribute("height", height - top - bottom) + "/><line" + attribute("x1", at) + attribute("x2", at) +
                  attribute("y1", top) + attribute("y2", height - bottom) + "/><circle r=\"4\"" + attribute("cx", at) +
                  attribute("cy", y_at(b.mean)) + "/></g>";
    }
    return bands + lines + readings;
  }

  chart_text text_;
  std::vector<series_point> points_;
  std::vector<bucket> buckets_;
  std::size_t lost_ = 0;
  double first_lost_ = 0, unit_ = 1;
};

}  // namespace detail

/// A card with a title, its last value, and the line.
/// values: points are sorted by x; more than 200 are drawn as the means of neighbours, in a band from lowest to highest; values that
///         are not finite (or beyond 1e100) are gaps in the line and are counted below it; points without a finite x are dropped
/// cost:   at most 200 readings, about 60 KB
inline std::string line_chart(const std::vector<series_point>& points, const chart_text& text) {
  return detail::chart_drawing(points, text).figure();
}

}  // namespace akin::inline v0
