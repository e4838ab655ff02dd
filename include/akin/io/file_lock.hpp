// SPDX-License-Identifier: Apache-2.0
// One writer at a time, over processes. Linux and other POSIX systems.
#pragma once

#include <akin/io/file.hpp>
#include <akin/support/error.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace akin::inline v0 {

/// Holds a lock for as long as this object lives: a file of this name, which lies there meanwhile. Whatever ends the process frees it.
/// Where the file system has no locks, nothing is held.
/// errors: one sentence with the path where another process, or another lock of this one, holds it; where no file can be created
class file_lock {
 public:
  explicit file_lock(std::string path) : path_(std::move(path)) {
    while (true) {
      file_ = detail::file_descriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
      if (!file_.is_open()) {
        const int code = errno;
        fail("cannot write '", path_, "': no file can be created in its folder: ", detail::system_reason(code));
      }
      if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) fail("'", path_, "' is held: another run writes here; wait until it ends");
        return;
      }
      struct ::stat held {}, named {};
      // The holder before may have removed the file between opening and locking.
      if (::fstat(file_.get(), &held) == 0 && ::stat(path_.c_str(), &named) == 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev) return;
    }
  }
  file_lock(const file_lock&) = delete;
  file_lock& operator=(const file_lock&) = delete;
  ~file_lock() { ::unlink(path_.c_str()); }

 private:
  std::string path_;
  detail::file_descriptor file_;  // closed, and with that unlocked, after the file is removed
};

}  // namespace akin::inline v0
