// SPDX-License-Identifier: Apache-2.0
// Resampled positions against PyTorch's interpolate.
#include <akin/clip/position_embedding.hpp>
#include <akin/io/safetensors.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

namespace {

double furthest(const std::vector<float>& got, const std::vector<float>& expected) {
  double most = got.size() == expected.size() ? 0 : INFINITY;
  for (std::size_t k = 0; k < std::min(got.size(), expected.size()); ++k)
    most = std::max(most, std::abs(static_cast<double>(got[k] - expected[k])));
  return most;
}

}  // namespace

TEST_CASE("positions of patches and tokens as torch.nn.functional.interpolate resamples them") {
  const akin::safetensors_file golden{std::string{AKIN_GOLDEN_DIR} + "/clip/positions.safetensors"};
  int grids = 0, texts = 0;
  for (int k = 0; golden.find(std::to_string(k) + ".from"); ++k) {
    CAPTURE(k);
    const auto *from = golden.find(std::to_string(k) + ".from"), *to = golden.find(std::to_string(k) + ".to");
    const auto old = golden.read<float>(from->name), expected = golden.read<float>(to->name);
    const std::int64_t width = to->shape.back();
    std::vector<float> got(expected.size());
    if (to->shape.size() == 2) {
      akin::resize_text_positions(old, got, width);
      CHECK(furthest(got, expected) < 1e-6);
      ++texts;
      continue;
    }
    const akin::patch_grid old_grid{from->shape[0], from->shape[1]}, grid{to->shape[0], to->shape[1]};
    akin::resize_image_positions(old, old_grid, got, grid, width, 0);
    CHECK(furthest(got, expected) < 5e-6);  // PyTorch's sums are in fp32
    ++grids;

    // A class token in front stays as it is.
    std::vector<float> with_class(static_cast<std::size_t>(width), 7.5f), resized(got.size() + with_class.size());
    with_class.insert(with_class.end(), old.begin(), old.end());
    akin::resize_image_positions(with_class, old_grid, resized, grid, width, 1);
    CHECK(std::vector<float>(resized.begin() + width, resized.end()) == got);
    for (std::int64_t c = 0; c < width; ++c) CHECK(resized[static_cast<std::size_t>(c)] == 7.5f);
  }
  CHECK(grids >= 6);
  CHECK(texts >= 3);
}

TEST_CASE("the same size changes nothing, and constants stay constant") {
  std::vector<float> x{1, -2, 3, 4, 5, -6, 7, 8, 9, 1, 2, 3}, y(x.size());
  akin::resize_image_positions(x, {2, 3}, y, {2, 3}, 2, 0);
  CHECK(x == y);
  akin::resize_text_positions(x, y, 2);
  CHECK(x == y);
  std::vector<float> ones(9, 1.25f), more(35);
  akin::resize_image_positions(ones, {3, 3}, more, {5, 7}, 1, 0);
  for (const float v : more) CHECK(v == doctest::Approx(1.25f));
}
