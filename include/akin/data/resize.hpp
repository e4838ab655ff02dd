// SPDX-License-Identifier: Apache-2.0
// Resizes images as Pillow does with BICUBIC: antialiased, in integers, equal bit for bit.
#pragma once

#include <akin/data/crop.hpp>
#include <akin/data/image.hpp>
#include <akin/data/resize_filter.hpp>
#include <akin/data/resize_rows.hpp>
#include <akin/data/stored_image.hpp>
#include <akin/support/error.hpp>
#include <akin/support/threads.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// Which side is filtered first. Each pass rounds to bytes, so the order shows (by up to 4 of 255 in photographs).
enum class resize_order {
  width_first,  // Pillow up to 12, and so what published models were trained with; height first over 100 times as tall as wide
  pillow_13     // height first where it shrinks by more than twice the pixels that the width does (Pillow #9549, 2026)
};

namespace detail {

/// One resizing: from which size to which, and what part of the result is wanted.
struct resize_task {
  std::int64_t from_width, from_height, width, height;
  image_part part;
  resize_order order;
  thread_pool* pool;  // null: the calling thread alone

  bool height_first() const {
    const std::int64_t shorter = from_height - height, narrower = from_width - width;
    if (order == resize_order::pillow_13) return shorter > 0 && shorter > 2 * narrower;
    return shorter > 0 && from_height > 100 * from_width;
  }
  bool keeps_width() const { return width == from_width; }
  bool keeps_height() const { return height == from_height; }
  resize_filter columns() const { return make_resize_filter(from_width, width, part.x, part.width); }
  resize_filter rows() const { return make_resize_filter(from_height, height, part.y, part.height); }

