// SPDX-License-Identifier: Apache-2.0
// The 16-bit floats: every one survives the way there and back, and floats between two of them go to the nearer, ties to even.
#include <akin/io/dtype.hpp>
#include <akin/io/tensor_entry.hpp>
#include <akin/support/random.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace {

// Neighbours by their bits; the larger half of a step decides, and an even last bit where they are equal.
template <class To, class From>
void rounds_to_nearest(To to, From from, std::uint16_t infinity) {
  for (std::uint32_t bits = 0; bits < infinity; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits), high = static_cast<std::uint16_t>(bits + 1);
    const double a = from(low), middle = high == infinity
                                             ? a + (a - static_cast<double>(from(static_cast<std::uint16_t>(low - 1)))) / 2
                                             : (a + static_cast<double>(from(high))) / 2;
    const auto tie = static_cast<float>(middle);
    REQUIRE(to(from(low)) == low);
    REQUIRE(to(-from(low)) == (low | 0x8000u));
    REQUIRE(to(tie) == (low % 2 == 0 ? low : high));
    REQUIRE(to(std::nextafter(tie, 0.f)) == low);
    REQUIRE(to(std::nextafter(tie, std::numeric_limits<float>::infinity())) == high);
  }
  CHECK(to(std::numeric_limits<float>::infinity()) == infinity);
  CHECK(to(-std::numeric_limits<float>::infinity()) == (infinity | 0x8000u));
  for (const std::uint32_t nan : {0x7f800001u, 0x7fc00000u, 0xff800001u, 0x7fffffffu})
    CHECK(std::isnan(from(to(std::bit_cast<float>(nan)))));
}

}  // namespace

TEST_CASE("F16 and BF16 take the nearest number, ties to even") {
  rounds_to_nearest(akin::f16_from_float, akin::float_from_f16, 0x7c00);
  rounds_to_nearest(akin::bf16_from_float, akin::float_from_bf16, 0x7f80);
}

TEST_CASE("entries convert between the types of weights") {
  const std::vector<float> values{1, -0.333333333f, 65504, 1e-8f};
  std::vector<std::byte> storage, back;
  akin::tensor_entry entry = akin::make_entry<float>("w", {2, 2}, values);
  akin::convert_entry(entry, akin::dtype::f32, storage, "f");
  CHECK(storage.empty());  // nothing to do, nothing copied
  akin::convert_entry(entry, akin::dtype::f16, storage, "f");
  CHECK(entry.type == akin::dtype::f16);
  CHECK(entry.bytes.size() == 8);
  akin::convert_entry(entry, akin::dtype::f32, back, "f");
  std::vector<float> read(4);
  akin::read_entry<float>(entry, read, "f");
  CHECK(read[0] == 1);
  CHECK(read[1] == doctest::Approx(-0.33333).epsilon(5e-4));
  CHECK(read[2] == 65504);
  CHECK(read[3] == 0);

  const std::vector<float> large{1, 1e6f};
  entry = akin::make_entry<float>("w", {2}, large);
  CHECK(sentence_of([&] { akin::convert_entry(entry, akin::dtype::f16, storage, "f"); }) ==
        "'f', tensor 'w': the number 1e+06 at index 1 is too large for F16");
  CHECK(contains(sentence_of([&] { akin::convert_entry(entry, akin::dtype::i64, storage, "f"); }),
                 "weights are F32, F16 or BF16, not I64"));
  akin::convert_entry(entry, akin::dtype::bf16, storage, "f");
  CHECK(entry.bytes.size() == 4);
}
