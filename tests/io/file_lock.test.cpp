// SPDX-License-Identifier: Apache-2.0
// A lock is held by one at a time, over processes, and leaves nothing behind.
#include <akin/io/file_lock.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

TEST_CASE("the second one is refused by name until the first ends") {
  const temporary_folder folder;
  const std::string path = folder / "lock";
  {
    const akin::file_lock first{path};
    CHECK(sentence_of([&] { akin::file_lock{path}; }) == "'" + path + "' is held: another run writes here; wait until it ends");
    const akin::file_lock other{folder / "other"};
  }
  CHECK(!std::filesystem::exists(path));
  const akin::file_lock again{path};
}

TEST_CASE("a process that was killed holds nothing, though its file lies there") {
  const temporary_folder folder;
  const std::string path = folder / "lock";
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      const akin::file_lock held{path};
      if (::write(ends[1], "x", 1) == 1) ::pause();
    } catch (const akin::error&) {
    }
    ::_exit(1);
  }
  ::close(ends[1]);
  char byte = 0;
  REQUIRE(::read(ends[0], &byte, 1) == 1);
  CHECK(contains(sentence_of([&] { akin::file_lock{path}; }), "is held"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(std::filesystem::exists(path));
  { const akin::file_lock mine{path}; }
  CHECK(!std::filesystem::exists(path));
}

TEST_CASE("what else is called so is left alone") {
  const temporary_folder folder;
  const std::string file = folder.put("file", "mine");
  CHECK(sentence_of([&] { akin::file_lock{file}; }) == "'" + file + "' is no lock: move it out of the way");
  CHECK(akin::read_file(file) == "mine");
  CHECK(contains(sentence_of([&] { akin::file_lock{folder.path()}; }), "is no lock"));
  CHECK(std::filesystem::is_directory(folder.path()));
}

TEST_CASE("where no file can be created, one sentence says so") {
  const temporary_folder folder;
  CHECK(contains(sentence_of([&] { akin::file_lock{folder / "absent/lock"}; }), "absent/lock': no file can be created in its folder"));
}
