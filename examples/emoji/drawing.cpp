// SPDX-License-Identifier: Apache-2.0
// HarfBuzz turns a sequence into one glyph, FreeType reads its bitmap.
#include "drawing.hpp"

#include <akin/support/error.hpp>

#include <ft2build.h>
#include FT_FREETYPE_H
#include <hb-ft.h>
#include <hb.h>

#include <algorithm>
#include <cstddef>

namespace emoji_program {

struct emoji_font::handles {
  FT_Library library = nullptr;
  FT_Face face = nullptr;
  hb_font_t* font = nullptr;

  ~handles() {
    if (font != nullptr) hb_font_destroy(font);
    if (face != nullptr) FT_Done_Face(face);
    if (library != nullptr) FT_Done_FreeType(library);
  }

  /// The glyph that stands for the whole sequence, or 0.
  std::uint32_t glyph_of(const std::u32string& code) const {
    const std::unique_ptr<hb_buffer_t, decltype(&hb_buffer_destroy)> buffer{hb_buffer_create(), hb_buffer_destroy};
    const auto* const codes = reinterpret_cast<const std::uint32_t*>(code.data());
    hb_buffer_add_utf32(buffer.get(), codes, static_cast<int>(code.size()), 0, static_cast<int>(code.size()));
    hb_buffer_guess_segment_properties(buffer.get());
    hb_shape(font, buffer.get(), nullptr, 0);
    unsigned count = 0;
    const hb_glyph_info_t* const glyphs = hb_buffer_get_glyph_infos(buffer.get(), &count);
    return count == 1 ? glyphs[0].codepoint : 0;
  }
};

emoji_font::emoji_font(const std::string& path) : handles_{std::make_unique<handles>()} {
  handles& h = *handles_;
  if (FT_Init_FreeType(&h.library) != 0) akin::fail("FreeType could not be started");
  if (FT_New_Face(h.library, path.c_str(), 0, &h.face) != 0) akin::fail("'", path, "' is no font, or is not there");
  if (!FT_HAS_COLOR(h.face) || h.face->num_fixed_sizes < 1 || FT_Select_Size(h.face, 0) != 0)
    akin::fail("the font '", path, "' has no colour bitmaps");
  h.font = hb_ft_font_create_referenced(h.face);
}

emoji_font::~emoji_font() = default;

std::optional<akin::image> emoji_font::draw(const std::u32string& code) const {
  const std::uint32_t glyph = handles_->glyph_of(code);
  FT_Face face = handles_->face;
  if (glyph == 0 || FT_Load_Glyph(face, glyph, FT_LOAD_COLOR) != 0) return {};
  const FT_Bitmap& bitmap = face->glyph->bitmap;
  if (bitmap.pixel_mode != FT_PIXEL_MODE_BGRA || bitmap.width == 0 || bitmap.rows == 0) return {};
  const std::size_t width = bitmap.width, height = bitmap.rows, side = std::max(width, height), left = (side - width) / 2,
                    top = (side - height) / 2;
  akin::image square{static_cast<std::int64_t>(side), static_cast<std::int64_t>(side), 3,
                     std::vector<std::uint8_t>(3 * side * side, 255)};
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x) {
      const unsigned char* const bgra = bitmap.buffer + static_cast<std::ptrdiff_t>(y) * bitmap.pitch + 4 * x;
      std::uint8_t* const rgb = &square.pixels[3 * ((top + y) * side + left + x)];
      const int white = 255 - bgra[3];  // colours are multiplied with their opacity already
      for (std::size_t c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>(std::min(255, bgra[2 - c] + white));
    }
  return square;
}

}  // namespace emoji_program
