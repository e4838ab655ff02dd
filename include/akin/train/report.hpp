// SPDX-License-Identifier: Apache-2.0
// A training run as one HTML file that needs nothing else: curves, heat maps, examples, and how to go on.
#pragma once

#include <akin/data/image.hpp>
#include <akin/support/error.hpp>
#include <akin/train/class_table.hpp>
#include <akin/train/heat_map.hpp>
#include <akin/train/html.hpp>
#include <akin/train/number_text.hpp>
#include <akin/train/report_style.hpp>
#include <akin/train/svg_chart.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// What a report shows. Everything may stay empty, and a section without content is left out. Classes are indices into `classes`.
struct report {
  /// A test image, and its similarity to the prompt of every class.
  struct similarity_row {
    image picture;
    std::size_t truth = 0;
    std::vector<double> cosines;  // [class]
  };
  /// A test image, and what the classifier said.
  struct answer {
    image picture;
    std::size_t truth = 0;
    std::size_t predicted = 0;
    double probability = 0;
  };
  struct command {
    std::string purpose;  // "Classify an image"
    std::string line;
  };
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  std::string title;
  std::string summary;  // one or two sentences below the title

  double top1 = unknown;  // shares of one
  double top5 = unknown;
  std::vector<std::pair<std::string, std::string>> figures;  // further results: a value, and what it is
  double training_seconds = unknown;
  std::int64_t images_seen = 0;  // in training, every epoch counted
  std::int64_t test_images = 0;

  std::vector<series_point> loss;           // over steps
  std::vector<series_point> accuracy;       // over seconds of training, shares of one
  std::string measure = "Top-1 accuracy";   // what it is called
  std::vector<series_point> temperature;    // over steps
  std::vector<series_point> learning_rate;  // over steps

  std::vector<std::string> classes;
  std::vector<std::string> prompts;  // empty, or one text for each class
  std::vector<similarity_row> similarity;
  std::vector<std::int64_t> confusion;  // empty, or [true class, predicted class], row-major
  std::vector<answer> best_right, best_wrong;

  std::string objective;         // its name or formula
  std::string objective_reason;  // why this one; blank lines part paragraphs
  std::vector<std::pair<std::string, std::string>> configuration;
  std::vector<command> next;  // what to run now
  std::vector<std::string> notes;
};

namespace detail {

class report_page {
 public:
  explicit report_page(const report& r) : r_(r) {}

  std::string html() {
    if (!r_.prompts.empty() && r_.prompts.size() != r_.classes.size())
      fail("report_html: there are ", r_.prompts.size(), " prompts, expected none or one for each of ", r_.classes.size(),
           " classes");
    const std::string title = escape_html(r_.title.empty() ? "Training report" : r_.title);
    html_ = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><title>" + title +
            "</title><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>"
            "<meta name=\"color-scheme\" content=\"light dark\"/>\n<style>" +
            report_css() + "</style></head>\n<body><main>\n<header><h1>" + title + "</h1>";
    if (!r_.summary.empty()) html_ += "<p class=\"lead\">" + escape_html(r_.summary) + "</p>";
    html_ += "</header>\n";
    numbers();
    curves();
    similarity();
    answers();
    scores();
    confusion();
    objective();
    configuration();
    next();
    notes();
    return std::move(html_) +
           "<footer>Written by akin. This file needs no other: it can be kept and sent as it "
           "is.</footer>\n</main></body></html>\n";
  }

 private:
  static constexpr std::size_t most_columns = 40, most_rows = 40, most_answers = 24, most_confusion = 64, most_scores = 1000;

  void section(std::string_view title, std::string_view explanation) {
    html_ += "<h2>" + std::string(title) + "</h2>";
    if (!explanation.empty()) html_ += "<p class=\"explain\">" + std::string(explanation) + "</p>";
    html_ += "\n";
  }

  std::string name(std::size_t k) const { return escape_html(r_.classes[k]); }
  void expect_class(std::size_t k, const char* where) const {
    if (k >= r_.classes.size())
      fail("report_html: ", where, " names class ", k, ", but there are ", r_.classes.size(), " classes");
  }
  static std::string counted(std::int64_t count) {
    const auto value = static_cast<double>(count);
    return count < 10'000'000 ? with_commas(count)
           : value < 1e9      ? fixed(value / 1e6, 1) + " million"
                              : fixed(value / 1e9, 1) + " billion";
  }

