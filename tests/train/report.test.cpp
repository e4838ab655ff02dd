// SPDX-License-Identifier: Apache-2.0
// The report is one well-formed page whatever it is given, and needs nothing but itself.
#include <akin/train/report.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_literals;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Why `html` is not well-formed: every tag is closed in order, every attribute is quoted, every & starts an entity. Empty: it
/// is.
std::string first_mistake(std::string_view html) {
  std::vector<std::string> open;
  if (html.substr(0, 16) != "<!DOCTYPE html>\n") return "no DOCTYPE";
  for (std::size_t k = 16; k < html.size(); ++k) {
    const std::string place = " at " + std::string(html.substr(k, 40));
    if (html[k] == '>') return "a stray >" + place;
    if (html[k] == '&' && html.substr(k, 9).find(';') == std::string_view::npos) return "a stray &" + place;
    if (html[k] != '<') {
      if (html[k] == '{' && !open.empty() && open.back() == "style") {  // style sheets have > of their own
        k = html.find("</style>", k) - 1;
      }
      continue;
    }
    std::size_t end = k + 1;
    for (bool quoted = false; end < html.size() && (quoted || html[end] != '>'); ++end) {
      if (html[end] == '"') quoted = !quoted;
      if (html[end] == '<') return "a < inside a tag" + place;
      if (html[end] == '\'') return "a single quote inside a tag" + place;
    }
    if (end >= html.size()) return "a tag without end" + place;
    const std::string_view tag = html.substr(k + 1, end - k - 1);
    const std::string name(tag.substr(0, tag.find_first_of(" /", 1)));
    if (tag[0] == '/') {
      if (open.empty() || "/" + open.back() != tag) return "closes " + (open.empty() ? "nothing" : open.back()) + place;
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
    k = end;
  }
  return open.empty() ? "" : "never closed: " + open.back();
}

void check_page(const std::string& html) {
  CHECK(first_mistake(html) == "");
  for (const char* outside : {"http", "<script", "<link", "@import", "url(", "<iframe"})
    CHECK_MESSAGE(!contains(html, outside), outside);
}

akin::image gray(std::int64_t width, std::int64_t height, int channels = 1) {
  akin::image result{width, height, channels, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * channels))};
  for (std::size_t k = 0; k < result.pixels.size(); ++k) result.pixels[k] = static_cast<std::uint8_t>(k * 7);
  return result;
}

akin::report sample(std::size_t classes) {
  akin::report r;
  r.title = "A run";
  r.top1 = 0.9137;
  r.top5 = 0.99;
  r.figures = {{"12 of 34", "found"}};
  r.measure = "Share found";
  r.training_seconds = 75;
  r.images_seen = 60000;
  for (int k = 0; k < 1000; ++k) {
    r.loss.push_back({static_cast<double>(k), 1.0 / (k + 1)});
    r.temperature.push_back({static_cast<double>(k), 0.07});
  }
  r.accuracy = {{10, 0.5}, {20, 0.75}};
  for (std::size_t k = 0; k < classes; ++k) r.classes.push_back("class " + std::to_string(k));
  r.similarity.push_back({gray(28, 28), classes - 1, std::vector<double>(classes, 0.25)});
  r.confusion.assign(classes * classes, 1);
  r.best_right.push_back({gray(3, 2, 3), 0, 0, 0.99999});
  r.best_wrong.push_back({gray(500, 250), 0, 1 % classes, 0.75});
  r.objective = "softmax";
  r.objective_reason = "One.\n\nTwo.";
  r.configuration = {{"batch", "256"}};
  r.next = {{"Go on", "run --now"}};
  r.notes = {"A note."};
  return r;
}

}  // namespace

TEST_CASE("the check of pages finds what is wrong with one") {
  const std::string start = "<!DOCTYPE html>\n";
  CHECK(first_mistake(start + "<p class=\"a\">1 &lt; 2<br/></p>") == "");
  for (const char* wrong :
       {"<p>", "</p>", "<p><b></p></b>", "a > b", "a & b", "<p class=\"a>", "<p title='a'></p>", "<p <b></b></p>"})
    CHECK_MESSAGE(first_mistake(start + wrong) != "", wrong);
}

TEST_CASE("a full report is well-formed and says what it was given") {
  const std::string html = akin::report_html(sample(3));
  check_page(html);
  for (const char* text :
       {"<title>A run</title>", "91.37 %", "60,000", "1:15 min", "&gt; 99.9 %", "75.0 %", "<p>One.</p><p>Two.</p>", "run --now",
        "A note.", "<b>12 of 34</b><span>found</span>", "Share found", "class=\"h12 truth\"", "class 2 and class 2: 0.2500", "class 0 as class 1: 1, 33.3 %"})
    CHECK_MESSAGE(contains(html, text), text);
}

