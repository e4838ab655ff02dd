// SPDX-License-Identifier: Apache-2.0
// Unpacks gzip files in memory. Needs zlib.
#pragma once

#include <akin/io/file.hpp>
#include <akin/support/error.hpp>

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace akin::inline v0 {

/// Whether bytes begin as gzip files do; names say nothing.
constexpr bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

/// The unpacked content of gzip bytes; members that follow each other are joined, as gzip does. `name` is for sentences.
/// errors: cut or corrupt input (checksums are checked), bytes after the end, more than `largest` bytes of output
inline std::string gunzip(std::string_view bytes, const std::string& name, std::uint64_t largest = std::uint64_t{1} << 32) {
  struct stream_guard {
    ::z_stream stream{};
    ~stream_guard() { ::inflateEnd(&stream); }
  } guard;
  ::z_stream& stream = guard.stream;
  constexpr int gzip_only = 15 + 16;
  if (::inflateInit2(&stream, gzip_only) != Z_OK) fail("cannot unpack '", name, "': zlib did not start");
  constexpr std::size_t most = (std::numeric_limits<uInt>::max)();  // zlib counts in 32 bits
  std::string result;
  std::size_t used = 0, taken = 0;
  while (true) {
    // Deflate packs at most 1032 to 1, so this never asks for memory that the input cannot fill.
    if (used == result.size()) {
      const std::size_t wanted = 2 * used > 4 * bytes.size() ? 2 * used : 4 * bytes.size();
      result.resize((std::min)(wanted, used + 1032 * bytes.size()) + 64);
    }
    const std::size_t in = (std::min)(bytes.size() - taken, most), room = (std::min)(result.size() - used, most);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + taken));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(result.data() + used);
    stream.avail_out = static_cast<uInt>(room);
    const int code = ::inflate(&stream, Z_NO_FLUSH);
    taken += in - stream.avail_in;
    used += room - stream.avail_out;
    if (used > largest) fail("cannot unpack '", name, "': it holds more than ", largest, " bytes");
    if (code == Z_STREAM_END) {
      if (taken == bytes.size()) break;
      if (!is_gzip(bytes.substr(taken)))
        fail("cannot unpack '", name, "', byte ", taken, ": ", bytes.size() - taken, " bytes follow the end of the gzip data");
      ::inflateReset(&stream);
    } else if (code == Z_MEM_ERROR) {
      fail("cannot unpack '", name, "': no memory for zlib");
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      fail("cannot unpack '", name, "', byte ", taken, ": the gzip data is corrupt (",
           stream.msg != nullptr ? stream.msg : "needs a dictionary", ")");
    } else if (taken == bytes.size() && stream.avail_out != 0) {
      fail("cannot unpack '", name, "': the gzip data ends early, after ", taken, " bytes");
    }
  }
  result.resize(used);
  return result;
}

}  // namespace akin::inline v0
