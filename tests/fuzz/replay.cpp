// SPDX-License-Identifier: Apache-2.0
// Gives a fuzz target the files of the folders on its command line, one by one, where libFuzzer is not there to do it.
#include <akin/io/file.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** words) try {
  int files = 0;
  for (int k = 1; k < count; ++k)
    for (const auto& entry : std::filesystem::directory_iterator(words[k])) {
      const std::string bytes = akin::read_file(entry.path().string());
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++files;
    }
  std::printf("%d inputs\n", files);
  return files > 0 ? 0 : 1;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