  void numbers() {
    std::string tiles;
    const auto tile = [&](const std::string& value, const std::string& label) {
      tiles += "<div class=\"card\"><b>" + value + "</b><span>" + label + "</span></div>";
    };
    if (std::isfinite(r_.top1)) tile(percent(r_.top1, 2), "top-1 accuracy");
    if (std::isfinite(r_.top5)) tile(percent(r_.top5, 2), "top-5 accuracy");
    for (const auto& [value, label] : r_.figures) tile(escape_html(value), escape_html(label));
    if (r_.test_images > 0) tile(with_commas(r_.test_images), "test images");
    if (std::isfinite(r_.training_seconds)) tile(duration(r_.training_seconds), "of training");
    if (r_.images_seen > 0) tile(counted(r_.images_seen), "images seen");
    const double rate = static_cast<double>(r_.images_seen) / r_.training_seconds;
    if (rate > 0 && rate < 1e12) tile(with_commas(std::llround(rate)), "images/second");
    if (!tiles.empty()) html_ += "<section class=\"numbers\">" + tiles + "</section>\n";
  }

  void curves() {
    std::string charts;
    const auto chart = [&](const std::vector<series_point>& points, const chart_text& text) {
      if (!points.empty()) charts += line_chart(points, text);
    };
    chart(r_.loss, {"Loss", "step"});
    chart(r_.accuracy, {r_.measure, "training time", true, true});
    chart(r_.temperature, {"Temperature", "step"});
    chart(r_.learning_rate, {"Learning rate", "step"});
    if (charts.empty()) return;
    section("Training", "Point at a curve to read its values.");
    html_ += "<section class=\"charts\">\n" + charts + "</section>\n";
  }

  std::string heat_head(std::string_view corner, const std::vector<std::size_t>& columns) const {
    std::vector<heat_column> heads;
    for (const std::size_t c : columns) heads.push_back({r_.classes[c], c < r_.prompts.size() ? r_.prompts[c] : r_.classes[c]});
    return heat_map_head(corner, heads);
  }

  /// The classes that stand as columns: all, or those that the rows are and resemble most.
  std::vector<std::size_t> similarity_columns(std::size_t rows) const {
    std::vector<std::size_t> columns(r_.classes.size());
    std::iota(columns.begin(), columns.end(), std::size_t{0});
    if (columns.size() <= most_columns) return columns;
    std::vector<std::size_t> wanted;
    for (std::size_t k = 0; k < rows; ++k) wanted.push_back(r_.similarity[k].truth);
    for (std::size_t k = 0; k < rows; ++k) wanted.push_back(nearest(r_.similarity[k].cosines));
    columns.clear();
    for (const std::size_t c : wanted)
      if (columns.size() < most_columns && std::find(columns.begin(), columns.end(), c) == columns.end()) columns.push_back(c);
    std::sort(columns.begin(), columns.end());
    return columns;
  }
  static std::size_t nearest(const std::vector<double>& cosines) {
    std::size_t best = 0;
    for (std::size_t k = 1; k < cosines.size(); ++k)
      if (cosines[k] > cosines[best] || std::isnan(cosines[best])) best = k;
    return best;
  }

  void similarity() {
    if (r_.similarity.empty()) return;
    double low = std::numeric_limits<double>::infinity(), high = -low;
    const std::size_t rows = std::min(r_.similarity.size(), most_rows);
    for (std::size_t k = 0; k < rows; ++k) {
      const report::similarity_row& row = r_.similarity[k];
      expect_class(row.truth, "a row of the similarities");
      if (row.cosines.size() != r_.classes.size())
        fail("report_html: a row of the similarities has ", row.cosines.size(), " cosines, expected ", r_.classes.size());
      for (const double cosine : row.cosines)
        if (drawable(cosine)) low = std::min(low, cosine), high = std::max(high, cosine);
    }
    if (!(low <= high)) low = high = 0;
    const std::vector<std::size_t> columns = similarity_columns(rows);
    section(
        "What images and texts have in common",
        "Cosine similarity of test images (rows) and the text of each class (columns). A row is classified as the class of its "
        "highest value.");
    html_ += "<div class=\"card scroll\">" + heat_head("image", columns);
    for (std::size_t k = 0; k < rows; ++k) {
      const report::similarity_row& row = r_.similarity[k];
      const std::size_t best = nearest(row.cosines);
      html_ += "<tr><th scope=\"row\" title=\"" + name(row.truth) + "\"><div class=\"sample\">" +
               html_image(row.picture, r_.classes[row.truth]) + "<span class=\"clamp\">" + name(row.truth) + "</span></div></th>";
      for (const std::size_t c : columns) {
        const double cosine = row.cosines[c];
        html_ += "<td class=\"" + heat_class(high > low ? (cosine - low) / (high - low) : 0.5) +
                 (c == row.truth ? " truth" : "") + (c == best ? " best" : "") + "\" title=\"" + name(row.truth) + " and " +
                 name(c) + ": " + fixed(cosine, 4) + "\">" + fixed(cosine, 2) + "</td>";
      }
      html_ += "</tr>\n";
    }
    html_ += "</tbody></table><div class=\"scale\">" + heat_ramp(fixed(low, 2), fixed(high, 2)) +
             "<span><i class=\"key\"></i>the right class</span><span><b>0.00</b> the highest of its row</span></div></div>\n";
    left_out(columns.size(), r_.classes.size(), "classes");
    left_out(rows, r_.similarity.size(), "images");
  }

