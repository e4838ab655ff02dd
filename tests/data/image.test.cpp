// SPDX-License-Identifier: Apache-2.0
// Images of every kind decode to the pixels they hold, and cut, damaged or monstrous files are refused with one sentence.
#include <akin/data/read_image.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <png.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_literals;
using pixels = std::vector<std::uint8_t>;

struct png_description {
  png_uint_32 width = 5, height = 4;
  int type = PNG_COLOR_TYPE_RGB;
  int depth = 8;
  int interlace = PNG_INTERLACE_NONE;
  bool transparent = false;
};

/// A PNG file whose rows, as they are stored, come from row(y).
template <class Row>
std::string png_file(const png_description& wanted, Row row) {
  std::string bytes;
  png_structp png = ::png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = ::png_create_info_struct(png);
  ::png_set_write_fn(
      png, &bytes,
      [](png_structp to, png_bytep data, std::size_t size) {
        static_cast<std::string*>(::png_get_io_ptr(to))->append(reinterpret_cast<const char*>(data), size);
      },
      [](png_structp) {});
  ::png_set_IHDR(png, info, wanted.width, wanted.height, wanted.depth, wanted.type, wanted.interlace,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  const png_color palette[3] = {{10, 20, 30}, {200, 100, 50}, {0, 255, 7}};
  if (wanted.type == PNG_COLOR_TYPE_PALETTE) ::png_set_PLTE(png, info, palette, 3);
  png_byte alpha[3] = {0, 128, 255};
  png_color_16 transparent_color{};
  if (wanted.transparent) ::png_set_tRNS(png, info, alpha, wanted.type == PNG_COLOR_TYPE_PALETTE ? 3 : 0, &transparent_color);
  ::png_write_info(png, info);
  std::vector<pixels> rows;
  for (png_uint_32 y = 0; y < wanted.height; ++y) rows.push_back(row(static_cast<int>(y)));
  std::vector<png_bytep> pointers;
  for (pixels& one : rows) pointers.push_back(one.data());
  ::png_write_image(png, pointers.data());
  ::png_write_end(png, info);
  ::png_destroy_write_struct(&png, &info);
  return bytes;
}

/// One value for each sample of the 5 x 4 pixels.
template <class Sample>
pixels grid(int channels, Sample sample) {
  pixels result;
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 5; ++x)
      for (int c = 0; c < channels; ++c) result.push_back(static_cast<std::uint8_t>(sample(x, y, c)));
  return result;
}
int color(int x, int y, int c) { return c == 0 ? 50 * x : c == 1 ? 60 * y : c == 2 ? 7 * x * y : 40 * x; }

akin::image decode(std::string_view bytes) { return akin::decode_image(bytes_of(bytes), "the file"); }
std::string verdict(std::string_view bytes) {
  const std::string sentence = sentence_of([&] { decode(bytes); });
  if (!sentence.empty()) CHECK_MESSAGE(contains(sentence, "image 'the file'"), sentence);
  return sentence;
}

std::string rgb_png(int interlace = PNG_INTERLACE_NONE) {
  return png_file({.interlace = interlace}, [](int y) {
    pixels row;
    for (int x = 0; x < 5; ++x)
      for (int c = 0; c < 3; ++c) row.push_back(static_cast<std::uint8_t>(color(x, y, c)));
    return row;
  });
}

// Pillow: y, x = np.mgrid[0:8, 0:16]; Image.fromarray(np.stack([x * 16, y * 32, x * y * 5 % 256], -1).astype("u1"))
//         .save(file, "JPEG", quality=75, subsampling="4:2:0", optimize=True)
std::string jpeg_file() {
  const std::string_view digits =
      "ffd8ffe000104a46494600010100000100010000ffdb004300080606070605080707070909080a0c140d0c0b0b0c1912130f141d1a1f1e1d1a1c1c20"
      "242e2720222c231c1c2837292c30313434341f27393d38323c2e333432ffdb0043010909090c0b0c180d0d1832211c21323232323232323232323232"
      "3232323232323232323232323232323232323232323232323232323232323232323232323232ffc00011080008001003012200021101031101ffc400"
      "1500010100000000000000000000000000000006ffc40021100000050207000000000000000000000000010311120406051321233181a1ffc4001501"
      "010100000000000000000000000000000405ffc4001e11000200060300000000000000000000000111000203040521223151ffda000c030100021103"
      "11003f0098c2ac0cc8ecf82b282c24b48a136e4d988bb001285c4c28d328399ed3e97ba816032f76c728ffd9";
  std::string bytes;
  for (std::size_t k = 0; k < digits.size(); k += 2)
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(k, 2)), nullptr, 16));
  return bytes;
}

std::uint64_t fnv(const pixels& bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

}  // namespace

