// SPDX-License-Identifier: Apache-2.0
// Reads the idx files of MNIST and its relatives, packed by gzip or not. Needs zlib.
#pragma once

#include <akin/data/gzip.hpp>
#include <akin/io/file.hpp>
#include <akin/support/error.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace akin::inline v0 {

/// Row-major unsigned bytes.
struct idx_array {
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> bytes;
};

/// Reads an idx file of unsigned bytes (type 0x08). Content decides whether it is unpacked first.
/// errors: one sentence with the path: empty, wrong magic, another type, cut, trailing bytes, corrupt gzip
/// source: http://yann.lecun.com/exdb/mnist/, "The IDX file format"
inline idx_array read_idx(const std::string& path) {
  std::string content = read_file(path, std::size_t{1} << 32);
  if (content.empty()) fail("idx: '", path, "' is empty");
  if (is_gzip(content)) content = gunzip(content, path);
  const auto byte = [&](std::size_t k) { return static_cast<unsigned>(static_cast<unsigned char>(content[k])); };
  if (content.size() < 4) fail("idx: '", path, "' ends after ", content.size(), " bytes, inside the 4 bytes of its magic number");
  if (byte(0) != 0 || byte(1) != 0)
    fail("idx: '", path, "', byte 0: begins with ", byte(0), " ", byte(1), ", expected 0 0 as every idx file does");
  if (byte(2) != 8) fail("idx: '", path, "', byte 2: the numbers have type ", byte(2), ", expected 8 (unsigned bytes)");
  const std::size_t rank = byte(3), start = 4 + 4 * rank;
  if (rank == 0) fail("idx: '", path, "', byte 3: the array has no dimensions, expected at least one");
  if (content.size() < start) fail("idx: '", path, "' ends after ", content.size(), " bytes, inside its ", rank, " dimensions");
  idx_array array;
  std::int64_t count = 1;
  for (std::size_t k = 4; k < start; k += 4) {
    const std::int64_t extent = byte(k) << 24 | byte(k + 1) << 16 | byte(k + 2) << 8 | byte(k + 3);
    if (extent != 0 && count > (std::numeric_limits<std::int64_t>::max)() / extent)
      fail("idx: '", path, "', byte ", k, ": the size of the array overflows 64 bits");
    count *= extent;
    array.shape.push_back(extent);
  }
  const std::size_t present = content.size() - start;
  if (static_cast<std::uint64_t>(count) != present)
    fail("idx: '", path, "': ", present, " bytes follow the header, expected ", count,
         static_cast<std::uint64_t>(count) > present ? " (the file is cut)" : " (bytes trail)");
  array.bytes.assign(content.begin() + static_cast<std::ptrdiff_t>(start), content.end());
  return array;
}

}  // namespace akin::inline v0