  void left_out(std::size_t shown, std::size_t all, std::string_view what) {
    if (shown < all)
      html_ += "<p class=\"small\">" + std::to_string(shown) + " of " + with_commas(static_cast<std::int64_t>(all)) + " " +
               std::string(what) + " are shown.</p>\n";
  }

  static std::string certainty(double probability) {
    return probability > 0.9995 && probability < 1 ? "&gt; 99.9 %" : percent(probability);
  }

  void gallery(const std::vector<report::answer>& answers, bool right) {
    html_ += "<section class=\"answers\">\n";
    for (std::size_t k = 0; k < std::min(answers.size(), most_answers); ++k) {
      const report::answer& a = answers[k];
      expect_class(a.truth, "an answer");
      expect_class(a.predicted, "an answer");
      html_ += "<figure class=\"card\">" + html_image(a.picture, r_.classes[a.truth], 128) + "<figcaption><b class=\"" +
               (right ? "clamp right\">\u2713 " : "clamp wrong\">\u2717 ") + name(a.predicted) + "</b>" +
               certainty(a.probability) + "<span class=\"clamp truth\">is: " + name(a.truth) + "</span></figcaption></figure>\n";
    }
    html_ += "</section>\n";
  }

  void answers() {
    if (!r_.best_right.empty()) {
      section("Right, and most certain of it", "What the classifier said, its probability, and what the image is.");
      gallery(r_.best_right, true);
    }
    if (!r_.best_wrong.empty()) {
      section("Wrong, and most certain of it", "Often images that people would argue about, or labels that are wrong.");
      gallery(r_.best_wrong, false);
    }
  }

  void scores() {
    if (r_.confusion.empty()) return;
    const std::vector<class_score> scores = class_scores(r_.classes.size(), r_.confusion);
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto rank = [&](std::size_t k) { return scores[k].images > 0 ? scores[k].accuracy() : 2.0; };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
    section("Class by class", "The hardest first.");
    html_ +=
        "<div class=\"card scroll\"><table class=\"plain\"><thead><tr><th>Class</th><th class=\"number\">Images</th>"
        "<th class=\"number spare\">Correct</th><th>Accuracy</th><th class=\"rival\">Most confused "
        "with</th></tr></thead><tbody>\n";
    for (std::size_t k = 0; k < std::min(order.size(), most_scores); ++k) {
      const class_score& score = scores[order[k]];
      const double share = score.images > 0 ? score.accuracy() : 0;
      html_ +=
          "<tr><td class=\"name\">" + name(order[k]) + "</td><td class=\"number\">" + with_commas(score.images) +
          "</td><td class=\"number spare\">" + with_commas(score.correct) +
          "</td><td><div class=\"share\"><i><b style=\"width:" + fixed(100 * share, 1) + "%\"></b></i><span>" +
          percent(score.accuracy()) + "</span></div></td><td>" +
          (score.rival_images > 0 ? name(score.rival) + " (" + with_commas(score.rival_images) + ")" : std::string("\u2013")) +
          "</td></tr>\n";
    }
    html_ += "</tbody></table></div>\n";
    left_out(std::min(order.size(), most_scores), order.size(), "classes");
  }