TEST_CASE("an empty report is a page, and so is one with each part alone") {
  check_page(akin::report_html({}));
  const akin::report full = sample(2);
  for (int part = 0; part < 9; ++part) {
    akin::report r;
    r.classes = full.classes;
    if (part == 0) r.loss = full.loss;
    if (part == 1) r.accuracy = {{5, 0.5}};
    if (part == 2) r.similarity = full.similarity;
    if (part == 3) r.confusion = full.confusion;
    if (part == 4) r.best_right = {{{}, 0, 0, not_a_number}};
    if (part == 5) r.objective_reason = "\n\n\n\nwhy\n\n";
    if (part == 6) r.similarity = {{{}, 0, {not_a_number, not_a_number}}, {{}, 1, {0, -infinity}}};
    if (part == 7) r.confusion = {0, 0, 0, 0};
    if (part == 8) r.images_seen = 1;
    check_page(akin::report_html(r));
  }
}

TEST_CASE("hostile texts stay texts") {
  CHECK(akin::escape_html("<a href=\"x\" b='y'>&amp;") == "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;");
  CHECK(akin::escape_html("caf\u00e9 \U0001f600\n\t") == "caf\u00e9 \U0001f600\n\t");
  CHECK(akin::escape_html("\x01\x7f\xff"s) == "\uFFFD\uFFFD\uFFFD");
  CHECK(akin::escape_html("\xc0\xaf"s) == "\uFFFD\uFFFD");            // an overlong slash
  CHECK(akin::escape_html("\xed\xa0\x80"s) == "\uFFFD\uFFFD\uFFFD");  // half a surrogate pair
  CHECK(akin::escape_html("\xe2\x82"s) == "\uFFFD\uFFFD");            // cut
  CHECK(akin::escape_html("\0"s) == "\uFFFD");

  const std::string hostile = "</td></style></title><script>alert('1')</script>\" onload=\"x() &copy; \xff\x01";
  akin::report r = sample(3);
  r.title = r.summary = r.objective = r.objective_reason = hostile;
  r.classes = {hostile, hostile, hostile};
  r.prompts = r.classes;
  r.configuration = {{hostile, hostile}};
  r.next = {{hostile, hostile}};
  r.notes = {hostile};
  const std::string html = akin::report_html(r);
  check_page(html);
  CHECK(!contains(html, "alert('1')"));
  CHECK(!contains(html, "\" onload"));
  CHECK(!contains(html, "&copy;"));
  r.classes.assign(100, hostile);
  r.prompts.clear();
  r.similarity.clear();
  r.confusion.assign(10'000, 1);
  check_page(akin::report_html(r));
}

TEST_CASE("series with NaN, infinities, huge values, one value, no order") {
  for (const std::vector<akin::series_point>& points :
       std::vector<std::vector<akin::series_point>>{{{0, not_a_number}},
                                                    {{not_a_number, 1}},
                                                    {{not_a_number, not_a_number}, {infinity, -infinity}},
                                                    {{0, 1}, {1, not_a_number}, {2, 1}, {3, infinity}, {4, 2}},
                                                    {{0, 1e300}, {1, -1e300}, {2, 0}},
                                                    {{0, 1e99}, {1, -1e99}},
                                                    {{1e16, 1e16}, {1e16 + 2, 1e16 + 2}},
                                                    {{5, 0}},
                                                    {{-3, -1e-300}},
                                                    {{3, 1}, {1, 2}, {2, 1}},
                                                    {{1, 1}, {1, 1}, {1, 1}}}) {
    akin::report r;
    r.loss = r.accuracy = r.temperature = r.learning_rate = points;
    const std::string html = akin::report_html(r);
    check_page(html);
    for (const char* spoiled : {"=\"nan", "=\"inf", "=\"-inf", ",nan", ",inf", ",-inf", "Mnan", "Minf", " nan,", " inf,"})
      CHECK_MESSAGE(!contains(html, spoiled), spoiled);
  }
  akin::report r;
  r.loss = {{0, 1}, {7, not_a_number}, {8, not_a_number}, {9, 1}};
  CHECK(contains(akin::report_html(r), "2 values are not finite, the first at step 7."));
}

TEST_CASE("ticks are round, in order, and inside") {
  using akin::detail::round_ticks;
  CHECK(round_ticks(0, 10, 5, false).at == std::vector<double>{0, 2, 4, 6, 8, 10});
  CHECK(round_ticks(0, 2340, 5, true).at == std::vector<double>{0, 500, 1000, 1500, 2000});
  CHECK(round_ticks(0, 3, 5, true).at == std::vector<double>{0, 1, 2, 3});
  for (const double low : {-1e9, -3.0, 0.0, 1e-7, 12345.0})
    for (const double length : {1e-9, 0.3, 1.0, 7.0, 1e12}) {
      const akin::detail::ticks t = round_ticks(low, low + length, 5, false);
      CHECK(t.at.size() >= 2);
      CHECK(t.at.size() <= 13);
      CHECK(std::is_sorted(t.at.begin(), t.at.end()));
      CHECK(t.at.front() >= t.low - 1e-5 * t.step);
      CHECK(t.at.back() <= t.high + 1e-5 * t.step);
    }
  CHECK(akin::detail::tick_text(0.30000000000000004, 0.1) == "0.3");
  CHECK(akin::detail::tick_text(1500, 500) == "1,500");
  CHECK(akin::detail::tick_text(3e-7, 1e-7) == "3e-7");
  CHECK(akin::detail::tick_text(2.6e-7, 2e-8) == "2.6e-7");
  CHECK(akin::detail::tick_text(1.000003, 1e-6) == "1.000003");
  CHECK(akin::detail::tick_text(1.5e7, 5e6) == "1.5e7");
}

TEST_CASE("the size is bounded") {
  akin::report r = sample(2);
  r.loss.assign(1'000'000, {1, 1});
  for (std::size_t k = 0; k < r.loss.size(); ++k) r.loss[k] = {static_cast<double>(k), std::sin(static_cast<double>(k))};
  r.temperature = r.learning_rate = r.accuracy = r.loss;
  CHECK(akin::report_html(r).size() < 400'000);
  akin::report many = sample(1000);
  many.best_right.assign(1000, {gray(224, 224, 3), 0, 0, 0.5});
  many.best_wrong.assign(1000, {gray(224, 224, 3), 0, 1, 0.5});
  many.similarity.assign(1000, {gray(224, 224, 3), 999, std::vector<double>(1000, 0.5)});
  const std::string html = akin::report_html(many);
  check_page(html);
  CHECK(html.size() < 10'000'000);
  CHECK(contains(html, "40 of 1,000 images are shown."));
}

TEST_CASE("images are stored as PNG") {
  CHECK(akin::base64("") == "");
  CHECK(akin::base64("f") == "Zg==");
  CHECK(akin::base64("fo") == "Zm8=");
  CHECK(akin::base64("foobar") == "Zm9vYmFy");
  // 1 x 1, value 128; the checksums were confirmed with libpng.
  CHECK(akin::base64(akin::encode_png({1, 1, 1, {128}})) ==
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAADUlEQVR4AQECAP3/AIAAggCBw24l4AAAAABJRU5ErkJggg==");
  const std::string large = akin::encode_png(gray(300, 300));  // two stored blocks
  CHECK(large.size() > 300 * 301);
  CHECK(large.size() < 300 * 301 + 100);
  CHECK(contains(sentence_of([] { akin::encode_png({2, 2, 1, {1, 2, 3}}); }), "3 bytes are no image of 2 x 2 pixels"));
  CHECK(!sentence_of([] { akin::encode_png({}); }).empty());
}

TEST_CASE("what does not fit is refused with one sentence") {
  akin::report r = sample(2);
  r.best_wrong[0].predicted = 2;
  CHECK(sentence_of([&] { akin::report_html(r); }) == "report_html: an answer names class 2, but there are 2 classes");
  r = sample(2);
  r.similarity[0].cosines.push_back(1);
  CHECK(contains(sentence_of([&] { akin::report_html(r); }), "has 3 cosines, expected 2"));
  r = sample(2);
  r.confusion.pop_back();
  CHECK(contains(sentence_of([&] { akin::report_html(r); }), "expected 2 x 2"));
  r = sample(2);
  r.prompts = {"one"};
  CHECK(contains(sentence_of([&] { akin::report_html(r); }), "1 prompts"));
}

TEST_CASE("the ink of the heat map can be read on every colour") {
  const std::string css =
      akin::detail::heat_rules(akin::detail::heat_on_light) + akin::detail::heat_rules(akin::detail::heat_on_dark);
  const auto luminance = [](const std::string& hex) {
    double sum = 0;
    const double weights[3] = {0.2126, 0.7152, 0.0722};
    for (std::size_t c = 0; c < 3; ++c) {
      const double share = std::stoi(hex.substr(2 * c, 2), nullptr, 16) / 255.0;
      sum += weights[c] * (share <= 0.03928 ? share / 12.92 : std::pow((share + 0.055) / 1.055, 2.4));
    }
    return sum + 0.05;
  };
  std::size_t rules = 0;
  for (std::size_t at = css.find("background:#"); at != std::string::npos; at = css.find("background:#", at + 1), ++rules) {
    const double a = luminance(css.substr(at + 12, 6)), b = luminance(css.substr(css.find("color:#", at + 12) + 7, 6));
    CHECK(std::max(a, b) / std::min(a, b) > 4.0);
  }
  CHECK(rules == 2 * akin::detail::heat_levels);
}
