// SPDX-License-Identifier: Apache-2.0
// Scores by class from a confusion matrix, and their table.
#include <akin/train/class_table.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

TEST_CASE("scores count rows of the confusion matrix") {
  const std::vector<akin::class_score> scores = akin::class_scores(3, {8, 1, 1, 0, 5, 0, 0, 0, 0});
  CHECK(scores[0].images == 10);
  CHECK(scores[0].correct == 8);
  CHECK(scores[0].accuracy() == doctest::Approx(0.8));
  CHECK(scores[0].rival == 1);  // the first of equals
  CHECK(scores[0].rival_images == 1);
  CHECK(scores[1].accuracy() == 1);
  CHECK(scores[1].rival_images == 0);
  CHECK(std::isnan(scores[2].accuracy()));
}

TEST_CASE("the table is aligned and its last row is all classes") {
  CHECK(akin::class_table({"cat", "caf\u00e9", "dog"}, {800, 100, 300, 0, 50, 0, 0, 0, 0}) ==
        "class  images  correct  accuracy  most confused with\n"
        "----------------------------------------------------\n"
        "cat     1,200      800    66.7 %  dog (300)\n"
        "caf\u00e9       50       50   100.0 %  -\n"
        "dog         0        0       n/a  -\n"
        "----------------------------------------------------\n"
        "all     1,250      850    68.0 %\n");
}

TEST_CASE("names are cut to 32 places and control characters never reach the console") {
  const std::string table = akin::class_table({"a\x1b[31m\nb", std::string(500, 'x')}, {1, 1, 0, 1});
  CHECK(contains(table, "a?[31m?b"));
  CHECK(contains(table, std::string(31, 'x') + "\u2026"));
  CHECK(!contains(table, std::string(32, 'x')));
  const std::string exact(32, 'y');
  CHECK(contains(akin::class_table({exact}, {1}), exact));
}

TEST_CASE("no classes, and matrices that do not fit") {
  CHECK(contains(akin::class_table({}, {}), "all"));
  CHECK(sentence_of([] {
          akin::class_table({"a", "b"}, {1, 2, 3});
        }) == "class_scores: the confusion matrix has 3 counts, expected 2 x 2");
  CHECK(sentence_of([] { akin::class_table({"a"}, {-1}); }) == "class_scores: the count of class 0 predicted as 0 is -1");
}
