// SPDX-License-Identifier: Apache-2.0
// Contents that differ a little have different fingerprints, and a fingerprint stays what it was.
#include <akin/support/fingerprint.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <set>
#include <string>

TEST_CASE("every flipped bit, every length and every order of words shows") {
  std::string text(75, '\0');
  std::set<std::uint64_t> seen{akin::fingerprint(bytes_of(text))};
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::string other = text;
    other[bit / 8] = static_cast<char>(1 << bit % 8);
    seen.insert(akin::fingerprint(bytes_of(other)));
  }
  for (std::size_t length = 0; length < text.size(); ++length) seen.insert(akin::fingerprint(bytes_of(text.substr(0, length))));
  CHECK(seen.size() == 1 + 8 * 75 + 75);
  const std::string a = "12345678abcdefgh12345678ABCDEFGH", b = "abcdefgh1234567812345678ABCDEFGH";
  CHECK(akin::fingerprint(bytes_of(a)) != akin::fingerprint(bytes_of(b)));
}

TEST_CASE("as text it has 16 digits, the same in every version") {
  CHECK(akin::fingerprint_text(bytes_of("")).size() == 16);
  CHECK(akin::fingerprint_text(bytes_of("a photo of a cat")) == akin::fingerprint_text(bytes_of("a photo of a cat")));
}
