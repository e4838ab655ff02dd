// SPDX-License-Identifier: Apache-2.0
// Runs akin-clip as a process, and tells how it ended.
#pragma once

#include "files.hpp"

#include <akin/io/file.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

/// How a run of akin-clip ended.
struct outcome {
  int code = -1;  // the exit code; 128 + signal where one ended the program
  std::string out, err;
};

class running {
 public:
  /// A limit on the size of a written file stands in for a disk that is full.
  running(const std::vector<std::string>& arguments, const std::string& folder, std::int64_t largest_file = -1)
      : out_{folder + "/stdout"}, err_{folder + "/stderr"} {
    std::vector<char*> words{const_cast<char*>(AKIN_CLIP)};
    for (const auto& a : arguments) words.push_back(const_cast<char*>(a.c_str()));
    words.push_back(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
      if (largest_file >= 0) {
        const rlimit limit{static_cast<rlim_t>(largest_file), static_cast<rlim_t>(largest_file)};
        ::setrlimit(RLIMIT_FSIZE, &limit);
      }
      ::dup2(::open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
      ::dup2(::open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
      ::execv(AKIN_CLIP, words.data());
      ::_exit(127);
    }
  }
  void kill(int signal) const { ::kill(process_, signal); }
  outcome wait() const {
    int status = 0;
    ::waitpid(process_, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), akin::read_file(out_), akin::read_file(err_)};
  }

 private:
  std::string out_, err_;
  pid_t process_ = -1;
};

inline outcome run(const std::vector<std::string>& arguments, const temporary_folder& folder) {
  return running{arguments, folder.path()}.wait();
}
