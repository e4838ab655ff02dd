// SPDX-License-Identifier: Apache-2.0
// Reads and writes single arrays in NumPy's .npy format: little-endian, five number types.
#pragma once

#include <akin/io/dtype.hpp>
#include <akin/io/file.hpp>
#include <akin/io/tensor_entry.hpp>
#include <akin/support/error.hpp>

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

template <class T>
concept npy_number = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::int64_t> ||
    std::same_as<T, std::int32_t> || std::same_as<T, std::uint8_t>;

template <npy_number T>
struct npy_array {
  std::vector<std::int64_t> shape;
  std::vector<T> values;
};

namespace detail {

template <npy_number T>
constexpr std::string_view npy_descr() {
  if constexpr (std::same_as<T, float>) return "<f4";
  if constexpr (std::same_as<T, double>) return "<f8";
  if constexpr (std::same_as<T, std::int64_t>) return "<i8";
  if constexpr (std::same_as<T, std::int32_t>) return "<i4";
  if constexpr (std::same_as<T, std::uint8_t>) return "|u1";
}

struct npy_header {
  std::string descr;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
};

/// Reads the Python dictionary of the header: the three members in any order, each once.
class npy_header_reader {
 public:
  npy_header_reader(std::string_view text, const std::string& path, std::size_t offset)
      : text_(text), path_(path), offset_(offset) {}

  npy_header read() {
    npy_header header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!take('}')) {
      const std::string key = string();
      expect(':');
      bool& seen = key == "descr" ? has_descr : key == "fortran_order" ? has_order : has_shape;
      if (key != "descr" && key != "fortran_order" && key != "shape") refuse("unknown member '" + printable(key) + "'");
      if (std::exchange(seen, true)) refuse("member '" + key + "' appears twice");
      if (key == "descr") header.descr = string();
      else if (key == "fortran_order") header.fortran_order = boolean();
      else header.shape = tuple();
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (position_ != text_.size()) refuse("text after the dictionary");
    if (!has_descr || !has_order || !has_shape) refuse("expected the members descr, fortran_order and shape");
    return header;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { fail("npy: '", path_, "', byte ", offset_ + position_, ": ", what); }
  char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }
  void skip_space() {
    while (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r') ++position_;
  }
  bool take(char wanted) {
    skip_space();
    if (peek() != wanted) return false;
    ++position_;
    return true;
  }
  void expect(char wanted) {
    if (!take(wanted)) refuse(std::string("expected '") + wanted + "' in the header's dictionary");
  }
  std::string string() {
    skip_space();
    const char quote = peek();
    if (quote != '\'' && quote != '"')
      refuse("expected a string in the header's dictionary (structured arrays are not supported)");
    const std::size_t end = text_.find(quote, ++position_);
    if (end == std::string_view::npos) refuse("the header ends inside a string");
    std::string result(text_.substr(position_, end - position_));
    position_ = end + 1;
    return result;
  }
  bool boolean() {
    skip_space();
    for (const std::string_view word : {"True", "False"}) {
      if (!text_.substr(position_).starts_with(word)) continue;
      position_ += word.size();
      return word == "True";
    }
    refuse("expected True or False");
  }
  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> result;
    expect('(');
    while (!take(')')) {
      result.push_back(integer());
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return result;
  }
  std::int64_t integer() {
    skip_space();
    const std::size_t start = position_;
    std::int64_t value = 0;
    for (; peek() >= '0' && peek() <= '9'; ++position_) {
      const int digit = peek() - '0';
      if (value > ((std::numeric_limits<std::int64_t>::max)() - digit) / 10) refuse("an extent is above 2^63 - 1");
      value = value * 10 + digit;
    }
    if (position_ == start) refuse("expected an extent, a whole number that is not negative");
    return value;
  }

  std::string_view text_;
  const std::string& path_;
  std::size_t offset_;
  std::size_t position_ = 0;
};

/// The header's text and the place where the numbers begin.
inline std::pair<npy_header, std::size_t> read_npy_header(std::string_view bytes, const std::string& path) {
  using namespace std::string_view_literals;
  if (bytes.substr(0, 6) != "\x93NUMPY"sv) fail("npy: '", path, "', byte 0: expected an .npy file, got no '\\x93NUMPY'");
  if (bytes.size() < 10) fail("npy: '", path, "' ends after ", bytes.size(), " bytes, inside its header");
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3) fail("npy: '", path, "', byte 6: the version is ", version, ", expected 1, 2 or 3");
  const std::size_t start = version == 1 ? 10 : 12;
  std::uint32_t length = 0;
  if (bytes.size() >= start) std::memcpy(&length, bytes.data() + 8, start - 8);
  if (bytes.size() < start || length > bytes.size() - start)
    fail("npy: '", path, "' ends after ", bytes.size(), " bytes, inside its header");
  return {npy_header_reader(bytes.substr(start, length), path, start).read(), start + length};
}

/// Numbers whose first index runs fastest, as those of a transposed array are saved, with the last index fastest.
template <npy_number T>
std::vector<T> in_c_order(std::span<const T> fortran, std::span<const std::int64_t> shape) {
  std::vector<T> values;
  values.reserve(fortran.size());
  std::vector<std::int64_t> index(shape.size(), 0);
  while (values.size() < fortran.size()) {
    std::int64_t place = 0;
    for (std::size_t k = shape.size(); k-- > 0;) place = place * shape[k] + index[k];
    values.push_back(fortran[static_cast<std::size_t>(place)]);
    for (std::size_t k = shape.size(); k-- > 0 && ++index[k] == shape[k];) index[k] = 0;
  }
  return values;
}

}  // namespace detail

