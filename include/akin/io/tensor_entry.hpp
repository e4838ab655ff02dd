// SPDX-License-Identifier: Apache-2.0
// One named tensor of a file as it lies there, and its numbers converted to the types that programs compute with.
#pragma once

#include <akin/io/dtype.hpp>
#include <akin/io/file.hpp>
#include <akin/support/error.hpp>

#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// Little-endian, row-major, without gaps; the bytes belong to somebody else and may be unaligned.
struct tensor_entry {
  std::string name;
  dtype type = dtype::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

/// An entry that refers to these numbers, ready to be written.
template <class T>
tensor_entry make_entry(std::string name, std::vector<std::int64_t> shape, std::span<const T> values) {
  return {std::move(name), dtype_of<T>, std::move(shape), std::as_bytes(values)};
}

/// "[512, 768]"
inline std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t k = 0; k < shape.size(); ++k) text += (k == 0 ? "" : ", ") + std::to_string(shape[k]);
  return text + "]";
}

namespace detail {

/// Product of the extents, or nothing where it leaves 64 bits or an extent is negative. Multiplies from left to right as the
/// reference implementation does: {2^40, 2^40, 0} overflows, {0, 2^40, 2^40} is empty.
constexpr std::optional<std::int64_t> element_count(std::span<const std::int64_t> shape) {
  std::int64_t product = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0 || (extent != 0 && product > (std::numeric_limits<std::int64_t>::max)() / extent)) return std::nullopt;
    product *= extent;
  }
  return product;
}

/// Bytes that such a tensor takes, or nothing where they overflow or end inside a byte.
constexpr std::optional<std::int64_t> byte_count(dtype type, std::span<const std::int64_t> shape) {
  const std::optional<std::int64_t> count = element_count(shape);
  if (!count || *count > (std::numeric_limits<std::int64_t>::max)() / bits_of(type) || *count * bits_of(type) % 8 != 0)
    return std::nullopt;
  return *count * bits_of(type) / 8;
}

template <class Source, class T, class Convert>
void convert_each(std::span<const std::byte> bytes, std::span<T> out, Convert convert) {
  for (std::size_t k = 0; k < out.size(); ++k) {
    Source value;
    std::memcpy(&value, bytes.data() + k * sizeof(Source), sizeof(Source));
    out[k] = convert(value, k);
  }
}

}  // namespace detail

template <class T>
concept entry_value =
    std::same_as<T, float> || std::same_as<T, std::int64_t> || std::same_as<T, std::int32_t> || std::same_as<T, std::uint64_t>;

/// Converts an entry's numbers. float takes F32, F16, BF16 (exact) and F64 (rounded); the integers take every integer type.
/// errors: another type, a size that differs from the shape's, a number that the result cannot hold (its index is named);
///         `file` is the path that sentences name
template <entry_value T>
void read_entry(const tensor_entry& entry, std::span<T> out, std::string_view file) {
  const auto refuse = [&](const auto&... parts) {
    fail("'", file, "', tensor '", detail::printable(entry.name), "': ", parts...);
  };
  const std::optional<std::int64_t> wanted = detail::byte_count(entry.type, entry.shape);
  if (!wanted || !std::cmp_equal(*wanted, entry.bytes.size())) refuse("its ", entry.bytes.size(), " bytes do not fit its shape");
  const std::optional<std::int64_t> count = detail::element_count(entry.shape);
  if (!std::cmp_equal(*count, out.size())) refuse("it has ", *count, " numbers, expected ", out.size());
  if constexpr (std::same_as<T, float>) {
    switch (entry.type) {
      case dtype::f32:
        return detail::convert_each<float>(entry.bytes, out, [](float x, std::size_t) { return x; });
      case dtype::f16:
        return detail::convert_each<std::uint16_t>(entry.bytes, out,
                                                   [](std::uint16_t x, std::size_t) { return float_from_f16(x); });
      case dtype::bf16:
        return detail::convert_each<std::uint16_t>(entry.bytes, out,
                                                   [](std::uint16_t x, std::size_t) { return float_from_bf16(x); });
      case dtype::f64:
        return detail::convert_each<double>(entry.bytes, out, [&](double x, std::size_t k) {
          const float rounded = static_cast<float>(x);
          if (std::isinf(rounded) && !std::isinf(x)) refuse("the number ", x, " at index ", k, " is too large for a float");
          return rounded;
        });
      default:
        refuse("its type is ", name_of(entry.type), ", expected F32, F16, BF16 or F64");
    }
  } else {
    const auto checked = [&](auto x, std::size_t k) {
      if (!std::in_range<T>(x)) refuse("the number ", +x, " at index ", k, " does not fit ", name_of(dtype_of<T>));
      return static_cast<T>(x);
    };
    switch (entry.type) {
      case dtype::u8:
        return detail::convert_each<std::uint8_t>(entry.bytes, out, checked);
      case dtype::i8:
        return detail::convert_each<std::int8_t>(entry.bytes, out, checked);
      case dtype::u16:
        return detail::convert_each<std::uint16_t>(entry.bytes, out, checked);
      case dtype::i16:
        return detail::convert_each<std::int16_t>(entry.bytes, out, checked);
      case dtype::u32:
        return detail::convert_each<std::uint32_t>(entry.bytes, out, checked);
      case dtype::i32:
        return detail::convert_each<std::int32_t>(entry.bytes, out, checked);
      case dtype::u64:
        return detail::convert_each<std::uint64_t>(entry.bytes, out, checked);
      case dtype::i64:
        return detail::convert_each<std::int64_t>(entry.bytes, out, checked);
      default:
        refuse("its type is ", name_of(entry.type), ", expected an integer type");
    }
  }
}

/// Turns an entry's numbers into F32, F16 or BF16, rounded to nearest; `storage` holds them then, unless they are of that type already.
/// errors: as read_entry; a number that the type cannot hold (its index is named)
inline void convert_entry(tensor_entry& entry, dtype type, std::vector<std::byte>& storage, std::string_view file) {
  if (entry.type == type) return;
  if (type != dtype::f32 && type != dtype::f16 && type != dtype::bf16) fail("'", file, "': weights are F32, F16 or BF16, not ", name_of(type));
  std::vector<float> values(static_cast<std::size_t>(detail::element_count(entry.shape).value_or(0)));
  read_entry<float>(entry, values, file);
  storage.resize(values.size() * static_cast<std::size_t>(bits_of(type) / 8));
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (type == dtype::f32) {
      std::memcpy(storage.data() + 4 * k, &values[k], 4);
      continue;
    }
    const std::uint16_t half = type == dtype::f16 ? f16_from_float(values[k]) : bf16_from_float(values[k]);
    if (std::isfinite(values[k]) && !std::isfinite(type == dtype::f16 ? float_from_f16(half) : float_from_bf16(half)))
      fail("'", file, "', tensor '", detail::printable(entry.name), "': the number ", values[k], " at index ", k, " is too large for ", name_of(type));
    std::memcpy(storage.data() + 2 * k, &half, 2);
  }
  entry.type = type;
  entry.bytes = storage;
}

}  // namespace akin::inline v0
