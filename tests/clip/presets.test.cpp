// SPDX-License-Identifier: Apache-2.0
// Public models by name: their parameters, and every tensor's name and shape, are open_clip's and transformers'.
#include <akin/clip/layouts.hpp>
#include <akin/clip/presets.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

namespace {

// As tests/golden/clip/make.py: 64-bit FNV-1a of the sorted lines.
std::string checksum(const std::vector<akin::tensor_shape>& tensors) {
  std::vector<std::string> lines;
  for (const auto& tensor : tensors) lines.push_back(tensor.name + ' ' + akin::shape_text(tensor.shape) + '\n');
  std::ranges::sort(lines);
  std::uint64_t value = 0xcbf29ce484222325;
  for (const auto& line : lines)
    for (const char c : line) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

std::vector<std::vector<std::string>> golden_rows() {
  std::istringstream lines{akin::read_file(std::string{AKIN_GOLDEN_DIR} + "/clip/presets.csv")};
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream cells{line};
    auto& row = rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
    row.resize(6);
  }
  rows.erase(rows.begin());
  return rows;
}

}  // namespace

TEST_CASE("every preset has open_clip's parameters, tensors and shapes, and transformers' in its names") {
  std::vector<std::string> names;
  akin::for_each_clip_preset([&](std::string_view name) { names.emplace_back(name); });
  const auto rows = golden_rows();
  REQUIRE(rows.size() == names.size());
  for (std::size_t k = 0; k < rows.size(); ++k) {
    CAPTURE(names[k]);
    CHECK(rows[k][0] == names[k]);
    const auto a = akin::clip_preset(names[k]);
    akin::check_architecture(a, names[k]);
    CHECK(std::to_string(akin::parameter_count(a)) == rows[k][1]);
    const auto ours = akin::layout_of(a, akin::weight_names::open_clip);
    CHECK(std::to_string(ours.theirs.size()) == rows[k][2]);
    CHECK(checksum(ours.theirs) == rows[k][3]);
    if (a.family == akin::clip_family::residual_network) continue;
    const auto theirs = akin::layout_of(a, akin::weight_names::transformers);
    CHECK(std::to_string(theirs.theirs.size()) == rows[k][4]);
    CHECK(checksum(theirs.theirs) == rows[k][5]);
  }
}

TEST_CASE("the millions of the published table") {
  struct row {
    const char* name;
    double millions;
  };
  for (const auto& [name, millions] :
       {row{"ViT-B-32", 151.28}, row{"ViT-B-16", 149.62}, row{"ViT-L-14", 427.62}, row{"ViT-H-14", 986.11},
        row{"ViT-g-14", 1366.68}, row{"ViT-bigG-14", 2539.57}, row{"RN50", 102.01}, row{"RN101", 119.69}, row{"RN50x64", 623.26},
        row{"ViT-B-16-SigLIP", 203.16}, row{"ViT-L-16-SigLIP-256", 652.15}, row{"ViT-SO400M-14-SigLIP", 877.36}})
    CHECK(static_cast<double>(akin::parameter_count(akin::clip_preset(name))) / 1e6 ==
          doctest::Approx(millions).epsilon(0.005 / millions));
}

TEST_CASE("each number of a model lies in one place of a file") {
  akin::for_each_clip_preset([](std::string_view name) {
    CAPTURE(name);
    const auto a = akin::clip_preset(name);
    if (a.family == akin::clip_family::residual_network) return;
    const auto layout = akin::layout_of(a, akin::weight_names::transformers);
    std::vector<std::int64_t> ours(layout.ours.size()), theirs(layout.theirs.size());
    for (const auto& piece : layout.pieces) ours[piece.from] += piece.count, theirs[piece.to] += piece.count;
    for (std::size_t k = 0; k < ours.size(); ++k) CHECK(ours[k] == layout.ours[k].size());
    for (std::size_t k = 0; k < theirs.size(); ++k) CHECK(theirs[k] == layout.theirs[k].size());
  });
}

TEST_CASE("names") {
  CHECK(akin::clip_preset("ViT-B/32") == akin::clip_preset("ViT-B-32"));
  CHECK(akin::clip_preset("ViT-B-32").text.function == akin::activation::gelu_exact);
  const auto quick = akin::clip_preset("ViT-B-32-quickgelu");
  CHECK(quick.image.function == akin::activation::gelu_quick);
  CHECK(quick.text.function == akin::activation::gelu_quick);
  CHECK(akin::clip_preset("ViT-H-14").image.heads == 16);  // 80 wide, not 64
  CHECK(contains(sentence_of([] { akin::clip_preset("ViT-Z-1"); }), "there is no model 'ViT-Z-1'; there are ViT-S-32, "));
  CHECK(contains(sentence_of([] { akin::clip_preset("ViT-B-16-SigLIP-quickgelu"); }), "there is no model"));
  CHECK(contains(sentence_of([] { akin::layout_of(akin::clip_preset("RN50"), akin::weight_names::transformers); }),
                 "residual network"));
}

TEST_CASE("an architecture has open_clip's name, or that of its family") {
  akin::for_each_clip_preset([](std::string_view name) { CHECK(akin::name_of(akin::clip_preset(name)) == name); });
  CHECK(akin::name_of(akin::clip_preset("RN50-quickgelu")) == "RN50-quickgelu");
  auto other = akin::clip_preset("ViT-B-32");
  other.embed = 7;
  CHECK(akin::name_of(other) == "a Vision Transformer");
}
