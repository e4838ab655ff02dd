// SPDX-License-Identifier: Apache-2.0
// Files are read whole, mapped, and replaced completely or not at all, also when the disk is full.
#include <akin/io/file.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <utility>

namespace {

/// While it lives, no file of this process grows beyond `bytes`: what a full disk does, without a full disk.
class file_size_limit {
 public:
  explicit file_size_limit(::rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    signal_ = std::signal(SIGXFSZ, SIG_IGN);
    ::rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }

 private:
  ::rlimit before_{};
  void (*signal_)(int) = nullptr;
};

}  // namespace

TEST_CASE("read_file returns what was written") {
  const temporary_folder folder;
  for (const std::size_t size : {0u, 1u, 4095u, 4096u, 4097u, 300'000u}) {
    std::string bytes(size, '\0');
    for (std::size_t k = 0; k < size; ++k) bytes[k] = static_cast<char>(k * 31 % 251);
    const std::string path = folder.put("x", bytes);
    CHECK(akin::read_file(path) == bytes);
    const akin::mapped_file mapped(path);
    CHECK(mapped.bytes().size() == size);
    CHECK(std::string(reinterpret_cast<const char*>(mapped.bytes().data()), mapped.bytes().size()) == bytes);
  }
  CHECK(folder.files() == 1);
}

TEST_CASE("files without a size of their own are read to their end") {
  if (!std::filesystem::exists("/proc/self/status")) return;
  CHECK(contains(akin::read_file("/proc/self/status"), "Pid:"));
}

TEST_CASE("a file that is too large, or that never ends, is refused") {
  const temporary_folder folder;
  const std::string path = folder / "ten";
  akin::write_file_atomically(path, std::string_view{"0123456789"});
  CHECK(akin::read_file(path, 10) == "0123456789");
  CHECK(sentence_of([&] { akin::read_file(path, 9); }) == "cannot read '" + path + "': it has more than 9 bytes");
  CHECK(sentence_of([&] { akin::read_file("/dev/zero", 100000); }) == "cannot read '/dev/zero': it has more than 100000 bytes");
}

TEST_CASE("what cannot be read is named in one sentence") {
  const temporary_folder folder;
  const std::string missing = folder / "missing";
  CHECK(sentence_of([&] { akin::read_file(missing); }) == "cannot open '" + missing + "' to read it: No such file or directory");
  CHECK(contains(sentence_of([&] { akin::read_file(folder.path()); }), "it is a directory"));
  CHECK(contains(sentence_of([&] { akin::mapped_file file(missing); }), missing));
  CHECK(contains(sentence_of([&] { akin::mapped_file file(folder.path()); }), "it is a directory"));
  CHECK(contains(sentence_of([&] { akin::mapped_file file("/dev/null"); }), "expected a regular file"));
  const std::string pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(contains(sentence_of([&] { akin::mapped_file file(pipe); }), "expected a regular file"));
}

TEST_CASE("a mapping moves with its object") {
  const temporary_folder folder;
  akin::mapped_file first(folder.put("a", "abc")), second(folder.put("b", "12345"));
  akin::mapped_file third(std::move(first));
  CHECK(third.bytes().size() == 3);
  second = std::move(third);
  CHECK(second.bytes().size() == 3);
  CHECK(second.path() == folder / "a");
}

TEST_CASE("a mapping survives the replacement of its file") {
  const temporary_folder folder;
  const akin::mapped_file mapped(folder.put("a", "before"));
  folder.put("a", "x");
  CHECK(std::string(reinterpret_cast<const char*>(mapped.bytes().data()), 6) == "before");
}

TEST_CASE("a file appears with commit and not before") {
  const temporary_folder folder;
  const std::string path = folder.put("x", "old");
  {
    akin::atomic_file file(path);
    file.write("new");
    CHECK(akin::read_file(path) == "old");
    file.commit();
    CHECK(akin::read_file(path) == "new");
    CHECK(contains(sentence_of([&] { file.write("more"); }), "was committed"));
    CHECK(contains(sentence_of([&] { file.commit(); }), "was committed"));
  }
  {
    akin::atomic_file file(path);
    file.write("given up");
    CHECK(folder.files() == 2);
  }
  CHECK(akin::read_file(path) == "new");
  CHECK(folder.files() == 1);
}

TEST_CASE("blocks follow each other, permissions and symbolic links stay") {
  const temporary_folder folder;
  const std::string path = folder.put("x", "");
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  std::filesystem::create_symlink("x", folder / "link");
  const std::string link = folder / "link";
  akin::write_file_atomically(link, "ab", std::string("cd"), bytes_of("ef"));
  CHECK(akin::read_file(path) == "abcdef");
  CHECK(std::filesystem::is_symlink(link));
  struct ::stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0640);
}

TEST_CASE("what cannot be written is named in one sentence") {
  const temporary_folder folder;
  const std::string nowhere = folder / "missing/x";
  CHECK(contains(sentence_of([&] { akin::write_file_atomically(nowhere, "x"); }), "cannot write '" + nowhere));
  CHECK(contains(sentence_of([&] { akin::write_file_atomically(folder.path(), "x"); }), "it is a directory"));
}

TEST_CASE("a full disk is named, the target stays, the temporary file goes") {
  const temporary_folder folder;
  const std::string path = folder.put("x", "old");
  std::string sentence;
  {
    const file_size_limit limit(1000);
    sentence = sentence_of([&] { akin::write_file_atomically(path, std::string(600, 'a'), std::string(600, 'b')); });
  }
  CHECK(contains(sentence, "cannot write '" + path + "' after 1000 bytes: "));
  CHECK(akin::read_file(path) == "old");
  CHECK(folder.files() == 1);
}

TEST_CASE("devices are written, not replaced") {
  if (!std::filesystem::exists("/dev/full")) return;
  CHECK(sentence_of([] { akin::write_file_atomically("/dev/full", "x"); }) ==
        "cannot write '/dev/full' after 0 bytes: No space left on device");
  CHECK(std::filesystem::is_character_file("/dev/full"));
  akin::write_file_atomically("/dev/null", "x");
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("text from files is made fit for a sentence") {
  CHECK(akin::detail::printable("a\nb\x01") == "a?b?");
  CHECK(akin::detail::printable(std::string(500, 'x')) == std::string(120, 'x') + "...");
}
