// SPDX-License-Identifier: Apache-2.0
// Files that a command would write and that are somebody else's.
#pragma once

#include <akin/support/error.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace clip_program {

/// Refuses to write where one of these files is, unless that was asked for, and where a folder is in any case.
/// errors: one sentence with the path
inline void refuse_existing(const std::vector<std::string>& paths, bool overwrite) {
  for (const auto& path : paths) {
    if (std::filesystem::is_directory(path)) akin::fail("'", path, "' is a folder, expected a file: name another one");
    if (!overwrite && std::filesystem::exists(std::filesystem::symlink_status(path))) akin::fail("'", path, "' exists: --overwrite replaces it");
  }
}

}  // namespace clip_program
