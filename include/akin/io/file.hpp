// SPDX-License-Identifier: Apache-2.0
// Whole files: read at once, mapped read-only, or replaced atomically. Linux and other POSIX systems.
#pragma once

#include <akin/support/error.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace akin::inline v0 {

namespace detail {

inline std::string system_reason(int code) { return std::generic_category().message(code); }

/// Text from a file, fit for a sentence: control bytes become '?', and a name of megabytes is cut.
inline std::string printable(std::string_view text) {
  constexpr std::size_t longest = 120;
  std::string result(text.substr(0, longest));
  for (char& c : result)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  if (text.size() > longest) result += "...";
  return result;
}

class file_descriptor {
 public:
  explicit file_descriptor(int number = -1) noexcept : number_(number) {}
  file_descriptor(file_descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    if (this != &other) {
      close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~file_descriptor() { close(); }

  int get() const noexcept { return number_; }
  bool is_open() const noexcept { return number_ >= 0; }

  /// 0, or the errno of close(2), which is where some network file systems report a full disk.
  int close() noexcept {
    if (number_ < 0) return 0;
    return ::close(std::exchange(number_, -1)) == 0 ? 0 : errno;
  }

 private:
  int number_;
};

inline file_descriptor open_to_read(const std::string& path, int extra_flags, struct ::stat& about) {
  file_descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | extra_flags));
  if (!file.is_open()) {
    const int code = errno;
    fail("cannot open '", path, "' to read it: ", system_reason(code));
  }
  if (::fstat(file.get(), &about) != 0) {
    const int code = errno;
    fail("cannot examine '", path, "': ", system_reason(code));
  }
  if (S_ISDIR(about.st_mode)) fail("cannot read '", path, "': it is a directory, expected a file");
  return file;
}

/// Writes all bytes; `done` counts those that arrived. Returns 0 or an errno.
inline int write_fully(int file, const char* bytes, std::size_t size, std::size_t& done) {
  for (done = 0; done < size;) {
    const ::ssize_t count = ::write(file, bytes + done, size - done);
    if (count > 0) done += static_cast<std::size_t>(count);
    else if (count == 0) return EIO;
    else if (errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace detail

/// The bytes of a file. Pipes work too: it reads until the end, and trusts a size only to refuse.
/// errors: one sentence with the path when it is missing, unreadable, a directory or larger than `most` bytes
inline std::string read_file(const std::string& path, std::size_t most = std::size_t{1} << 30) {
  struct ::stat about {};
  const detail::file_descriptor file = detail::open_to_read(path, 0, about);
  const auto refuse_beyond = [&](std::size_t size) {
    if (size > most) fail("cannot read '", path, "': it has more than ", most, " bytes");
  };
  refuse_beyond(static_cast<std::size_t>(about.st_size));
  std::string bytes;
  // One byte more than the size, so that the usual file needs no second allocation to see its end.
  bytes.resize(about.st_size > 0 ? static_cast<std::size_t>(about.st_size) + 1 : 4096);
  std::size_t used = 0;
  while (true) {
    if (used == bytes.size()) bytes.resize((std::min)(2 * bytes.size(), most + 1));
    const ::ssize_t count = ::read(file.get(), bytes.data() + used, bytes.size() - used);
    if (count == 0) break;
    if (count > 0) {
      used += static_cast<std::size_t>(count);
      refuse_beyond(used);
    } else if (const int code = errno; code != EINTR) {
      fail("cannot read '", path, "' at byte ", used, ": ", detail::system_reason(code));
    }
  }
  bytes.resize(used);
  return bytes;
}

/// A file as read-only memory, for as long as this object lives.
/// A file that somebody shortens meanwhile ends the process at the next touch (SIGBUS), as with every mmap: replace such files
/// with atomic_file, which leaves existing mappings alone.
class mapped_file {
 public:
  explicit mapped_file(std::string path) : path_(std::move(path)) {
    struct ::stat about {};
    // O_NONBLOCK, because opening a pipe would otherwise wait for a writer instead of being refused.
    const detail::file_descriptor file = detail::open_to_read(path_, O_NONBLOCK, about);
    if (!S_ISREG(about.st_mode)) fail("cannot map '", path_, "': expected a regular file, got a device, pipe or socket");
    if (about.st_size == 0) return;
    void* const start = ::mmap(nullptr, static_cast<std::size_t>(about.st_size), PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (start == MAP_FAILED) {
      const int code = errno;
      fail("cannot map the ", about.st_size, " bytes of '", path_, "': ", detail::system_reason(code));
    }
    bytes_ = {static_cast<const std::byte*>(start), static_cast<std::size_t>(about.st_size)};
  }
  mapped_file(mapped_file&& other) noexcept : path_(std::move(other.path_)), bytes_(std::exchange(other.bytes_, {})) {}
  mapped_file& operator=(mapped_file&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~mapped_file() {
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }

  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  std::span<const std::byte> bytes_;
};

/// A file that appears complete or not at all: written under a temporary name in the same folder and renamed by commit().
/// Without commit() the temporary file is removed and the target stays as it was. A symbolic link keeps pointing to its target,
/// an existing file keeps its permissions. Devices and pipes (/dev/stdout) cannot be replaced and are written directly.
/// errors: one sentence with the path and the byte reached, for example when the disk is full
class atomic_file {
 public:
  explicit atomic_file(std::string path) : path_(std::move(path)), target_(path_) {
    struct ::stat about {};
    const bool exists = ::stat(path_.c_str(), &about) == 0;
    if (exists && S_ISDIR(about.st_mode)) fail("cannot write '", path_, "': it is a directory, expected a file");
    if (exists && !S_ISREG(about.st_mode)) {
      file_ = detail::file_descriptor(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
      if (!file_.is_open()) refuse("open", errno);
      return;
    }
    if (exists) follow_links();
    static std::atomic<unsigned> files_so_far{0};
    do {
      temporary_ = target_ + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(files_so_far++);
      file_ = detail::file_descriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    } while (!file_.is_open() && errno == EEXIST);
    if (!file_.is_open()) {
      const int code = errno;
      fail("cannot write '", path_, "': no file can be created in its folder: ", detail::system_reason(code));
    }
    if (exists && ::fchmod(file_.get(), about.st_mode & 07777) != 0) {
      const int code = errno;
      discard();
      refuse("set the permissions of", code);
    }
  }
  atomic_file(const atomic_file&) = delete;
  atomic_file& operator=(const atomic_file&) = delete;
  ~atomic_file() { discard(); }

  void write(std::string_view bytes) {
    if (!file_.is_open()) fail("cannot write '", path_, "': it was committed or given up before");
    std::size_t done = 0;
    const int code = detail::write_fully(file_.get(), bytes.data(), bytes.size(), done);
    written_ += done;
    if (code != 0) {
      discard();
      refuse("write", code);
    }
  }
  void write(std::span<const std::byte> bytes) {
    write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }

  /// Brings the bytes to the disk and then the file to its name.
  void commit() {
    if (!file_.is_open()) fail("cannot commit '", path_, "': it was committed or given up before");
    // EINVAL, ENOTSUP: this device or file system has no fsync, and there is nothing more to do.
    int code = ::fsync(file_.get()) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
    const int close_code = file_.close();
    if (code == 0) code = close_code;
    if (code == 0 && !temporary_.empty() && std::rename(temporary_.c_str(), target_.c_str()) != 0) code = errno;
    if (code != 0) {
      discard();
      refuse("finish", code);
    }
    if (temporary_.empty()) return;
    temporary_.clear();
    const std::size_t slash = target_.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : target_.substr(0, slash + 1);
    const detail::file_descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // A folder that may be written but not read cannot be synced; the file is complete all the same.
    if (opened.is_open() && ::fsync(opened.get()) != 0 && errno == EIO) refuse("sync the folder of", EIO);
  }

 private:
  void follow_links() {
    char* const resolved = ::realpath(path_.c_str(), nullptr);
    if (resolved == nullptr) refuse("resolve", errno);
    target_ = resolved;
    std::free(resolved);
  }
  void discard() noexcept {
    file_.close();
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
    temporary_.clear();
  }
  [[noreturn]] void refuse(std::string_view what, int code) const {
    fail("cannot ", what, " '", path_, "' after ", written_, " bytes: ", detail::system_reason(code));
  }

  std::string path_;    // as the caller wrote it, for sentences
  std::string target_;  // with symbolic links followed
  std::string temporary_;
  detail::file_descriptor file_;
  std::uint64_t written_ = 0;
};

/// Replaces a file by these blocks (strings or spans of bytes), one after the other, or leaves it untouched.
template <class... Blocks>
void write_file_atomically(const std::string& path, const Blocks&... blocks) {
  atomic_file file(path);
  (file.write(blocks), ...);
  file.commit();
}

}  // namespace akin::inline v0