  template <class Work>
  void run(std::size_t blocks, Work&& work) const {
    const auto one = [&](std::int64_t block, int) { work(static_cast<std::size_t>(block)); };
    if (pool != nullptr) return pool->run(static_cast<std::int64_t>(blocks), one);
    for (std::size_t block = 0; block < blocks; ++block) work(block);
  }
};

/// Rows of bytes in memory. `begin` is the number of the column or row of the image that they start with, along the filtered
/// side.
struct byte_rows {
  const std::uint8_t* first;
  std::size_t stride, begin;
};

/// Filters along the rows. A strip of rows is turned on its side, so that the sums over columns become sums over contiguous rows,
/// as they are for the height.
inline void filter_width(const resize_task& task, const byte_rows& from, std::size_t rows, std::size_t channels,
                         const resize_filter& filter, std::uint8_t* to) {
  constexpr std::size_t strip = 32;
  const resize_kernels kernels = resize_kernels_of(cpu::best_isa());
  const std::vector<std::int32_t> weights = integer_weights(filter);
  const std::size_t read = (filter.end() - filter.begin()) * channels, written = filter.windows.size() * channels;
  task.run((rows + strip - 1) / strip, [&](std::size_t block) {
    const std::size_t y = block * strip, height = (std::min)(strip, rows - y);
    std::vector<std::uint8_t> turned(read * strip), sums(written * strip);
    kernels.transposed_bytes(from.first + y * from.stride + (filter.begin() - from.begin) * channels, from.stride, height, read,
                             turned.data(), strip);
    for (std::size_t b = 0; b < written; ++b) {
      const auto [first, count] = filter.windows[b / channels];
      kernels.weighted_rows(&turned[((first - filter.begin()) * channels + b % channels) * strip], channels * strip,
                            &weights[b / channels * filter.longest], count, &sums[b * strip], strip);
    }
    kernels.transposed_bytes(sums.data(), strip, written, height, to + y * written, written);
  });
}

/// Filters along the columns of rows of `row_bytes` bytes.
inline void filter_height(const resize_task& task, const byte_rows& from, std::size_t row_bytes, const resize_filter& filter,
                          std::uint8_t* to) {
  constexpr std::size_t rows_at_once = 16;
  const resize_kernels kernels = resize_kernels_of(cpu::best_isa());
  const std::vector<std::int32_t> weights = integer_weights(filter);
  const std::size_t rows = filter.windows.size();
  task.run((rows + rows_at_once - 1) / rows_at_once, [&](std::size_t block) {
    for (std::size_t y = block * rows_at_once; y < (std::min)(rows, (block + 1) * rows_at_once); ++y) {
      const auto [first, count] = filter.windows[y];
      kernels.weighted_rows(from.first + (first - from.begin) * from.stride, from.stride, &weights[y * filter.longest], count,
                            to + y * row_bytes, row_bytes);
    }
  });
}

/// Bytes of any number of channels, each for itself. A side that keeps its length is not filtered.
inline image resize_bytes(const image& source, const resize_task& task) {
  const auto channels = static_cast<std::size_t>(source.channels), stride = static_cast<std::size_t>(source.width) * channels;
  const auto at = [&](std::int64_t x, std::int64_t y) {
    return &source.pixels[static_cast<std::size_t>(y) * stride + static_cast<std::size_t>(x) * channels];
  };
  const auto height = static_cast<std::size_t>(task.part.height),
             row_bytes = static_cast<std::size_t>(task.part.width) * channels;
  image result = make_image(task.part.width, task.part.height, source.channels, "resized");
  std::uint8_t* const to = result.pixels.data();
  if (task.keeps_height()) {
    filter_width(task, {at(0, task.part.y), stride, 0}, height, channels, task.columns(), to);
  } else if (task.keeps_width()) {
    filter_height(task, {at(task.part.x, 0), stride, 0}, row_bytes, task.rows(), to);
  } else if (const resize_filter columns = task.columns(), rows = task.rows(); task.height_first()) {
    const std::size_t read = (columns.end() - columns.begin()) * channels;
    std::vector<std::uint8_t> between(read * height);
    filter_height(task, {source.pixels.data() + columns.begin() * channels, stride, 0}, read, rows, between.data());
    filter_width(task, {between.data(), read, columns.begin()}, height, channels, columns, to);
  } else {
    const std::size_t read = rows.end() - rows.begin();
    std::vector<std::uint8_t> between(read * row_bytes);
    filter_width(task, {source.pixels.data() + rows.begin() * stride, stride, 0}, read, channels, columns, between.data());
    filter_height(task, {between.data(), row_bytes, rows.begin()}, row_bytes, rows, to);
  }
  return result;
}

/// Pillow's nearest neighbours of the output pixels [first, end): positions are added up, so that the last bits of the sums
/// decide as they do there.
inline std::vector<std::int64_t> nearest_positions(std::int64_t from, std::int64_t to, std::int64_t first, std::int64_t end) {
  const double step = static_cast<double>(from) / static_cast<double>(to);
  std::vector<std::int64_t> result;
  double position = step * 0.5;
  for (std::int64_t o = 0; o < end; ++o, position += step)
    if (o >= first) result.push_back((std::min)(static_cast<std::int64_t>(position), from - 1));
  return result;
}

/// One channel, in which neighbours must not be mixed.
inline image resize_nearest(const image& source, const resize_task& task) {
  const image_part& part = task.part;
  image result = make_image(part.width, part.height, 1, "resized");
  std::uint8_t* to = result.pixels.data();
  const auto columns = nearest_positions(task.from_width, task.width, part.x, part.x + part.width);
  for (const std::int64_t y : nearest_positions(task.from_height, task.height, part.y, part.y + part.height))
    for (const std::int64_t x : columns) *to++ = source.pixels[static_cast<std::size_t>(y * source.width + x)];
  return result;
}

inline std::int32_t rounded_32(double sum) { return static_cast<std::int32_t>(sum + (sum >= 0 ? 0.5 : -0.5)); }

/// What Pillow makes of a 16-bit sum: its two bytes are cut off apart, so 65540 becomes 0xff04.
inline std::int32_t rounded_16(double sum) {
  const std::int32_t value = rounded_32(sum);
  return std::clamp(value >> 8, 0, 255) << 8 | std::clamp(value % 256, 0, 255);
}

/// Filters `lines` lines of 32-bit samples: sample i of line l is samples[l * line_step + i * sample_step], before and after.
struct deep_pass {
  const resize_filter& filter;
  std::int32_t (*round)(double);
  std::size_t lines, line_step, sample_step, new_line_step;

