// SPDX-License-Identifier: Apache-2.0
// Bytes under a path, without a disk: readers of files are fuzzed through what they are called with.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

class memory_file {
 public:
  explicit memory_file(const char* name) : number_(::memfd_create(name, MFD_CLOEXEC)) {
    if (number_ < 0) std::abort();
  }
  memory_file(const memory_file&) = delete;
  memory_file& operator=(const memory_file&) = delete;
  ~memory_file() { ::close(number_); }

  void assign(const void* bytes, std::size_t size) const {
    if (::ftruncate(number_, 0) != 0 || ::pwrite(number_, bytes, size, 0) != static_cast<::ssize_t>(size)) std::abort();
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(number_); }

 private:
  int number_;
};
