// SPDX-License-Identifier: Apache-2.0
// akin-clip pixels: what a model sees of an image.
#include "existing_files.hpp"
#include "options.hpp"

#include <akin/data/preprocess.hpp>
#include <akin/data/read_image.hpp>
#include <akin/io/npy.hpp>

#include <array>

namespace clip_program {

int pixels(const pixels_options& o) {
  refuse_existing({o.out}, o.overwrite);
  akin::thread_pool pool;
  const akin::image seen = akin::preprocess(akin::read_stored_image(o.file), akin::clip_preprocessing(o.size), &pool);
  akin::write_npy<std::uint8_t>(o.out, std::array{seen.height, seen.width, std::int64_t{3}}, seen.pixels);
  return exit_done;
}

}  // namespace clip_program
