// SPDX-License-Identifier: Apache-2.0
// Safetensors files are written byte for byte like the reference's, and anything that is not exactly such a file is refused.
#include <akin/io/safetensors.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::string_literals;

std::string with_length(std::uint64_t length, std::string_view rest) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes.append(rest);
}

std::string framed(std::string_view header, std::size_t data = 0) {
  return with_length(header.size(), std::string(header) + std::string(data, '\x01'));
}

/// The sentence for a file with these bytes; empty when it is accepted.
std::string verdict(const temporary_folder& folder, std::string_view bytes) {
  const std::string path = folder.put("x", bytes);
  return sentence_of([&] { akin::safetensors_file file(path); });
}

template <class T>
akin::tensor_entry entry(std::string name, std::vector<std::int64_t> shape, const std::vector<T>& values) {
  return akin::make_entry(std::move(name), std::move(shape), std::span<const T>(values));
}

}  // namespace

TEST_CASE("tensors come back as they were written") {
  const temporary_folder folder;
  const std::vector<float> matrix{1, 2, 3, 4, 5, 6}, scalar{7};
  const std::vector<std::int64_t> whole{-1, 1LL << 40};
  const std::vector<std::uint8_t> odd{1, 2, 3};
  const std::string strange = "\xc3\xa9\"\\\n\x01\x7f/\xf0\x9f\x98\x80";
  const std::vector<akin::tensor_to_write> tensors{entry("matrix", {2, 3}, matrix), entry("a.odd", {3}, odd),
                                                   entry("scalar", {}, scalar), entry("whole", {2}, whole),
                                                   entry<float>(strange, {0, 5}, {})};
  akin::write_safetensors(folder / "x", tensors, {{"step", "12"}, {strange, strange}});

  akin::safetensors_file opened(folder / "x");
  const akin::safetensors_file file(std::move(opened));
  CHECK(file.metadata().size() == 2);
  CHECK(file.metadata().at(strange) == strange);
  CHECK(file.tensors().size() == 5);
  CHECK(file.find("nothing") == nullptr);
  REQUIRE(file.find("matrix") != nullptr);
  CHECK(file.find("matrix")->shape == std::vector<std::int64_t>{2, 3});
  CHECK(file.find(strange)->bytes.empty());
  CHECK(file.read<float>("matrix") == matrix);
  CHECK(file.read<float>("scalar") == scalar);
  CHECK(file.find("scalar")->shape.empty());
  CHECK(file.read<std::int64_t>("whole") == whole);
  CHECK(file.read<std::int32_t>("a.odd") == std::vector<std::int32_t>{1, 2, 3});

  akin::write_safetensors(folder / "y", file.tensors(), file.metadata());
  CHECK(akin::read_file(folder / "y") == akin::read_file(folder / "x"));
}

TEST_CASE("the bytes are the reference implementation's") {
  // safetensors 0.8.0: save({"b": np.arange(3, dtype="f4"), "a": np.array(5, "u1"), "c": np.array([1], "i8")}, {"k": "v"})
  const temporary_folder folder;
  const std::vector<float> b{0, 1, 2};
  const std::vector<std::uint8_t> a{5};
  const std::vector<std::int64_t> c{1};
  const std::vector<akin::tensor_to_write> tensors{entry("b", {3}, b), entry("a", {}, a), entry("c", {1}, c)};
  akin::write_safetensors(folder / "x", tensors, {{"k", "v"}});
  std::string header =
      R"({"__metadata__":{"k":"v"},"c":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
      R"("b":{"dtype":"F32","shape":[3],"data_offsets":[8,20]},"a":{"dtype":"U8","shape":[],"data_offsets":[20,21]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::string data = "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\x80\x3f\0\0\0\x40\5"s;
  CHECK(akin::read_file(folder / "x") == with_length(header.size(), header + data));
  akin::write_safetensors(folder / "empty", {});
  CHECK(akin::read_file(folder / "empty") == with_length(8, "{}      "));
}

