// SPDX-License-Identifier: Apache-2.0
// How paths are spelt.
#pragma once

#include <filesystem>
#include <string>

namespace akin::inline v0 {

/// One spelling for "a.png", "./a.png" and ".//a.png"; what ".." leads to depends on links, and is left alone.
inline std::string plain_path(const std::filesystem::path& spelt) {
  std::filesystem::path plain;
  for (const auto& part : spelt)
    if (!part.empty() && part != ".") plain /= part;
  return plain.empty() ? "." : plain.string();
}

}  // namespace akin::inline v0