/// The array in a file, in C order. Its type must be T exactly: nothing is converted.
/// errors: one sentence with the path and what was got and expected; also for a cut file and trailing bytes
template <npy_number T>
npy_array<T> read_npy(const std::string& path) {
  const mapped_file file(path);
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  auto [header, start] = detail::read_npy_header(bytes, path);
  constexpr std::string_view wanted = detail::npy_descr<T>();
  const bool same = header.descr == wanted || (sizeof(T) == 1 && header.descr.ends_with("u1") && header.descr.size() == 3);
  if (!same) fail("npy: '", path, "': the numbers are '", detail::printable(header.descr), "', expected '", wanted, "'");
  const std::optional<std::int64_t> size = detail::byte_count(dtype_of<T>, header.shape);
  if (!size) fail("npy: '", path, "': the size of the array overflows 64 bits");
  if (!std::cmp_equal(*size, bytes.size() - start))
    fail("npy: '", path, "': ", bytes.size() - start, " bytes follow the header, expected ", *size);
  npy_array<T> array{std::move(header.shape), std::vector<T>(static_cast<std::size_t>(*size) / sizeof(T))};
  if (*size != 0) std::memcpy(array.values.data(), bytes.data() + start, static_cast<std::size_t>(*size));
  if (header.fortran_order) array.values = detail::in_c_order<T>(array.values, array.shape);
  return array;
}

/// Writes an array byte for byte as numpy.save does.
/// errors: as many values as the shape says are expected; then as atomic_file
template <npy_number T>
void write_npy(const std::string& path, std::span<const std::int64_t> shape, std::span<const T> values) {
  const std::optional<std::int64_t> count = detail::element_count(shape);
  if (!count || !std::cmp_equal(*count, values.size()))
    fail("write_npy: '", path, "': ", values.size(), " numbers do not fit the shape");
  std::string tuple;
  for (const std::int64_t extent : shape) tuple += std::to_string(extent) + ", ";
  if (shape.size() == 1) tuple.pop_back();
  if (shape.size() > 1) tuple.resize(tuple.size() - 2);
  std::string header =
      "{'descr': '" + std::string(detail::npy_descr<T>()) + "', 'fortran_order': False, 'shape': (" + tuple + "), }";
  // numpy leaves room for the first extent to grow to 21 digits in place.
  if (!shape.empty()) header.append(21 - std::to_string(shape[0]).size(), ' ');
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  if (header.size() > 65535) fail("write_npy: '", path, "': the shape has ", shape.size(), " extents, too many for the header");
  const auto length = static_cast<std::uint16_t>(header.size());
  using namespace std::string_view_literals;
  write_file_atomically(path, "\x93NUMPY\x01\x00"sv, std::as_bytes(std::span(&length, 1)), header, std::as_bytes(values));
}

}  // namespace akin::inline v0