TEST_CASE("legal and unusual files are read") {
  const temporary_folder folder;
  CHECK(verdict(folder, framed("{}")) == "");
  CHECK(verdict(folder, framed("{ } \n")) == "");
  CHECK(verdict(folder, framed(R"({"__metadata__":{}})")) == "");
  CHECK(verdict(folder, framed(R"({"a":{"data_offsets":[0,4],"shape":[],"dtype":"F32"}})", 4)) == "");
  CHECK(verdict(folder, framed(R"({"a":{"dtype":"F32","shape":[0,9000000000000000000],"data_offsets":[0,0]}})")) == "");
  CHECK(verdict(folder, framed(R"({"a":{"dtype":"F4","shape":[3,2],"data_offsets":[0,3]}})", 3)) == "");
  // In any order, and with empty tensors between others.
  CHECK(verdict(
            folder,
            framed(R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},"z":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},)"
                   R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                   3)) == "");
  const std::string escaped =
      folder.put("x", framed(R"({"\u00e9\ud83d\ude00\/\"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1));
  CHECK(akin::safetensors_file(escaped).find("\xc3\xa9\xf0\x9f\x98\x80/\"") != nullptr);
}

TEST_CASE("abused files are refused with one sentence that says why") {
  const temporary_folder folder;
  const auto tensor = [](std::string_view members) { return R"({"a":{)" + std::string(members) + "}}"; };
  const auto offsets = [](std::string_view range) {
    return R"({"a":{"dtype":"U8","shape":[2],"data_offsets":)" + std::string(range) + "}}";
  };
  const auto shape = [](std::string_view extents) {
    return R"({"a":{"dtype":"F32","shape":)" + std::string(extents) + R"(,"data_offsets":[0,4]}})";
  };
  const std::string good = R"("dtype":"U8","shape":[2],"data_offsets":[0,2])";
  const std::string a = R"("a":{)" + good + "}";
  struct abuse {
    std::string bytes;
    std::string_view reason;
  };
  const std::vector<abuse> abuses{
      // the frame
      {"", "has 0 bytes"},
      {"1234567", "has 7 bytes"},
      {with_length(100'000'001, "{}"), "expected at most 100000000"},
      {with_length(~std::uint64_t{0}, "{}"), "expected at most 100000000"},
      {with_length(3, "{}"), "only 2 bytes follow"},
      {framed(""), "does not begin with '{'"},
      {framed(" {}"), "does not begin with '{'"},
      {framed("[]"), "does not begin with '{'"},
      // JSON
      {framed("{"), "the text's end"},
      {framed("{}}"), "after the end"},
      {framed("{},"), "after the end"},
      {framed("{}\0"s), "after the end"},
      {framed("{" + a + ",}", 2), "after a comma"},
      {framed("{" + a + a + "}", 2), "expected ',' or '}'"},
      {framed("{\"a"), "inside a string"},
      {framed("{\"a\n\":1}"), "control byte"},
      {framed("{\"a\\"), "backslash"},
      {framed("{\"\\x\":1}"), "backslash"},
      {framed("{\"\\u12g4\":1}"), "hexadecimal"},
      {framed("{\"\\ud800\":1}"), "surrogate"},
      {framed("{\"\\ud800\\u0041\":1}"), "surrogate"},
      {framed("{\"\\udc00\":1}"), "surrogate"},
      {framed("{\"\xff\":1}"), "UTF-8"},
      {framed("{\"\xc0\xaf\":1}"), "UTF-8"},
      {framed("{\"\xed\xa0\x80\":1}"), "UTF-8"},
      {framed("{\"\xf4\x90\x80\x80\":1}"), "UTF-8"},
      {framed("{\"\xe2\x82\":1}"), "UTF-8"},
      {framed(std::string(100'000, '{')), "expected '\"'"},
      {framed("{\"a\":" + std::string(100'000, '[')), "expected '{'"},
      {framed("{'a':1}"), "expected '\"'"},
      {framed("{\"a\":null}"), "expected '{'"},
      // metadata
      {framed(R"({"__metadata__":{"a":1}})"), "expected '\"'"},
      {framed(R"({"__metadata__":{"a":{}}})"), "expected '\"'"},
      {framed(R"({"__metadata__":null})"), "expected '{'"},
      {framed(R"({"__metadata__":{"a":"1","a":"1"}})"), "appears twice"},
      {framed(R"({"__metadata__":{},"__metadata__":{}})"), "appears twice"},
      // members
      {framed("{" + a + "," + a + "}", 2), "data_offsets begin at 0, expected 2"},
      {framed(
           R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})"),
       "appears twice"},
      {framed(tensor(good + R"(,"dtype":"U8")"), 2), "two members 'dtype'"},
      {framed(tensor(good + R"(,"shape":[2])"), 2), "two members 'shape'"},
      {framed(tensor(good + R"(,"data_offsets":[0,2])"), 2), "two members 'data_offsets'"},
      {framed(tensor(good + R"(,"strides":[1])"), 2), "unknown member 'strides'"},
      {framed(tensor("")), "lacks 'dtype'"},
      {framed(tensor(R"("dtype":"U8","data_offsets":[0,2])"), 2), "lacks 'shape'"},
      {framed(tensor(R"("dtype":"U8","shape":[2])"), 2), "lacks 'data_offsets'"},
      {framed(tensor(R"("dtype":"U9","shape":[2],"data_offsets":[0,2])"), 2), "unknown dtype 'U9'"},
      {framed(tensor(R"("dtype":8,"shape":[2],"data_offsets":[0,2])"), 2), "expected '\"'"},
      // numbers
      {framed(shape("[-1]"), 4), "not negative"},
      {framed(shape("[1.0]"), 4), "fraction"},
      {framed(shape("[1e0]"), 4), "fraction"},
      {framed(shape("[01]"), 4), "zero"},
      {framed(shape("[\"1\"]"), 4), "whole number"},
      {framed(shape("[1,]"), 4), "after a comma"},
      {framed(shape("[9223372036854775808]"), 4), "2^63 - 1"},
      {framed(shape("1"), 4), "expected '['"},
      // sizes and places
      {framed(shape("[9223372036854775807]"), 4), "overflows"},
      {framed(shape("[4294967296,4294967296,4294967296]"), 4), "overflows"},
      {framed(shape("[4611686018427387905,4]"), 4), "overflows"},
      {framed(shape("[2]"), 4), "take 8 bytes"},
      {framed(shape("[0]"), 4), "take 0 bytes"},
      {framed(R"({"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}})", 2), "inside a byte"},
      {framed(offsets("[0]"), 2), "1 data_offsets"},
      {framed(offsets("[0,2,2]"), 2), "3 data_offsets"},
      {framed(offsets("[]"), 2), "0 data_offsets"},
      {framed(offsets("[2,0]"), 2), "take 2 bytes"},
      {framed(offsets("[1,3]"), 3), "begin at 1, expected 0"},
      {framed(offsets("[9223372036854775805,9223372036854775807]"), 3), "begin at 9223372036854775805"},
      {framed(offsets("[0,2]"), 1), "only 1 bytes of data"},
      {framed(offsets("[0,2]"), 0), "only 0 bytes of data"},
      {framed(offsets("[0,2]"), 3), "has 3 bytes of data"},
      {framed("{}", 1), "has 1 bytes of data"},
      {framed("{" + a + R"(,"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}})", 5), "begin at 3, expected 2"},
      {framed("{" + a + R"(,"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", 3), "begin at 1, expected 2"},
  };
  for (const abuse& one : abuses) {
    CAPTURE(one.bytes.substr(0, 200));
    const std::string sentence = verdict(folder, one.bytes);
    CHECK_MESSAGE(contains(sentence, one.reason), sentence);
    CHECK(contains(sentence, folder / "x"));
    CHECK(sentence.find('\n') == std::string::npos);
    CHECK(sentence.size() < 600);
  }
}

TEST_CASE("a file cut or changed at any byte is refused or read, and nothing else happens") {
  const temporary_folder folder;
  const std::vector<float> values{1, 2, 3};
  const std::vector<akin::tensor_to_write> tensors{entry("a", {3}, values), entry("b", {1, 3}, values)};
  akin::write_safetensors(folder / "good", tensors, {{"k", "v"}});
  const std::string good = akin::read_file(folder / "good");
  REQUIRE(verdict(folder, good) == "");
  for (std::size_t size = 0; size < good.size(); ++size) CHECK(verdict(folder, good.substr(0, size)) != "");
  int refused = 0;
  for (std::size_t place = 0; place < good.size(); ++place)
    for (const char other : {'\0', '\xff', '{', '"', '9', ']'}) {
      std::string changed = good;
      changed[place] = other;
      refused += verdict(folder, changed).empty() ? 0 : 1;
    }
  CHECK(refused > 500);
}

TEST_CASE("numbers are converted exactly or refused") {
  const temporary_folder folder;
  const std::vector<double> doubles{0.1, -0.0, std::numeric_limits<double>::infinity()}, large{1, 1e39};
  const std::vector<std::uint16_t> halves{0x3c00, 0xc000, 0x7bff, 0x0001, 0x83ff, 0x8000, 0x7c00, 0x7e01},
      brains{0x3f80, 0xc000, 0x7f80};
  const std::vector<std::int64_t> whole{-1, 1LL << 40};
  std::vector<akin::tensor_to_write> tensors{entry("f64", {3}, doubles), entry("large", {2}, large), entry("f16", {8}, halves),
                                             entry("bf16", {3}, brains), entry("whole", {2}, whole)};
  tensors[2].type = akin::dtype::f16;
  tensors[3].type = akin::dtype::bf16;
  akin::write_safetensors(folder / "x", tensors);
  const akin::safetensors_file file(folder / "x");
  CHECK(file.read<float>("f64")[0] == 0.1f);
  CHECK(std::signbit(file.read<float>("f64")[1]));
  CHECK(std::isinf(file.read<float>("f64")[2]));
  const std::vector<float> f16 = file.read<float>("f16");
  CHECK(f16[0] == 1.0f);
  CHECK(f16[1] == -2.0f);
  CHECK(f16[2] == 65504.0f);
  CHECK(f16[3] == 0x1p-24f);
  CHECK(f16[4] == -1023 * 0x1p-24f);
  CHECK((f16[5] == 0.0f && std::signbit(f16[5])));
  CHECK(std::isinf(f16[6]));
  CHECK(std::isnan(f16[7]));
  CHECK(file.read<float>("bf16") == std::vector<float>{1, -2, std::numeric_limits<float>::infinity()});

  CHECK(contains(sentence_of([&] { file.read<float>("large"); }), "'large': the number 1e+39 at index 1 is too large"));
  CHECK(contains(sentence_of([&] { file.read<float>("whole"); }), "its type is I64, expected F32"));
  CHECK(contains(sentence_of([&] { file.read<std::int64_t>("f16"); }), "its type is F16, expected an integer type"));
  CHECK(contains(sentence_of([&] { file.read<std::int32_t>("whole"); }), "1099511627776 at index 1 does not fit I32"));
  CHECK(contains(sentence_of([&] { file.read<std::uint64_t>("whole"); }), "-1 at index 0 does not fit U64"));
  CHECK(contains(sentence_of([&] { file.read<float>("nothing"); }), "has no tensor 'nothing' among its 5 tensors"));
  std::vector<float> room(2);
  CHECK(contains(sentence_of([&] { file.read("f64", std::span(room)); }), "it has 3 numbers, expected 2"));
}

TEST_CASE("what would not be a valid file is not written") {
  const temporary_folder folder;
  const std::vector<float> one{1};
  const auto refusal = [&](const std::vector<akin::tensor_to_write>& tensors,
                           const std::map<std::string, std::string>& metadata = {}) {
    return sentence_of([&] { akin::write_safetensors(folder / "x", tensors, metadata); });
  };
  CHECK(contains(refusal({entry("a", {1}, one), entry("a", {1}, one)}), "'a': it appears twice"));
  akin::tensor_to_write other = entry("a", {1}, one);
  other.type = akin::dtype::i32;
  CHECK(contains(refusal({entry("a", {1}, one), other}), "'a': it appears twice"));
  CHECK(contains(refusal({entry("__metadata__", {1}, one)}), "reserved"));
  CHECK(contains(refusal({entry("a", {2}, one)}), "do not fit"));
  CHECK(contains(refusal({entry("a", {-1}, one)}), "do not fit"));
  CHECK(contains(refusal({entry("\xff", {1}, one)}), "UTF-8"));
  CHECK(contains(refusal({}, {{"a", "\xff"}}), "UTF-8"));
  CHECK(folder.files() == 0);
  CHECK(contains(sentence_of([] { akin::write_safetensors("/dev/full", {}); }), "No space left"));
}
