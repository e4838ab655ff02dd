// SPDX-License-Identifier: Apache-2.0
// A folder of images comes in batches, in the order of the names, without what cannot be read.
#include <akin/data/image_folder.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

namespace {

const std::string golden = AKIN_GOLDEN_DIR "/pixels/in/";

struct loaded {
  std::vector<std::string> paths;
  std::vector<float> pixels;
  std::vector<akin::skipped_image> skipped;
};

loaded load(const std::string& folder, int threads, std::int64_t batch) {
  akin::image_loader loader(akin::image_files(folder).images, akin::clip_preprocessing(20),
                            std::make_shared<akin::thread_pool>(threads));
  loaded all;
  while (!loader.at_end()) {
    const akin::image_batch some = loader.next(batch);
    all.paths.insert(all.paths.end(), some.paths.begin(), some.paths.end());
    all.pixels.insert(all.pixels.end(), some.pixels.begin(), some.pixels.end());
  }
  all.skipped = loader.skipped();
  return all;
}

}  // namespace

TEST_CASE("names of every kind, folders in folders, files that are no images") {
  const temporary_folder folder;
  std::filesystem::create_directory(folder / "below");
  const std::string jpeg = akin::read_file(golden + "photo_420.jpg"), png = akin::read_file(golden + "gray.png");
  for (const char* name : {"a b.jpg", "new\nline.PNG", "\xc3\xa9\xe2\x98\x83.jpeg", "below/c.Png"})
    folder.put(name, contains(name, "j") ? jpeg : png);
  folder.put("b.jpg", jpeg.substr(0, 5000));
  folder.put("bomb.ppm", "P6 99999 99999 255\n");
  folder.put("notes.txt", "no image");
  folder.put("jpg", "no ending");
  const loaded one = load(folder.path(), 1, 2);
  CHECK(one.paths == std::vector<std::string>{folder / "a b.jpg", folder / "below/c.Png", folder / "new\nline.PNG",
                                              folder / "\xc3\xa9\xe2\x98\x83.jpeg"});
  REQUIRE(one.skipped.size() == 2);
  CHECK(one.skipped[0].path == folder / "b.jpg");
  CHECK(contains(one.skipped[0].reason, "is not a readable JPEG file"));
  CHECK(one.skipped[1].path == folder / "bomb.ppm");
  const std::size_t each = 3 * 20 * 20;
  REQUIRE(one.pixels.size() == 4 * each);
  const akin::preprocessing how = akin::clip_preprocessing(20);
  std::vector<float> expected(each);
  akin::normalize(akin::preprocess(akin::read_stored_image(golden + "gray.png"), how), how, expected);
  for (const std::size_t k : {1u, 2u})
    CHECK(std::equal(expected.begin(), expected.end(), one.pixels.begin() + static_cast<std::ptrdiff_t>(k * each)));
  for (const int threads : {2, 3}) CHECK(load(folder.path(), threads, 5).pixels == one.pixels);
}

TEST_CASE("links that lead nowhere are skipped by name, and end nothing") {
  const temporary_folder folder;
  std::filesystem::copy(golden + "gray.png", folder / "a.png");
  std::filesystem::create_symlink("itself.png", folder / "itself.png");
  std::filesystem::create_symlink("absent.png", folder / "nowhere.png");
  std::filesystem::create_directory(folder / "folder.png");
  std::filesystem::create_symlink("folder.png", folder / "linked.png");
  const loaded one = load(folder.path(), 1, 8);
  CHECK(one.paths == std::vector<std::string>{folder / "a.png"});
  REQUIRE(one.skipped.size() == 2);
  CHECK(contains(one.skipped[0].reason, "itself.png"));
  CHECK(contains(one.skipped[1].reason, "nowhere.png"));
}

TEST_CASE("an image for which there is no memory is skipped by name") {
  CHECK(akin::why_unreadable("a.png", [] { throw std::bad_alloc{}; }) == "there is no memory for image 'a.png'");
  CHECK(akin::why_unreadable("a.png", [] { akin::fail("broken"); }) == "broken");
  CHECK(akin::why_unreadable("a.png", [] {}).empty());
}

TEST_CASE("an empty folder has no images, a missing one is a sentence") {
  const temporary_folder folder;
  CHECK(akin::image_files(folder.path()).images.empty());
  CHECK(akin::image_files(folder.path()).others == 0);
  CHECK(akin::image_loader({}, akin::clip_preprocessing()).at_end());
  const auto missing = akin::image_files(folder / "missing");
  CHECK(missing.images.empty());
  REQUIRE(missing.unreadable.size() == 1);
  CHECK(missing.unreadable[0].reason == "cannot read the folder '" + folder / "missing" + "': No such file or directory");
  CHECK(contains(sentence_of([] { akin::image_loader{{}, akin::clip_preprocessing(0)}; }), "got the size 0"));
}

