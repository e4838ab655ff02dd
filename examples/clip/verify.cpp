// SPDX-License-Identifier: Apache-2.0
// akin-clip verify: a model's results against those that another program left beside it.
#include "answers.hpp"
#include "golden_folder.hpp"
#include "options.hpp"
#include "say.hpp"
#include "tower.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <utility>

namespace clip_program {

std::vector<double> doubles(std::span<const float> numbers) { return {numbers.begin(), numbers.end()}; }

double largest(std::span<const double> numbers) {
  double most = 0;
  for (const double x : numbers) most = std::max(most, std::abs(x));
  return most;
}

double furthest(std::span<const double> got, std::span<const double> expected) {
  double most = 0;
  for (std::size_t k = 0; k < expected.size(); ++k) {
    const double difference = std::abs(got[k] - expected[k]);
    most = std::isnan(difference) ? INFINITY : std::max(most, difference);
  }
  return most;
}

std::vector<double> unit_rows(std::vector<double> rows, std::int64_t width) {
  for (auto row = rows.begin(); row != rows.end(); row += width) {
    double square = 0;
    for (auto x = row; x != row + width; ++x) square += *x * *x;
    for (auto x = row; x != row + width; ++x) *x /= std::sqrt(square);
  }
  return rows;
}

golden_folder::golden_folder(const std::string& path)
    : path_{path}, model{akin::open_clip_folder(path)}, pixels{akin::read_npy<float>(path + "/images.npy")} {
  const auto& a = model.architecture;
  const std::vector<std::int64_t> expected{pixels.shape.empty() ? 0 : pixels.shape[0], 3, a.image.height, a.image.columns};
  if (pixels.shape != expected)
    akin::fail("'", path, "/images.npy' has the shape ", akin::shape_text(pixels.shape), ", but the model takes images of [3, ",
               a.image.height, ", ", a.image.columns, "]");
  auto tokens = akin::read_npy<std::int64_t>(path + "/tokens.npy");
  if (tokens.shape.size() != 2 || tokens.shape[1] != a.text.context)
    akin::fail("'", path, "/tokens.npy' has the shape ", akin::shape_text(tokens.shape), ", but the model takes texts of ",
               a.text.context, " tokens");
  for (const std::int64_t id : tokens.values) {
    if (id < 0 || id >= a.text.vocabulary)
      akin::fail("'", path, "/tokens.npy' has the id ", id, ", but the vocabulary ends at ", a.text.vocabulary - 1);
    ids.push_back(static_cast<std::int32_t>(id));
  }
  ids_shape = std::move(tokens.shape);
}

std::vector<double> golden_folder::numbers(const std::string& file, std::span<const std::int64_t> shape) const {
  const auto array = akin::read_npy<float>(path_ + "/" + file);
  if (!std::ranges::equal(array.shape, shape))
    akin::fail("'", path_, "/", file, "' has the shape ", akin::shape_text(array.shape), ", expected ", akin::shape_text(shape));
  return {array.values.begin(), array.values.end()};
}

namespace {

std::vector<double> logits_of(const golden_folder& golden, std::span<const double> images, std::span<const double> texts) {
  const auto [scale, bias] = akin::read_logit_scale(golden.model.weights);
  const auto width = golden.model.architecture.embed;
  std::vector<double> logits;
  for (auto i = images.begin(); i != images.end(); i += width)
    for (auto t = texts.begin(); t != texts.end(); t += width)
      logits.push_back(scale * std::inner_product(i, i + width, t, 0.0) + bias);
  return logits;
}

/// Features, and the logits that follow from them.
std::vector<comparison> verify_features(const golden_folder& golden, const threads& pool) {
  const auto& family = family_of(golden.model.architecture);
  const std::int64_t embed = golden.model.architecture.embed, images = golden.pixels.shape[0], texts = golden.ids_shape[0];
  const auto image_features = doubles(family.images(golden.model, pool)->features(golden.pixels.values));
  const auto text_features = doubles(family.texts(golden.model, pool)->features(golden.ids));
  const auto image_embeds = unit_rows(image_features, embed), text_embeds = unit_rows(text_features, embed);
  std::vector<comparison> report;
  const auto compare = [&](const std::string& file, const std::vector<double>& got, std::int64_t rows) {
    if (!golden.has(file)) return;
    const auto expected = golden.numbers(file, std::vector{rows, embed});
    const double absolute = furthest(got, expected), relative = absolute / largest(expected);
    report.push_back({file, absolute, relative, "5e-6 of the largest entry", relative <= 5e-6});
  };
  compare("image_features.npy", image_features, images);
  compare("text_features.npy", text_features, texts);
  compare("image_embeds.npy", image_embeds, images);
  compare("text_embeds.npy", text_embeds, texts);
  if (!golden.has("logits.npy")) return report;
  const auto expected = golden.numbers("logits.npy", std::vector{images, texts});
  const double absolute = furthest(logits_of(golden, image_embeds, text_embeds), expected);
  report.push_back({"logits.npy", absolute, absolute / largest(expected), "2e-5", absolute <= 2e-5});
  return report;
}

}  // namespace

int verify(const verify_options& o) {
  const golden_folder golden{o.folder};
  auto pool = std::make_shared<akin::thread_pool>(o.threads > 0 ? o.threads : akin::thread_pool::hardware());
  auto report = verify_features(golden, pool);
  for (auto& each : family_of(golden.model.architecture).verify_training(golden, pool)) report.push_back(std::move(each));
  if (report.empty())
    akin::fail("'", o.folder,
               "' has no results to compare with: expected image_features.npy, text_features.npy, logits.npy or others that "
               "--help lists");

  std::printf("%-22s %12s %12s  %-46s %s\n", "file", "absolute", "relative", "tolerance", "verdict");
  const auto text_of = [](double difference) { return std::isfinite(difference) ? number_text(difference, 3) : std::string{"not finite"}; };
  for (const auto& c : report)
    std::printf("%-22s %12s %12s  %-46s %s\n", c.file.c_str(), text_of(c.absolute).c_str(), text_of(c.relative).c_str(), c.tolerance.c_str(),
                c.passed ? "agrees" : "DIFFERS");
  const auto failures = std::ranges::count_if(report, [](const comparison& c) { return !c.passed; });
  if (failures > 0)
    say(std::to_string(failures) + " of " + counted(std::ssize(report), "file") + " differ by more than their tolerance");
  return failures > 0 ? exit_failed : exit_done;
}

}  // namespace clip_program
