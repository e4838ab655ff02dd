// SPDX-License-Identifier: Apache-2.0
// Prompts, class means, probabilities and files of zero-shot classification.
#include <akin/text/zero_shot.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using list = std::vector<std::string>;

/// Features that follow from the prompt alone: two numbers that nobody scaled.
std::vector<float> features_of(std::span<const std::string> prompts) {
  std::vector<float> features;
  for (const std::string& prompt : prompts) {
    features.push_back(prompt.find("cat") != std::string::npos ? 3.0f : 0.5f);
    features.push_back(static_cast<float>(prompt.size()));
  }
  return features;
}

const list names{"cat", "dog"}, templates{"{}", "a photo of a {}."};

akin::zero_shot_classifier pets() { return akin::make_classifier(names, templates, "model a", features_of); }

}  // namespace

TEST_CASE("templates come from a file, and names go into them") {
  const temporary_folder folder;
  const auto path = folder.put("templates",
                               "\xef\xbb\xbf"
                               "a photo of a {}.\r\n\n{}\nthe {} in snow");
  CHECK(akin::read_templates(path) == list{"a photo of a {}.", "{}", "the {} in snow"});
  CHECK(akin::prompts_for("caf\u00e9", akin::read_templates(path)) ==
        list{"a photo of a caf\u00e9.", "caf\u00e9", "the caf\u00e9 in snow"});
  CHECK(contains(sentence_of([&] { akin::read_templates(folder.put("flat", "{}\na hat")); }), "'a hat' has no {}"));
  CHECK(contains(sentence_of([&] { akin::read_templates(folder.put("two", "{}\n{} and {}")); }), "two': template '{} and {}' has several {}"));
  CHECK(contains(sentence_of([&] { akin::read_names(folder.put("empty", "\n\n")); }), "has no lines"));
  CHECK(contains(sentence_of([&] { akin::read_names(folder.put("latin1", "a\ncaf\xe9\n")); }), "line 2"));
}

TEST_CASE("a class is the mean of its prompts at unit length, at unit length again") {
  const auto classifier = pets();
  CHECK(classifier.embed == 2);
  for (std::size_t one = 0; one < 2; ++one) {
    // In double, by hand: prompts of 3 and 17 letters.
    const double first = one == 0 ? 3.0 : 0.5, a = std::hypot(first, 3), b = std::hypot(first, 17);
    const double x = (first / a + first / b) / 2, y = (3 / a + 17 / b) / 2, length = std::hypot(x, y);
    CHECK(classifier.classes[2 * one] == doctest::Approx(x / length).epsilon(1e-6));
    CHECK(classifier.classes[2 * one + 1] == doctest::Approx(y / length).epsilon(1e-6));
  }
}

TEST_CASE("a class of several names is the mean of the prompts of all, under its first name") {
  const std::vector<list> classes{{"cat", "kitten"}, {"dog"}};
  const auto several = akin::make_classifier(classes, templates, "m", features_of);
  CHECK(several.names == names);
  // "kitten" has no "cat" in it: prompts of 3, 17, 6 and 20 letters.
  double x = 0, y = 0;
  for (const auto& [first, second] : {std::pair{3.0, 3}, {3.0, 17}, {0.5, 6}, {0.5, 20}})
    x += first / std::hypot(first, second), y += second / std::hypot(first, second);
  CHECK(several.classes[0] == doctest::Approx(x / std::hypot(x, y)).epsilon(1e-6));
  CHECK(several.classes[1] == doctest::Approx(y / std::hypot(x, y)).epsilon(1e-6));
  CHECK(several.classes[2] == pets().classes[2]);
  CHECK(contains(sentence_of([&] { akin::make_classifier(std::vector<list>{{"a"}, {}}, templates, "m", features_of); }), "class 1 has no name"));
}

TEST_CASE("numbers that are not finite are refused, as features and in a file") {
  std::vector<float> rows{1, 2, std::nanf(""), 1};
  CHECK(contains(sentence_of([&] { akin::normalize_rows(rows, 2); }), "row 1 has numbers that are not finite"));
  CHECK(contains(sentence_of([&] { static_cast<void>(pets().cosines(rows)); }), "row 1 has numbers that are not finite"));
  const temporary_folder folder;
  auto classifier = pets();
  classifier.classes[1] = -HUGE_VALF;
  akin::save_classifier(folder / "c.safetensors", classifier);
  CHECK(contains(sentence_of([&] { akin::load_classifier(folder / "c.safetensors"); }), "c.safetensors' has numbers that are not finite"));
}

