// SPDX-License-Identifier: Apache-2.0
// Cleaning does what ftfy, html.unescape, str.split and str.lower do together; the expected texts are theirs.
#include <akin/support/random.hpp>
#include <akin/text/clean.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace {

std::string utf8(std::u32string_view codes) { return akin::detail::unicode::encode_utf8(codes); }
std::u32string nfc(std::u32string_view codes) { return akin::detail::unicode::nfc(codes); }

// Cleans code points, and expects the same where plain ASCII stands before them.
void check_cleaned(std::u32string_view text, std::u32string_view expected) {
  INFO("text: ", utf8(text));
  CHECK(akin::clean_text(utf8(text)).text == utf8(expected));
  CHECK(akin::clean_text("Some words: " + utf8(text)).text == "some words: " + utf8(expected));
}

}  // namespace

TEST_CASE("white space is one space, letters are small") {
  check_cleaned(U"A\tPhoto \r\n\f OF  ", U"a photo of");
  check_cleaned(U"b\x1c\u00a0c\u3000d\u2028e\u1680f", U"b c d e f");
  check_cleaned(U"Cafe\u0301 CAF\u00c9 \u0416", U"caf\u00e9 caf\u00e9 \u0436");
  check_cleaned(U"\u0130I \U00010400", U"i\u0307i \U00010428");
  check_cleaned(U"\u039f\u0394\u039f\u03a3 \u03a3 \u03a3\u0391 A\u03a3. A\u03a3\u0301\u0391",
                U"\u03bf\u03b4\u03bf\u03c2 \u03c3 \u03c3\u03b1 a\u03c2. a\u03c3\u0301\u03b1");
  CHECK(akin::clean_text("").text.empty());
  CHECK(akin::clean_text(" \n ").text.empty());
}

TEST_CASE("HTML references are resolved, however often they were made") {
  check_cleaned(U"a &amp;amp;amp; b &copy &notit; &#128; &#x1F600; &#55357;", U"a & b \u00a9 \u00acit; \u20ac \U0001f600 \ufffd");
  check_cleaned(U"&EACUTE; &#59; &#12a; &AMP; salt & pepper &", U"\u00e9 ; a; & salt & pepper &");
  check_cleaned(U"&amp;#146;", U"'");
  check_cleaned(U"\uff06lt\uff1b", U"<");
  // After a '<' a line is HTML to ftfy, so that only html.unescape resolves references, twice, and quotes stay curly.
  check_cleaned(U"x\n<i>\n&amp;#146; &EACUTE; &amp;amp;lt;", U"x <i> \u2019 &eacute; &lt;");
  check_cleaned(U"&#x; &# &; &#99999999999999999999999; &#1;.", U"&#x; &# &; \ufffd .");
}

TEST_CASE("quotes, widths, ligatures, controls and escapes are those of plain text") {
  check_cleaned(U"\u201chi\u201d \u2018ok\u2019 \uff26\uff35\uff2c\uff2c \uff76\uff9e \ufb03 \u0149",
                U"\"hi\" 'ok' full \u30ac ffi 'n");
  check_cleaned(U"\x1b[31;1mred\x1b[0m \x1b[ x y\x7f v\vw e\ufeff\u0301", U"red [ x y vw \u00e9");
  check_cleaned(
      U"\x91"
      U"a\x92 \x85 \x81",
      U"'a' \u2026 \x81");
}

TEST_CASE("bytes that are no UTF-8 become U+FFFD and are counted") {
  const auto cleaned = akin::clean_text("na\xffme \xf0\x9f\x98 \xc3\xa9");
  CHECK(cleaned.text == "na\ufffdme \ufffd \u00e9");
  CHECK(cleaned.replaced == 2);
  CHECK(akin::clean_text("\u00e9").replaced == 0);
}

TEST_CASE("references are resolved until none is left, in one pass") {
  namespace unicode = akin::detail::unicode;
  const auto one_pass = [](std::u32string_view text) {  // what is replaced is not read again
    std::u32string result;
    while (!text.empty()) {
      const auto reference = text.front() == '&' ? unicode::strict_reference(text.substr(1)) : std::nullopt;
      result += reference ? reference->meaning : std::u32string{text.front()};
      text.remove_prefix(1 + (reference ? reference->size : 0));
    }
    return result;
  };
  akin::random_stream random{1, 0};
  constexpr std::u32string_view parts[]{U"&", U"amp;", U"#", U"5", U"1", U"3", U"4", U"9", U";", U"lt", U"&#5", U"&#x26;", U"AMP",
                                           U"semi;", U"&semi", U"&lt"};
  std::size_t changed = 0;
  for (int attempt = 0; attempt < 20'000; ++attempt) {
    std::u32string text;
    for (std::int64_t k = random.below(24); k >= 0; --k) text += parts[static_cast<std::size_t>(random.below(std::size(parts)))];
    std::u32string expected = text;
    for (std::u32string next = one_pass(text); next != expected; next = one_pass(expected)) expected = next;
    changed += expected != text;
    REQUIRE(unicode::without_strict_references(text) == expected);
  }
  CHECK(changed > 5'000);
}

TEST_CASE("a megabyte of references in references is cleaned at once") {
  std::string text = "&";
  while (text.size() < 1'000'000) text += "amp;";
  CHECK(akin::clean_text(text).text == "&");
  std::string semicolons;  // in one line, of which fix_text reads a million characters at once
  while (semicolons.size() < 990'000) semicolons += "&semi";
  CHECK(akin::clean_text(semicolons + ';').text == ";");
  CHECK(akin::clean_text("a &lt&semi;").text == "a <");
  // '1' makes '3', that '5', that '7', that '9', and that '1' again.
  constexpr int depth = 250'000;
  std::string nested;
  for (int k = depth; k > 0; --k) nested += k % 5 == 0 ? "&#4" : "&#5";
  CHECK(akin::clean_text(nested + '1' + std::string(depth, ';')).text == "1");
}

TEST_CASE("Normalization Form C composes, reorders and leaves excluded pairs apart") {
  // From NormalizationTest.txt of Unicode 15.
  const std::vector<std::pair<std::u32string, std::u32string>> lines{{U"\u1e0a\u0323", U"\u1e0c\u0307"},
                                                                     {U"D\u0307\u0323", U"\u1e0c\u0307"},
                                                                     {U"\u1100\u1161\u11a8", U"\uac01"},
                                                                     {U"\uac00\u11a8", U"\uac01"},
                                                                     {U"\uac00\u11a7", U"\uac00\u11a7"},
                                                                     {U"\u0958", U"\u0915\u093c"},
                                                                     {U"\u212b", U"\u00c5"},
                                                                     {U"\u2126", U"\u03a9"},
                                                                     {U"\u1e9b\u0323", U"\u1e9b\u0323"},
                                                                     {U"a\u0315\u0300\u05ae\u0344b",
                                                                      U"\u00e0\u05ae\u0308\u0301\u0315"
                                                                      U"b"},
                                                                     {U"\U0002f803", U"\U00020122"},
                                                                     {U"\u0344", U"\u0308\u0301"},
                                                                     {U"a\u0301\u0301", U"\u00e1\u0301"},
                                                                     {U"\u09c7\u09be", U"\u09cb"},
                                                                     {U"\u0301e\u0301", U"\u0301\u00e9"}};
  for (const auto& [text, expected] : lines) {
    CHECK(nfc(text) == expected);
    CHECK(nfc(expected) == expected);
    CHECK(nfc(U"3" + text + U"4") == U"3" + expected + U"4");
  }
}
