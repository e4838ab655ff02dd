// SPDX-License-Identifier: Apache-2.0
// Pictures of emoji from a font with colour bitmaps.
#pragma once

#include <akin/data/image.hpp>

#include <memory>
#include <optional>
#include <string>

namespace emoji_program {

/// A font whose glyphs are pictures (the CBDT table), opened once.
class emoji_font {
 public:
  /// errors: run time, naming the file: no font, or one without colour bitmaps
  explicit emoji_font(const std::string& path);
  ~emoji_font();

  /// A sequence on white, the middle of a square; nothing where the font has no single picture of it.
  std::optional<akin::image> draw(const std::u32string& code) const;

 private:
  struct handles;
  std::unique_ptr<handles> handles_;
};

}  // namespace emoji_program