TEST_CASE("PGM and PPM, as text and binary") {
  CHECK(decode("P5 2 1 255\n\x07\xff"s).pixels == pixels{7, 255});
  CHECK(decode("P5 2 1 255\n\x07\xff"s).channels == 1);
  CHECK(decode("P2\n# a comment\n2 1 # another\n255\n 7 255 ").pixels == pixels{7, 255});
  const akin::image rgb = decode("P6\n1 2\n255\n\1\2\3\4\5\6"s);
  CHECK(rgb.width == 1);
  CHECK(rgb.height == 2);
  CHECK(rgb.channels == 3);
  CHECK(rgb.pixels == pixels{1, 2, 3, 4, 5, 6});
  CHECK(decode("P3 1 1 255 1 2 3").pixels == pixels{1, 2, 3});
  // Values as Pillow scales them: ties to even.
  CHECK(decode("P2 6 1 100 0 10 30 50 99 100").pixels == pixels{0, 26, 76, 128, 252, 255});
  CHECK(decode("P5 2 1 65535 \x80\x80\xff\xff"s).pixels == pixels{128, 255});
  CHECK(decode("P2 2 1 1 0 1").pixels == pixels{0, 255});
}

TEST_CASE("damaged PGM and PPM are refused") {
  CHECK(contains(verdict("P5 2 1 255\n\x07"s), "ends early"));
  CHECK(contains(verdict("P5 2 1 255"), "ends early"));
  CHECK(contains(verdict("P5 2 1 65535\n\x07\x07\x07"s), "ends early"));
  CHECK(contains(verdict("P3 1 1 255 1 2"), "ends early"));
  CHECK(contains(verdict("P3 1 1 255 10 20"), "where a value was expected"));
  CHECK(contains(verdict("P2 1 1 255 -1"), "got '-', expected a value"));
  CHECK(contains(verdict("P2 1 1 255 256"), "the value 256 is above the maximum 255"));
  CHECK(contains(verdict("P5 1 1 7\n\x08"), "the value 8 is above the maximum 7"));
  CHECK(contains(verdict("P5 0 1 255\n"), "expected at least one"));
  CHECK(contains(verdict("P5 x 1 255\n"), "expected a width"));
  CHECK(contains(verdict("P5 1 1 0\nx"), "expected 1 to 65535"));
  CHECK(contains(verdict("P5 1 1 65536\nxx"), "expected 1 to 65535"));
  CHECK(contains(verdict("P5 99999999999999999999 1 255\n"), "above 1000000000"));
  CHECK(contains(verdict("P5 16385 1 255\n"), "at most 16384 per side"));
  CHECK(contains(verdict("P5 16384 16384 255\n"), "ends early"));
  CHECK(contains(sentence_of([] { akin::detail::make_image(16384, 8193, 1, "x"); }), "at most 134217728 in all"));
}

TEST_CASE("every type of PNG") {
  CHECK(decode(rgb_png()).pixels == grid(3, color));
  CHECK(decode(rgb_png(PNG_INTERLACE_ADAM7)).pixels == grid(3, color));
  CHECK(decode(rgb_png()).width == 5);
  CHECK(decode(rgb_png()).height == 4);
  const auto interleaved = [](int channels, int bytes) {
    return [=](int y) {
      pixels row;
      for (int x = 0; x < 5; ++x)
        for (int c = 0; c < channels; ++c)
          for (int b = 0; b < bytes; ++b) row.push_back(static_cast<std::uint8_t>(b == 0 ? color(x, y, c) : 200));
      return row;
    };
  };
  CHECK(decode(png_file({.type = PNG_COLOR_TYPE_RGBA}, interleaved(4, 1))).pixels == grid(3, color));
  CHECK(decode(png_file({.depth = 16}, interleaved(3, 2))).pixels == grid(3, color));
  CHECK(decode(png_file({.type = PNG_COLOR_TYPE_RGBA, .depth = 16}, interleaved(4, 2))).pixels == grid(3, color));
  CHECK(decode(png_file({.type = PNG_COLOR_TYPE_GRAY}, interleaved(1, 1))).pixels == grid(1, color));
  CHECK(decode(png_file({.type = PNG_COLOR_TYPE_GRAY, .transparent = true}, interleaved(1, 1))).pixels == grid(1, color));
  CHECK(decode(png_file({.type = PNG_COLOR_TYPE_GRAY, .depth = 16}, interleaved(1, 2))).pixels == grid(1, color));
  CHECK(decode(png_file({.type = PNG_COLOR_TYPE_GRAY_ALPHA}, interleaved(2, 1))).pixels == grid(1, color));

  const auto checkers = [](int y) { return pixels{static_cast<std::uint8_t>(y % 2 == 0 ? 0x50 : 0xa8)}; };
  CHECK(decode(png_file({.type = PNG_COLOR_TYPE_GRAY, .depth = 1}, checkers)).pixels ==
        grid(1, [](int x, int y, int) { return (x + y) % 2 * 255; }));
  const auto indices = [](int y) {
    pixels row;
    for (int x = 0; x < 5; ++x) row.push_back(static_cast<std::uint8_t>((x + y) % 3));
    return row;
  };
  const pixels expected = grid(3, [](int x, int y, int c) {
    const int palette[3][3] = {{10, 20, 30}, {200, 100, 50}, {0, 255, 7}};
    return palette[(x + y) % 3][c];
  });
  CHECK(decode(png_file({.type = PNG_COLOR_TYPE_PALETTE}, indices)).pixels == expected);
  CHECK(decode(png_file({.type = PNG_COLOR_TYPE_PALETTE, .transparent = true}, indices)).pixels == expected);
}