  std::vector<std::int32_t> operator()(const std::vector<std::int32_t>& samples) const {
    std::vector<std::int32_t> result(lines * filter.windows.size());
    for (std::size_t l = 0; l < lines; ++l)
      for (std::size_t o = 0; o < filter.windows.size(); ++o) {
        const auto [first, count] = filter.windows[o];
        double sum = 0;
        for (std::size_t k = 0; k < count; ++k)
          sum += samples[l * line_step + (first + k) * sample_step] * filter.weights[o * filter.longest + k];
        result[l * new_line_step + o * sample_step] = round(sum);
      }
    return result;
  }
};

/// 16-bit grays, in doubles. A side that keeps its length is filtered with weights of 1 and 0, which changes nothing.
inline stored_image resize_deep(stored_image source, const resize_task& task) {
  const auto round = source.kind == pixel_kind::gray_16 ? rounded_16 : rounded_32;
  const resize_filter columns = task.columns(), rows = task.rows();
  const std::size_t width = columns.windows.size(), height = rows.windows.size();
  const auto from_width = static_cast<std::size_t>(task.from_width), from_height = static_cast<std::size_t>(task.from_height);
  if (task.height_first()) {
    source.deep = deep_pass{rows, round, from_width, 1, from_width, 1}(source.deep);
    source.deep = deep_pass{columns, round, height, from_width, 1, width}(source.deep);
  } else {
    source.deep = deep_pass{columns, round, from_height, from_width, 1, width}(source.deep);
    source.deep = deep_pass{rows, round, width, 1, width, 1}(source.deep);
  }
  source.samples.width = task.part.width;
  source.samples.height = task.part.height;
  return source;
}

/// Colors as they are seen through their alpha, so that what is transparent has no share in its neighbours.
inline void premultiply(image& source) {
  const auto channels = static_cast<std::size_t>(source.channels);
  for (std::size_t k = 0; k < source.pixels.size(); k += channels)
    for (std::size_t c = 0; c + 1 < channels; ++c) {
      const unsigned product = source.pixels[k + c] * static_cast<unsigned>(source.pixels[k + channels - 1]) + 128u;
      source.pixels[k + c] = static_cast<std::uint8_t>(((product >> 8) + product) >> 8);
    }
}

inline void undo_premultiply(image& source) {
  const auto channels = static_cast<std::size_t>(source.channels);
  for (std::size_t k = 0; k < source.pixels.size(); k += channels) {
    const unsigned alpha = source.pixels[k + channels - 1];
    if (alpha == 0 || alpha == 255) continue;
    for (std::size_t c = 0; c + 1 < channels; ++c)
      source.pixels[k + c] = static_cast<std::uint8_t>((std::min)(255u * source.pixels[k + c] / alpha, 255u));
  }
}

inline resize_task make_resize_task(const image& source, std::int64_t width, std::int64_t height, resize_order order,
                                    thread_pool* pool) {
  if (width < 1 || height < 1 || source.width < 1 || source.height < 1)
    fail("resize: got ", source.width, " x ", source.height, " to ", width, " x ", height, " pixels, expected at least one");
  return {source.width, source.height, width, height, whole(width, height), order, pool};
}

}  // namespace detail

/// The image at another size. Equal to Pillow's resize((width, height), BICUBIC) on modes L and RGB, bit for bit: one side, then
/// the other, each rounded to bytes, and a side that keeps its length is not filtered.
/// cost:     some 2 operations for each byte and filter width; rows are shared among the pool's threads, where there is a pool
/// errors:   a size below 1 or above the limits of image.hpp
inline image resize(const image& source, std::int64_t width, std::int64_t height, resize_order order = resize_order::width_first,
                    thread_pool* pool = nullptr) {
  const detail::resize_task task = detail::make_resize_task(source, width, height, order, pool);
  return width == source.width && height == source.height ? source : detail::resize_bytes(source, task);
}

/// A part of the image at another size: crop(resize(source, width, height), part), and only what the part needs is computed.
/// values:   equal to Pillow in every mode: palettes and bilevel by the nearest neighbour, alpha through premultiplied colors,
///           16 bits in doubles; an image that keeps its size keeps its samples
/// errors:   as above; a part that is not inside the result
inline stored_image resize(stored_image source, std::int64_t width, std::int64_t height, const image_part& part,
                           resize_order order = resize_order::width_first, thread_pool* pool = nullptr) {
  detail::resize_task task = detail::make_resize_task(source.samples, width, height, order, pool);
  detail::check_part(part, width, height);
  detail::check_image_size(part.width, part.height, "resized");
  if (width == source.samples.width && height == source.samples.height) return crop(std::move(source), part);
  task.part = part;
  switch (source.kind) {
    case pixel_kind::palette:
    case pixel_kind::bilevel:
      source.samples = detail::resize_nearest(source.samples, task);
      return source;
    case pixel_kind::gray_16:
    case pixel_kind::gray_32:
      return detail::resize_deep(std::move(source), task);
    case pixel_kind::gray_alpha:
    case pixel_kind::rgba:
      detail::premultiply(source.samples);
      source.samples = detail::resize_bytes(source.samples, task);
      detail::undo_premultiply(source.samples);
      return source;
    case pixel_kind::gray:
    case pixel_kind::rgb:
    case pixel_kind::cmyk:
      break;
  }
  source.samples = detail::resize_bytes(source.samples, task);
  return source;
}

}  // namespace akin::inline v0