TEST_CASE("files with other names are counted, folders are not") {
  const temporary_folder folder;
  std::filesystem::create_directory(folder / "below.png");
  folder.put("below.png/a.PNG", "x");
  folder.put("below.png/b.gif", "x");
  folder.put("readme", "x");
  const auto found = akin::image_files(folder.path());
  CHECK(found.images == std::vector{folder / "below.png/a.PNG"});
  CHECK(found.others == 2);
}

TEST_CASE("what a dot hides is left out, unless it is named itself") {
  const temporary_folder folder;
  for (const char* const name : {".hidden", "shown"}) std::filesystem::create_directory(folder / name);
  folder.put(".hidden/a.png", "x");
  folder.put("shown/._a.png", "x");
  folder.put("shown/a.png", "x");
  const auto found = akin::image_files(folder.path());
  CHECK(found.images == std::vector{folder / "shown/a.png"});
  CHECK(found.others == 1);
  CHECK(akin::image_files(folder / ".hidden").images == std::vector{folder / ".hidden/a.png"});
}

TEST_CASE("linked folders are gone through once, whichever ways lead there") {
  const temporary_folder folder, elsewhere;
  elsewhere.put("a.png", "x");
  std::filesystem::create_directory(folder / "below");
  std::filesystem::create_directory_symlink(elsewhere.path(), folder / "below/linked");
  std::filesystem::create_directory_symlink(folder.path(), folder / "below/back");
  std::filesystem::create_directory_symlink(folder / "itself", folder / "itself");
  for (int k = 0; k < 30; ++k) {  // two ways from each to the next: a thousand million to the last
    const std::string here = folder / ("x" + std::to_string(k)), next = folder / ("x" + std::to_string(k + 1));
    std::filesystem::create_directory(here);
    for (const char* const way : {"/one", "/other"}) std::filesystem::create_directory_symlink(next, here + way);
  }
  std::filesystem::create_directory(folder / "x30");
  folder.put("x30/b.png", "x");
  const auto found = akin::image_files(folder.path());
  CHECK(found.images.size() == 2);
  CHECK(found.images[0] == folder / "below/linked/a.png");
  CHECK(found.images[1].ends_with("/b.png"));
  CHECK(found.unreadable.empty());
}

TEST_CASE("folders that cannot be read are named, with the reason") {
  const temporary_folder folder;
  for (const char* const name : {"closed", "without names", "without names/below"}) std::filesystem::create_directory(folder / name);
  folder.put("closed/b.png", "x");
  folder.put("a.png", "x");
  folder.put("without names/c.png", "x");
  std::filesystem::create_symlink(folder / "without names/c.png", folder / "link.png");
  std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
  std::filesystem::permissions(folder / "closed", std::filesystem::perms::none);
  std::filesystem::permissions(folder / "without names", std::filesystem::perms::owner_read | std::filesystem::perms::group_read | std::filesystem::perms::others_read);
  const bool is_root = ::geteuid() == 0;
  if (is_root) REQUIRE(::seteuid(65534) == 0);  // root reads everything
  const auto found = akin::image_files(folder.path());
  if (is_root) REQUIRE(::seteuid(0) == 0);
  for (const char* const name : {"closed", "without names"}) std::filesystem::permissions(folder / name, std::filesystem::perms::all);
  CHECK(found.images == std::vector{folder / "a.png"});
  CHECK(found.others == 0);
  REQUIRE(found.unreadable.size() == 3);
  CHECK(found.unreadable[0].reason == "cannot read the folder '" + folder / "closed" + "': Permission denied");
  CHECK(found.unreadable[1].reason == "cannot follow the link '" + folder / "link.png" + "': Permission denied");
  CHECK(found.unreadable[2].reason == "cannot look into the folder '" + folder / "without names" + "': Permission denied");
}

TEST_CASE("memory does not grow with the folder") {
  const temporary_folder folder;
  const std::string large = "P5 2000 2000 255\n" + std::string(4'000'000, '\x33');  // 4 MB each
  for (int k = 0; k < 40; ++k) folder.put(std::to_string(k) + ".pgm", large);
  load(folder.path(), 1, 1);
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  akin::image_loader loader(akin::image_files(folder.path()).images, akin::clip_preprocessing(20),
                            std::make_shared<akin::thread_pool>(1));
  while (!loader.at_end()) loader.next(8);
  ::getrusage(RUSAGE_SELF, &after);
  CHECK(after.ru_maxrss - before.ru_maxrss < 8 * 1024);  // KiB
}
