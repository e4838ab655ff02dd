// SPDX-License-Identifier: Apache-2.0
// Any bytes as an index's two files: refused with akin::error, or an index that comes back from what is written for it.
#include "../support/files.hpp"
#include "memory_file.hpp"

#include <akin/clip/embedding_index.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

/// An index whose files are in memory: links to them have the names that it needs.
struct memory_index {
  memory_index() {
    std::filesystem::create_symlink(names.path(), name + ".json");
    std::filesystem::create_symlink(rows.path(), name + ".npy");
  }

  memory_file names{"names"}, rows{"rows"};
  temporary_folder folder;
  std::string name = folder / "index";
};

}  // namespace

/// The input's first byte, times 16, says how long the names are; the array follows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const memory_index input, output;
  if (size == 0) return 0;
  const std::size_t names = std::min<std::size_t>(size - 1, std::size_t{16} * bytes[0]);
  input.names.assign(bytes + 1, names);
  input.rows.assign(bytes + 1 + names, size - 1 - names);
  akin::embedding_index index;
  try {
    index = akin::load_index(input.name);
  } catch (const akin::error&) {
    return 0;
  }
  // From here on an error is a mistake of akin's.
  std::filesystem::remove(output.name + ".json");
  std::filesystem::remove(output.name + ".npy");
  akin::save_index(output.name, index);
  const auto again = akin::load_index(output.name, index.model);
  if (again.names != index.names || again.kind != index.kind || again.preparation != index.preparation || again.embed != index.embed || again.values != index.values) std::abort();
  return 0;
}
