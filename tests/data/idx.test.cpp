// SPDX-License-Identifier: Apache-2.0
// idx files are read, packed or not, and everything else is refused with one sentence.
#include <akin/data/gzip.hpp>
#include <akin/data/idx.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_literals;

std::string packed(std::string bytes) {
  ::z_stream stream{};
  REQUIRE(::deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string result(::deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  result.resize(result.size() - stream.avail_out);
  ::deflateEnd(&stream);
  return result;
}

const std::string images = "\0\0\x08\3\0\0\0\2\0\0\0\1\0\0\0\3"s + "\1\2\3\4\5\xff"s;

std::string verdict(const temporary_folder& folder, std::string_view bytes) {
  const std::string path = folder.put("x", bytes);
  const std::string sentence = sentence_of([&] { akin::read_idx(path); });
  if (!sentence.empty()) CHECK(contains(sentence, path));
  return sentence;
}

}  // namespace

TEST_CASE("content decides whether a file is unpacked") {
  const temporary_folder folder;
  for (const std::string& path : {folder.put("plain.gz", images), folder.put("packed", packed(images)),
                                  folder.put("members", packed(images.substr(0, 5)) + packed(images.substr(5)))}) {
    const akin::idx_array array = akin::read_idx(path);
    CHECK(array.shape == std::vector<std::int64_t>{2, 1, 3});
    CHECK(array.bytes == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 255});
  }
  const akin::idx_array labels = akin::read_idx(folder.put("labels", "\0\0\x08\1\0\0\0\0"s));
  CHECK(labels.shape == std::vector<std::int64_t>{0});
  CHECK(labels.bytes.empty());
}

TEST_CASE("what is not an idx file of bytes is refused") {
  const temporary_folder folder;
  CHECK(contains(verdict(folder, ""), "is empty"));
  CHECK(contains(verdict(folder, packed("")), "inside the 4 bytes"));
  CHECK(contains(verdict(folder, "\0\0\x08"s), "inside the 4 bytes"));
  CHECK(contains(verdict(folder, "PNG?"), "expected 0 0"));
  CHECK(contains(verdict(folder, "\0\0\x0d\1\0\0\0\0"s), "type 13, expected 8"));
  CHECK(contains(verdict(folder, "\0\0\x08\0"s), "no dimensions"));
  CHECK(contains(verdict(folder, "\0\0\x08\2\0\0\0\1\0\0\0"s), "inside its 2 dimensions"));
  CHECK(contains(verdict(folder, "\0\0\x08\3"s + std::string(12, '\xff')), "overflows"));
  CHECK(contains(verdict(folder, "\0\0\x08\2\x7f\xff\xff\xff\x7f\xff\xff\xff"s), "the file is cut"));
  CHECK(
      contains(verdict(folder, images.substr(0, images.size() - 1)), "5 bytes follow the header, expected 6 (the file is cut)"));
  CHECK(contains(verdict(folder, images + "x"), "7 bytes follow the header, expected 6 (bytes trail)"));
  CHECK(contains(sentence_of([&] { akin::read_idx(folder / "missing"); }), "missing"));
}

TEST_CASE("damaged gzip data is refused") {
  const temporary_folder folder;
  const std::string good = packed(images);
  CHECK(contains(verdict(folder, good + "x"), "1 bytes follow the end of the gzip data"));
  std::string wrong_checksum = good;
  wrong_checksum[good.size() - 6] = static_cast<char>(~wrong_checksum[good.size() - 6]);
  CHECK(contains(verdict(folder, wrong_checksum), "incorrect data check"));
  for (std::size_t size = 0; size < good.size(); ++size) CHECK(verdict(folder, good.substr(0, size)) != "");
  for (std::size_t place = 0; place < good.size(); ++place) {
    std::string changed = good;
    changed[place] = static_cast<char>(changed[place] ^ 0x55);
    verdict(folder, changed);
  }
  CHECK(contains(verdict(folder, good.substr(0, good.size() - 3)), "ends early"));
}

TEST_CASE("large content is unpacked whole, and only up to a limit") {
  const std::string zeros(5'000'000, '\0'), small = packed(zeros);
  CHECK(akin::gunzip(small, "x") == zeros);
  CHECK(akin::gunzip(small, "x", zeros.size()) == zeros);
  CHECK(contains(sentence_of([&] { akin::gunzip(small, "x", zeros.size() - 1); }), "holds more than 4999999 bytes"));
}
