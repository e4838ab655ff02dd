// SPDX-License-Identifier: Apache-2.0
// akin-clip pixels writes open_clip's pixels, byte for byte as numpy.save does, and says what is wrong in one sentence.
#include "support/files.hpp"
#include "support/program.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

TEST_CASE("the file is the one that open_clip and NumPy write, whatever the names") {
  const temporary_folder work;
  for (const auto& entry : std::filesystem::directory_iterator(AKIN_GOLDEN_DIR "/pixels/in")) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    const std::string copy =
        work.put("a name\nin two lines, \xc3\xa9\xe2\x98\x83 " + name, akin::read_file(entry.path().string()));
    const outcome result = run({"pixels", copy, copy + ".npy", "--size", "64"}, work);
    CHECK(result.code == 0);
    CHECK(result.err == "");
    CHECK(akin::read_file(copy + ".npy") == akin::read_file(AKIN_GOLDEN_DIR "/pixels/out/" + name + ".u8.npy"));
  }
}

TEST_CASE("what cannot be read leaves one sentence and no file") {
  const temporary_folder work;
  const std::string cut = work.put("cut.jpg", akin::read_file(AKIN_GOLDEN_DIR "/pixels/in/photo_420.jpg").substr(0, 9000));
  for (const std::string& file :
       {cut, work.put("empty.png", ""), work.put("text.png", "no picture"), work / "missing.png", work.path()}) {
    CAPTURE(file);
    const outcome result = run({"pixels", file, work / "out.npy"}, work);
    CHECK(result.code == 1);
    CHECK(contains(result.err, file));
    CHECK(result.err.find('\n') == result.err.size() - 1);
    CHECK(!std::filesystem::exists(work / "out.npy"));
  }
  CHECK(run({"pixels", cut, work / "out.npy", "--size", "0"}, work).code == 2);
  CHECK(run({"pixels", cut, work / "text.png"}, work).code == 2);
  CHECK(akin::read_file(work / "text.png") == "no picture");
  CHECK(run({"pixels", cut}, work).code == 2);
}
