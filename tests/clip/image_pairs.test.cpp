// SPDX-License-Identifier: Apache-2.0
// Files of pairs as they are written by hand and by open_clip's users.
#include <akin/clip/image_pairs.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <string>
#include <vector>

using list = std::vector<std::string>;

TEST_CASE("several captions, several files, names of every kind") {
  const temporary_folder folder;
  folder.put("one.tsv", "\xef\xbb\xbf" "filepath\ttitle\r\na b.png\tone\r\n\r\n\xc3\xa9.png\ttwo\tparts\r\na b.png\t\xff three");
  folder.put("two.tsv", ".//a b.png\teins\n/elsewhere/c.png\t\n");
  akin::image_pairs pairs;
  akin::read_image_pairs(folder / "one.tsv", pairs);
  akin::read_image_pairs(folder / "two.tsv", pairs);
  CHECK(pairs.paths == list{folder / "a b.png", folder / "\xc3\xa9.png", "/elsewhere/c.png"});
  CHECK(pairs.names == list{"a b.png", "\xc3\xa9.png", "/elsewhere/c.png"});
  CHECK(pairs.captions == list{"one", "two\tparts", "\xef\xbf\xbd three", "eins", ""});
  CHECK(pairs.image_of_caption == std::vector<std::int32_t>{0, 1, 0, 0, 2});
  CHECK(pairs.replaced == 1);
}

TEST_CASE("a line without a tab is named") {
  const temporary_folder folder;
  folder.put("bad.tsv", "a.png\tone\nfilepath\n");
  akin::image_pairs pairs;
  const std::string expected = "'" + (folder / "bad.tsv") + "', line 2 has no tab between an image and its caption";
  CHECK_THROWS_WITH_AS(akin::read_image_pairs(folder / "bad.tsv", pairs), expected.c_str(), akin::error);
}
