// SPDX-License-Identifier: Apache-2.0
// A folder with a public model that is small enough for a test.
#pragma once

#include <akin/clip/tensors.hpp>
#include <akin/clip/write_config.hpp>
#include <akin/io/file.hpp>
#include <akin/io/json_header.hpp>
#include <akin/io/safetensors.hpp>
#include <akin/support/random.hpp>
#include <akin/text/vocabulary.hpp>

#include <cstdint>
#include <filesystem>
#include <list>
#include <string>
#include <vector>

/// Every byte alone, every byte at the end of a word, one merge, start and end.
inline std::string small_vocabulary() {
  std::string pieces;
  int id = 0;
  const auto add = [&](const std::string& piece) {
    pieces += (id == 0 ? "" : ", ") + akin::json_quoted(piece) + ": " + std::to_string(id);
    ++id;
  };
  for (const auto& letter : akin::byte_letters()) add(letter);
  for (const auto& letter : akin::byte_letters()) add(letter + "</w>");
  for (const char* const piece : {"ca", "<|startoftext|>", "<|endoftext|>"}) add(piece);
  return R"({"model": {"vocab": {)" + pieces + R"(}, "merges": ["c a"]}})";
}

/// A folder with a model of random weights.
inline void put_small_clip(const std::string& folder, std::uint64_t seed, std::int64_t context = 16) {
  akin::clip_architecture a;
  a.embed = 24;
  a.image = {32, 32, 16, 64, 2, 2, 128, {}, akin::activation::gelu_exact};
  a.text = {context, 515, 48, 2, 3, 96, akin::activation::gelu_exact};
  std::filesystem::create_directories(folder);
  std::list<std::vector<float>> numbers;
  std::vector<akin::tensor_entry> entries;
  akin::random_stream random{seed, 0};
  for (const auto& tensor : akin::clip_tensors(a)) {
    auto& values = numbers.emplace_back();
    for (std::int64_t k = 0; k < tensor.size(); ++k) values.push_back(static_cast<float>(0.3 * random.normal()));
    entries.push_back(akin::make_entry<float>(tensor.name, tensor.shape, values));
  }
  akin::write_safetensors(folder + "/open_clip_model.safetensors", entries);
  akin::write_file_atomically(folder + "/open_clip_config.json", akin::clip_config_text(a, akin::weight_names::open_clip));
  akin::write_file_atomically(folder + "/tokenizer.json", small_vocabulary());
}
