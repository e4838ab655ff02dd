// SPDX-License-Identifier: Apache-2.0
// Resampled positions against PyTorch's interpolate.
#include <akin/clip/position_embedding.hpp>
#include <akin/io/safetensors.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

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

TEST_CASE("numbers that are no rows are one sentence") {
  std::vector<float> six(6), four(4);
  const auto image = [&](akin::patch_grid old_grid, akin::patch_grid grid, std::int64_t width, std::int64_t kept) {
    return sentence_of([&] { akin::resize_image_positions(six, old_grid, four, grid, width, kept); });
  };
  CHECK(image({2, 3}, {2, 2}, 1, 0) == "");
  CHECK(contains(image({2, 2}, {2, 2}, 1, 0), "6 and 4 numbers are no rows of 1 for 0 and 2 x 2 or 2 x 2 places"));
  CHECK(contains(image({2, 3}, {2, 2}, 1, 1), "no rows"));
  CHECK(contains(image({2, 3}, {0, 4}, 1, 0), "no rows"));
  CHECK(contains(image({-2, -3}, {2, 2}, 1, 0), "no rows"));
  CHECK(contains(sentence_of([&] { akin::resize_text_positions(six, four, 0); }), "6 and 4 numbers are no rows of 0"));
  CHECK(contains(sentence_of([&] { akin::resize_text_positions(six, four, 3); }), "no rows"));
  CHECK(contains(sentence_of([&] { akin::resize_text_positions({}, four, 2); }), "no rows"));
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
