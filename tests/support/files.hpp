// SPDX-License-Identifier: Apache-2.0
// What tests of files share: a folder that disappears, and the sentence that a call fails with.
#pragma once

#include <akin/io/file.hpp>
#include <akin/support/error.hpp>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

/// A new empty folder, removed with its content when this object dies.
class temporary_folder {
 public:
  temporary_folder() : path_((std::filesystem::temp_directory_path() / "akin-test-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

  /// Writes a file here and returns its path.
  std::string put(std::string_view name, std::string_view bytes) const {
    const std::string path = *this / name;
    akin::write_file_atomically(path, bytes);
    return path;
  }
  std::size_t files() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path_)) ++count;
    return count;
  }

 private:
  std::string path_;
};

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// what() of the akin::error that the call throws; empty when it returns. Other exceptions pass.
template <class Call>
std::string sentence_of(Call call) {
  try {
    call();
  } catch (const akin::error& mistake) {
    return mistake.what();
  }
  return {};
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