TEST_CASE("damaged PNG is refused") {
  const std::string good = rgb_png();
  for (std::size_t size = 0; size < good.size(); ++size) CHECK(verdict(good.substr(0, size)) != "");
  CHECK(contains(verdict(good.substr(0, 40)), "is not a readable PNG file: the file ends early"));
  for (std::size_t place = 0; place < good.size(); ++place) {
    std::string changed = good;
    changed[place] = static_cast<char>(changed[place] ^ 0x55);
    verdict(changed);
  }
  std::string checksum = good;
  checksum[good.size() - 14] = static_cast<char>(checksum[good.size() - 14] ^ 1);
  CHECK(contains(verdict(checksum), "CRC error"));
  const auto one_row = [](png_uint_32 width) {
    return png_file({.width = width, .height = 1, .type = PNG_COLOR_TYPE_GRAY}, [=](int) { return pixels(width); });
  };
  CHECK(decode(one_row(16384)).pixels == pixels(16384));
  CHECK(contains(verdict(one_row(16385)), "16385 x 1 pixels, expected at most 16384 per side"));
}

TEST_CASE("JPEG has Pillow's pixels") {
  const akin::image decoded = decode(jpeg_file());
  CHECK(decoded.width == 16);
  CHECK(decoded.height == 8);
  CHECK(decoded.channels == 3);
  CHECK(fnv(decoded.pixels) == 0x5b55c95903ba5b79);  // np.asarray(Image.open(file)), Pillow 11.3
}

TEST_CASE("damaged JPEG is refused") {
  const std::string good = jpeg_file();
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK(verdict(good.substr(0, size)) != "");
  }
  CHECK(contains(verdict(good.substr(0, 330)), "is not a readable JPEG file: "));
  CHECK(contains(verdict("\xff\xd8 no more"), "is not a readable JPEG file: "));
  for (std::size_t place = 0; place < good.size(); ++place)
    for (const int change : {0x01, 0x55, 0xff}) {
      std::string changed = good;
      changed[place] = static_cast<char>(changed[place] ^ change);
      verdict(changed);
    }
  std::string wide = good;
  const std::size_t frame = good.find("\xff\xc0"s);
  wide[frame + 7] = '\x40';
  wide[frame + 8] = '\x01';
  CHECK(contains(verdict(wide), "16385 x 8 pixels, expected at most 16384 per side"));
}

TEST_CASE("content decides the format") {
  const temporary_folder folder;
  CHECK(akin::read_image(folder.put("a.jpg", rgb_png())).pixels == grid(3, color));
  CHECK(akin::read_image(folder.put("b.png", "P2 1 1 255 9")).pixels == pixels{9});
  CHECK(contains(verdict(""), "is empty"));
  CHECK(contains(verdict("GIF89a"), "begins with 'GIF8', expected a PNG, JPEG, WebP, PBM, PGM or PPM file"));
  const std::string path = folder.put("c", "P");
  CHECK(contains(sentence_of([&] { akin::read_image(path); }), path));
  CHECK(contains(sentence_of([&] { akin::read_image(folder.path()); }), "it is a directory"));
  CHECK(contains(sentence_of([] { akin::decode_jpeg({}, "x"); }), "image 'x' is empty"));
  CHECK(contains(sentence_of([] { akin::decode_png({}, "x"); }), "the file ends early"));
  CHECK(contains(sentence_of([] { akin::decode_pnm({}, "x"); }), "is not a PBM, PGM or PPM file"));
}

TEST_CASE("gray is Pillow's luma, and gray becomes RGB by repetition") {
  const akin::image rgb{4, 1, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30}};
  CHECK(akin::to_gray(rgb).pixels == pixels{76, 150, 29, 18});  // Image.convert("L")
  CHECK(akin::to_gray(rgb).channels == 1);
  const akin::image gray{2, 1, 1, {5, 6}};
  CHECK(akin::to_rgb(gray).pixels == pixels{5, 5, 5, 6, 6, 6});
  CHECK(akin::to_gray(akin::to_rgb(gray)).pixels == gray.pixels);
  CHECK(akin::to_gray(gray).pixels == gray.pixels);
  CHECK(akin::to_rgb(rgb).pixels == rgb.pixels);
}