  void confusion() {
    const std::size_t n = r_.classes.size();
    if (r_.confusion.empty()) return;
    if (n > most_confusion) return confused_pairs();
    section("Confusion", "Test images by what they are (rows) and what the classifier said (columns).");
    std::vector<std::size_t> columns(n);
    std::iota(columns.begin(), columns.end(), std::size_t{0});
    html_ += "<div class=\"card scroll\">" + heat_head("true \\ predicted", columns);
    for (std::size_t truth = 0; truth < n; ++truth) {
      const auto row = r_.confusion.begin() + static_cast<std::ptrdiff_t>(truth * n);
      const auto images = static_cast<double>(std::accumulate(row, row + static_cast<std::ptrdiff_t>(n), std::int64_t{0}));
      html_ += "<tr><th scope=\"row\" title=\"" + name(truth) + "\"><span class=\"clamp\">" + name(truth) + "</span></th>";
      for (std::size_t c = 0; c < n; ++c) {
        const std::int64_t count = r_.confusion[truth * n + c];
        const double share = images > 0 ? static_cast<double>(count) / images : 0;
        html_ += "<td class=\"" + heat_class(std::sqrt(share)) + "\" title=\"" + name(truth) + " as " + name(c) + ": " +
                 with_commas(count) + ", " + percent(share) + "\">" + (count > 0 ? with_commas(count) : std::string("\u00b7")) +
                 "</td>";
      }
      html_ += "</tr>\n";
    }
    html_ += "</tbody></table><div class=\"scale\">" + heat_ramp("0 %", "100 % of the row") +
             "<span>(square root scale, so that few errors show)</span></div></div>\n";
  }

  /// What remains readable of a matrix with thousands of cells.
  void confused_pairs() {
    const std::size_t n = r_.classes.size(), most = 50;
    std::vector<std::size_t> pairs;
    for (std::size_t k = 0; k < n * n; ++k)
      if (k / n != k % n && r_.confusion[k] > 0) pairs.push_back(k);
    const auto middle = pairs.begin() + static_cast<std::ptrdiff_t>(std::min(most, pairs.size()));
    std::partial_sort(pairs.begin(), middle, pairs.end(), [&](std::size_t a, std::size_t b) {
      return r_.confusion[a] != r_.confusion[b] ? r_.confusion[a] > r_.confusion[b] : a < b;
    });
    pairs.erase(middle, pairs.end());
    section("Confusion", "The most frequent errors.");
    html_ +=
        "<div class=\"card scroll\"><table class=\"plain\"><thead><tr><th>Is</th><th>Said</th><th class=\"number\">Images</th>"
        "</tr></thead><tbody>\n";
    for (const std::size_t k : pairs)
      html_ += "<tr><td class=\"name\">" + name(k / n) + "</td><td class=\"name\">" + name(k % n) + "</td><td class=\"number\">" +
               with_commas(r_.confusion[k]) + "</td></tr>\n";
    html_ += "</tbody></table></div>\n";
  }

  void objective() {
    if (r_.objective.empty() && r_.objective_reason.empty()) return;
    section("Objective", "");
    html_ += "<div class=\"card\">";
    if (!r_.objective.empty()) html_ += "<p class=\"objective\">" + escape_html(r_.objective) + "</p>";
    for (std::size_t start = 0; start < r_.objective_reason.size();) {
      const std::size_t end = std::min(r_.objective_reason.find("\n\n", start), r_.objective_reason.size());
      if (end > start) html_ += "<p>" + escape_html(r_.objective_reason.substr(start, end - start)) + "</p>";
      start = end + 2;
    }
    html_ += "</div>\n";
  }

  void configuration() {
    if (r_.configuration.empty()) return;
    section("Configuration", "");
    html_ += "<div class=\"card\"><dl class=\"facts\">\n";
    for (const auto& [key, value] : r_.configuration)
      html_ += "<div><dt>" + escape_html(key) + "</dt><dd>" + escape_html(value) + "</dd></div>\n";
    html_ += "</dl></div>\n";
  }

  void next() {
    if (r_.next.empty()) return;
    section("Try it", "");
    html_ += "<div class=\"card\">";
    for (const report::command& command : r_.next)
      html_ += "<h3>" + escape_html(command.purpose) + "</h3><pre>" + escape_html(command.line) + "</pre>\n";
    html_ += "</div>\n";
  }

  void notes() {
    if (r_.notes.empty()) return;
    section("Notes", "");
    html_ += "<ul>\n";
    for (const std::string& note : r_.notes) html_ += "<li>" + escape_html(note) + "</li>\n";
    html_ += "</ul>\n";
  }

  const report& r_;
  std::string html_;
};

}  // namespace detail

/// One HTML file without scripts, fonts, or links to anything else: light and dark as the reader's system is, for screens from a
/// phone's on. All texts are escaped.
/// values: thumbnails are shrunk to 96 or 128 pixels and stored as PNG; long series are drawn as means with a band
/// cost:   limits keep a file below 10 MB: 40 rows and 40 columns of similarities, 24 answers of each kind, 64 classes as a
///         confusion matrix (above that the 50 most frequent errors), 1,000 classes as a table
/// errors: a class index without a class; cosines, prompts or a confusion matrix that do not fit the classes; an image whose bytes
///         do not fit its size
inline std::string report_html(const report& r) { return detail::report_page(r).html(); }

}  // namespace akin::inline v0