TEST_CASE("probabilities are a softmax with scale 100, or one sigmoid for each class") {
  const auto classifier = pets();
  const std::vector<float> images{2, 5, 0.1f, 7};  // of any length
  const auto cosines = classifier.cosines(images), shares = classifier.probabilities(images),
             single = classifier.independent_probabilities(images, 10, -9);
  REQUIRE(cosines.size() == 4);
  for (std::size_t image = 0; image < 2; ++image) {
    const double cat = static_cast<double>(cosines[2 * image]), dog = static_cast<double>(cosines[2 * image + 1]);
    const double length = std::hypot(images[2 * image], images[2 * image + 1]);
    CHECK(cat ==
          doctest::Approx((images[2 * image] * classifier.classes[0] + images[2 * image + 1] * classifier.classes[1]) / length)
              .epsilon(1e-5));
    CHECK(shares[2 * image] == doctest::Approx(1 / (1 + std::exp(100 * (dog - cat)))).epsilon(1e-4));
    CHECK(shares[2 * image] + shares[2 * image + 1] == doctest::Approx(1));
    CHECK(single[2 * image] == doctest::Approx(1 / (1 + std::exp(9 - 10 * cat))).epsilon(1e-5));
  }
  CHECK(shares[0] > 0.9f);
  CHECK(shares[3] > 0.9f);
}

TEST_CASE("a threshold gives several labels or none") {
  const std::vector<float> scores{0.2f, 0.9f, 0.5f, 0.9f};
  CHECK(akin::classes_above(scores, 0.5f) == std::vector<std::size_t>{1, 3, 2});
  CHECK(akin::classes_above(scores, 0.95f).empty());
}

TEST_CASE("a classifier is the same after saving and loading, and refuses other weights") {
  const temporary_folder folder;
  auto classifier = pets();
  classifier.names[1] = "Hund, \"gro\u00df\"\nund alt";
  const std::string path = folder / "pets.safetensors";
  akin::save_classifier(path, classifier);
  for (const char* model : {"", "model a"}) {
    const auto loaded = akin::load_classifier(path, model);
    CHECK(loaded.names == classifier.names);
    CHECK(loaded.classes == classifier.classes);
    CHECK(loaded.embed == 2);
    CHECK(loaded.model == "model a");
  }
  CHECK(contains(sentence_of([&] { akin::load_classifier(path, "model b"); }),
                 "was made with 'model a', but the model is 'model b'"));
}

TEST_CASE("every mistake is one sentence") {
  std::vector<float> three(3, 1);
  for (const std::int64_t width : {0, -1, 2})
    CHECK(contains(sentence_of([&] { akin::normalize_rows(three, width); }), "3 numbers are no rows of "));
  const temporary_folder folder;
  const auto none = [](std::span<const std::string>) { return std::vector<float>{}; };
  const auto zero = [](std::span<const std::string> prompts) { return std::vector<float>(prompts.size() * 2); };
  const auto uneven = [](std::span<const std::string>) { return std::vector<float>(3, 1.0f); };
  CHECK(contains(sentence_of([&] { akin::make_classifier(list{}, templates, "m", zero); }), "0 classes and 2 templates"));
  CHECK(contains(sentence_of([&] { akin::make_classifier(names, list{"flat"}, "m", zero); }), "no {}"));
  CHECK(contains(sentence_of([&] { akin::make_classifier(names, templates, "m", none); }),
                 "'cat' has 0 numbers for its 2 prompts"));
  CHECK(contains(sentence_of([&] { akin::make_classifier(names, templates, "m", uneven); }), "3 numbers for its 2 prompts"));
  CHECK(contains(sentence_of([&] { akin::make_classifier(names, templates, "m", zero); }), "no mean"));
  CHECK(contains(sentence_of([&] { pets().cosines(std::vector<float>(3)); }), "expected rows of 2"));

  const std::vector<float> numbers{1, 0};
  const auto entry = akin::make_entry("classes", {1, 2}, std::span<const float>(numbers));
  const std::string path = folder / "x.safetensors";
  akin::write_safetensors(path, {&entry, 1});
  CHECK(contains(sentence_of([&] { akin::load_classifier(path); }), "another kind of file"));
  akin::write_safetensors(path, {&entry, 1}, {{"model", "m"}, {"names", "[\"a\", \"b\"]"}});
  CHECK(contains(sentence_of([&] { akin::load_classifier(path); }), "has 2 names, and classes of another shape"));
}
