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

/// Holds a lock for as long as this object lives: an empty file of this name, which lies there meanwhile. Whatever ends the process frees
/// it. Where the file system has no locks, nothing is held.
/// errors: one sentence with the path where another process, or another lock of this one, holds it; where something else is called so;
///         where no file can be created
class file_lock {
 public:
  explicit file_lock(std::string path) : path_(std::move(path)) {
    for (bool named = false; !named;) {
      open();
      struct ::stat held {}, there {};
      if (::fstat(file_.get(), &held) != 0 || !S_ISREG(held.st_mode) || held.st_size != 0) fail("'", path_, "' is no lock: move it out of the way");
      if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
        const int code = errno;
        if (code == EWOULDBLOCK) fail("'", path_, "' is held: another run writes here; wait until it ends");
        if (code == EBADF) fail("cannot lock '", path_, "', which may only be read: remove it if no run is going on");  // NFS
      }
      // The holder before may have removed the file between opening and locking.
      named = ::stat(path_.c_str(), &there) == 0 && held.st_ino == there.st_ino && held.st_dev == there.st_dev;
    }
  }
  file_lock(const file_lock&) = delete;
  file_lock& operator=(const file_lock&) = delete;
  ~file_lock() { ::unlink(path_.c_str()); }

 private:
  // One that another user's run left may only be read, which is enough.
  void open() {
    file_ = detail::file_descriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0666));
    const int code = errno;
    if (!file_.is_open()) file_ = detail::file_descriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
    if (file_.is_open()) return;
    fail("cannot write '", path_, "': ", ::access(path_.c_str(), F_OK) == 0 ? "" : "no file can be created in its folder: ", detail::system_reason(code));
  }

  std::string path_;
  detail::file_descriptor file_;  // closed, and with that unlocked, after the file is removed
};

}  // namespace akin::inline v0
