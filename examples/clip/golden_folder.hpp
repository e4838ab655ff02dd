// SPDX-License-Identifier: Apache-2.0
// A model beside what another program computed with it.
#pragma once

#include <akin/clip/folder.hpp>
#include <akin/io/npy.hpp>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace clip_program {

/// One line of the report.
struct comparison {
  std::string file;
  double absolute = 0, relative = 0;  // largest differences
  std::string tolerance;
  bool passed = false;
};

double largest(std::span<const double> numbers);
std::vector<double> doubles(std::span<const float> numbers);
/// Infinite where one of them is not a number.
double furthest(std::span<const double> got, std::span<const double> expected);
/// Each row divided by its length.
std::vector<double> unit_rows(std::vector<double> rows, std::int64_t width);

/// A folder with a model, a batch, and results that another program computed for it.
class golden_folder {
 public:
  explicit golden_folder(const std::string& path);

  bool has(const std::string& file) const { return std::filesystem::exists(path_ + "/" + file); }
  std::vector<double> numbers(const std::string& file, std::span<const std::int64_t> shape) const;
  akin::safetensors_file tensors(const std::string& file) const { return akin::safetensors_file{path_ + "/" + file}; }

 private:
  std::string path_;

 public:
  akin::clip_folder model;
  akin::npy_array<float> pixels;
  std::vector<std::int64_t> ids_shape;
  std::vector<std::int32_t> ids;
};

}  // namespace clip_program
