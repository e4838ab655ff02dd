// SPDX-License-Identifier: Apache-2.0
// A cut or damaged image ends in one sentence or in pixels, the same ones whatever memory held before.
#include <akin/data/preprocess.hpp>
#include <akin/data/read_image.hpp>
#include <akin/support/random.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <malloc.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace {

/// What a model sees, or the sentence. Fresh memory is filled with `filling` (glibc's own malloc; sanitizers have means of their
/// own).
std::string outcome_of(const std::string& bytes, int filling) {
  ::mallopt(M_PERTURB, filling);
  std::string result;
  try {
    const akin::image seen =
        akin::preprocess(akin::decode_stored_image(bytes_of(bytes), "the file"), akin::clip_preprocessing(16));
    result.assign(seen.pixels.begin(), seen.pixels.end());
  } catch (const akin::error& mistake) {
    result = mistake.what();
    CHECK_MESSAGE(result.starts_with("image 'the file'"), result);
  }
  ::mallopt(M_PERTURB, 0);
  return result;
}

void check(const std::string& bytes) { CHECK(outcome_of(bytes, 0x55) == outcome_of(bytes, 0xaa)); }

template <class Damage>
void for_every_image(Damage damage) {
  for (const char* folder : {"/pixels/in", "/pixels/more/in"})
    for (const auto& entry : std::filesystem::directory_iterator(AKIN_GOLDEN_DIR + std::string(folder))) {
      const std::string name = entry.path().filename().string();
      CAPTURE(name);
      damage(akin::read_file(entry.path().string()));
    }
}

}  // namespace

TEST_CASE("cut at 20 places") {
  for_every_image([](const std::string& bytes) {
    for (std::size_t k = 0; k < 20; ++k) check(bytes.substr(0, k * bytes.size() / 20));
  });
}

TEST_CASE("200 bytes changed, one at a time") {
  for_every_image([](const std::string& bytes) {
    akin::random_stream random(bytes.size(), 1);
    for (int k = 0; k < 200; ++k) {
      std::string changed = bytes;
      const auto place = static_cast<std::size_t>(random.below(static_cast<std::int64_t>(bytes.size())));
      changed[place] = static_cast<char>(changed[place] ^ (1 + random.below(255)));
      check(changed);
    }
  });
}

TEST_CASE("200 bytes changed at once") {
  for_every_image([](const std::string& bytes) {
    akin::random_stream random(bytes.size(), 2);
    std::string changed = bytes;
    for (int k = 0; k < 200; ++k) {
      const auto place = static_cast<std::size_t>(random.below(static_cast<std::int64_t>(bytes.size())));
      changed[place] = static_cast<char>(random.below(256));
    }
    check(changed);
  });
}

TEST_CASE("bombs: what is small in the file and large in memory is refused by its size") {
  const auto refused = [](const std::string& bytes, std::string_view size) {
    const std::string sentence = sentence_of([&] { akin::decode_stored_image(bytes_of(bytes), "bomb"); });
    CHECK_MESSAGE(contains(sentence, "image 'bomb' has " + std::string(size) + " pixels, expected at most"), sentence);
  };
  const std::string folder = AKIN_GOLDEN_DIR "/pixels/more/in/";
  using namespace std::string_literals;
  std::string png = akin::read_file(folder + "gamma.png");
  png.replace(16, 8, "\0\0\x2e\xe0\0\0\x2e\xe0"s);  // 12,000 x 12,000
  const auto checksum = ::crc32(0, reinterpret_cast<const Bytef*>(&png[12]), 17);
  for (std::size_t k = 0; k < 4; ++k) png[29 + k] = static_cast<char>(checksum >> (24 - 8 * k));
  refused(png, "12000 x 12000");
  std::string jpeg = akin::read_file(folder + "gray.jpg");
  jpeg.replace(jpeg.find("\xff\xc0"s) + 5, 4, "\x2e\xe0\x2e\xe0"s);
  refused(jpeg, "12000 x 12000");
  std::string webp = akin::read_file(folder + "animation.webp");
  webp.replace(24, 6, "\xdf\x2e\0\xdf\x2e\0"s);
  refused(webp, "12000 x 12000");
  CHECK(contains(sentence_of([&] { akin::decode_pnm(bytes_of("P6 12000 12000 255\n"), "bomb"); }),
                 "ends early: 0 bytes follow its header"));
}
