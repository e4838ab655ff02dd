// SPDX-License-Identifier: Apache-2.0
// Reads and writes safetensors files. Reading is strict: a file is accepted whole or refused with one sentence.
#pragma once

#include <akin/io/dtype.hpp>
#include <akin/io/file.hpp>
#include <akin/io/json_header.hpp>
#include <akin/io/tensor_entry.hpp>
#include <akin/support/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// A safetensors file mapped into memory. Entries point into the mapping: they live as long as this object (moving it is fine).
/// errors: one sentence with the path and the byte or tensor: a header that is cut, above 100,000,000 bytes, not strict JSON or
///         with unknown members; duplicates; sizes that do not fit shapes; holes, overlaps and bytes that no tensor covers
/// source: https://github.com/huggingface/safetensors (format); order and limits as its Rust implementation
class safetensors_file {
 public:
  explicit safetensors_file(const std::string& path) : file_(path) { read_header(); }

  const std::string& path() const { return file_.path(); }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// All tensors, sorted by name.
  std::span<const tensor_entry> tensors() const { return tensors_; }

  /// The tensor with this name, or nullptr.
  const tensor_entry* find(std::string_view name) const {
    const auto place =
        std::ranges::lower_bound(tensors_, name, {}, [](const tensor_entry& t) { return std::string_view(t.name); });
    return place != tensors_.end() && place->name == name ? &*place : nullptr;
  }

  /// The numbers of the tensor with this name, converted as by read_entry.
  template <entry_value T>
  void read(std::string_view name, std::span<T> out) const {
    read_entry(existing(name), out, path());
  }
  template <entry_value T>
  std::vector<T> read(std::string_view name) const {
    const tensor_entry& entry = existing(name);
    std::vector<T> values(static_cast<std::size_t>(detail::element_count(entry.shape).value()));
    read_entry(entry, std::span<T>(values), path());
    return values;
  }

 private:
  struct extent_in_file {
    bool given = false;
    std::int64_t begin = 0, end = 0;
  };

  std::string place() const { return "safetensors: '" + path() + "'"; }
  std::string place_of(const tensor_entry& tensor) const {
    return place() + ", tensor '" + detail::printable(tensor.name) + "': ";
  }

  const tensor_entry& existing(std::string_view name) const {
    const tensor_entry* const entry = find(name);
    if (entry == nullptr) fail(place(), " has no tensor '", detail::printable(name), "' among its ", tensors_.size(), " tensors");
    return *entry;
  }

  void read_header() {
    constexpr std::uint64_t largest_header = 100'000'000;
    const std::span<const std::byte> bytes = file_.bytes();
    if (bytes.size() < 8) fail(place(), " has ", bytes.size(), " bytes, expected at least the 8 of the header's length");
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    if (length > largest_header)
      fail(place(), ", byte 0: the header's length is ", length, ", expected at most ", largest_header);
    if (length > bytes.size() - 8)
      fail(place(), ", byte 0: the header's length is ", length, ", but only ", bytes.size() - 8, " bytes follow");
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, static_cast<std::size_t>(length));
    json_cursor header(text, place(), 8);
    if (text.empty() || text.front() != '{') header.refuse("the header does not begin with '{'");

    std::vector<extent_in_file> extents;
    bool metadata_seen = false;
    header.object([&](std::string name) {
      if (name == "__metadata__") {
        if (std::exchange(metadata_seen, true)) header.refuse("'__metadata__' appears twice");
        read_metadata(header);
      } else {
        extents.push_back(read_tensor(header, std::move(name)));
      }
    });
    header.end();
    place_tensors(extents, bytes.subspan(8 + text.size()));
  }

  void read_metadata(json_cursor& header) {
    header.object([&](std::string key) {
      std::string value = header.string();
      const auto [at, is_new] = metadata_.emplace(std::move(key), std::move(value));
      if (!is_new) header.refuse("the metadata key '", detail::printable(at->first), "' appears twice");
    });
  }

  extent_in_file read_tensor(json_cursor& header, std::string name) {
    tensor_entry& tensor = tensors_.emplace_back();
    tensor.name = std::move(name);
    const auto refuse = [&](const auto&... parts) { header.refuse("tensor '", detail::printable(tensor.name), "' ", parts...); };
    bool has_type = false, has_shape = false;
    extent_in_file extent;
    const auto first_time = [&](bool& flag, std::string_view key) {
      if (std::exchange(flag, true)) refuse("has two members '", key, "'");
    };
    header.object([&](const std::string& key) {
      if (key == "dtype") {
        first_time(has_type, key);
        const std::string type = header.string();
        if (!dtype_named(type)) refuse("has the unknown dtype '", detail::printable(type), "'");
        tensor.type = *dtype_named(type);
      } else if (key == "shape") {
        first_time(has_shape, key);
        header.array([&] { tensor.shape.push_back(header.integer()); });
      } else if (key == "data_offsets") {
        first_time(extent.given, key);
        int count = 0;
        header.array([&] { (count == 0 ? extent.begin : extent.end) = header.integer(), ++count; });
        if (count != 2) refuse("has ", count, " data_offsets, expected 2");
      } else {
        refuse("has the unknown member '", detail::printable(key), "', expected dtype, shape and data_offsets");
      }
    });
    if (!has_type || !has_shape || !extent.given)
      refuse("lacks '", !has_type ? "dtype" : !has_shape ? "shape" : "data_offsets", "'");
    return extent;
  }

  /// Gives each tensor its bytes: in the order of their offsets they must cover the data without hole or overlap.
  void place_tensors(std::span<const extent_in_file> extents, std::span<const std::byte> data) {
    std::vector<std::size_t> order(tensors_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t k) { return std::pair(extents[k].begin, extents[k].end); });
    std::int64_t covered = 0;
    for (const std::size_t k : order) {
      tensor_entry& tensor = tensors_[k];
      const auto [given, begin, end] = extents[k];
      const std::optional<std::int64_t> size = detail::byte_count(tensor.type, tensor.shape);
      if (!size) fail(place_of(tensor), "its shape overflows 64 bits or ends inside a byte");
      if (end < begin || end - begin != *size)
        fail(place_of(tensor), "its data_offsets are [", begin, ", ", end, "], but its shape and type take ", *size, " bytes");
      if (begin != covered)
        fail(place_of(tensor), "its data_offsets begin at ", begin, ", expected ", covered, ", where the tensor before ends");
      if (std::cmp_greater(end, data.size()))
        fail(place_of(tensor), "its data_offsets end at ", end, ", but the file has only ", data.size(), " bytes of data");
      covered = end;
      tensor.bytes = data.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(*size));
    }
    if (!std::cmp_equal(covered, data.size()))
      fail(place(), " has ", data.size(), " bytes of data, but its tensors end at ", covered);
    std::ranges::sort(tensors_, {}, &tensor_entry::name);
    const auto twin = std::ranges::adjacent_find(tensors_, {}, &tensor_entry::name);
    if (twin != tensors_.end()) fail(place_of(*twin), "it appears twice");
  }

  mapped_file file_;
  std::map<std::string, std::string> metadata_;
  std::vector<tensor_entry> tensors_;
};

/// What is written is what is read: a file's tensors() can be written to another file as they are.
using tensor_to_write = tensor_entry;

/// Writes a file byte for byte as the reference implementation does: tensors by descending dtype, then by name. The numbers go
/// from where they lie to the file; only the header is built in memory. With more than one metadata key the reference's order is
/// random; here it is alphabetical.
/// errors: a duplicate or reserved name, text that is not UTF-8, bytes that do not fit the shape; then as atomic_file
inline void write_safetensors(const std::string& path, std::span<const tensor_to_write> tensors,
                              const std::map<std::string, std::string>& metadata = {}) {
  std::vector<const tensor_to_write*> order;
  for (const tensor_to_write& tensor : tensors) order.push_back(&tensor);
  std::ranges::sort(order, [](const tensor_to_write* a, const tensor_to_write* b) {
    return a->type != b->type ? a->type > b->type : a->name < b->name;
  });

  std::string header = "{";
  const auto quoted = [&](const std::string& text) {
    if (!is_utf8(text)) fail("write_safetensors: '", path, "': the text '", detail::printable(text), "' is not valid UTF-8");
    return json_quoted(text);
  };
  if (!metadata.empty()) {
    header += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata) header += quoted(key) + ':' + quoted(value) + ',';
    header.back() = '}';
    header += ',';
  }
  std::uint64_t offset = 0;
  std::vector<std::string_view> names;
  for (const tensor_to_write* const tensor : order) {
    const auto refuse = [&](const auto&... parts) {
      fail("write_safetensors: '", path, "', tensor '", detail::printable(tensor->name), "': ", parts...);
    };
    if (tensor->name == "__metadata__") refuse("this name is reserved");
    const std::optional<std::int64_t> size = detail::byte_count(tensor->type, tensor->shape);
    if (!size || !std::cmp_equal(*size, tensor->bytes.size()))
      refuse("its ", tensor->bytes.size(), " bytes do not fit its shape");
    names.push_back(tensor->name);
    header += quoted(tensor->name) + ":{\"dtype\":\"" + std::string(name_of(tensor->type)) + "\",\"shape\":[";
    for (std::size_t k = 0; k < tensor->shape.size(); ++k) header += (k == 0 ? "" : ",") + std::to_string(tensor->shape[k]);
    const std::uint64_t end = offset + tensor->bytes.size();
    header += "],\"data_offsets\":[" + std::to_string(offset) + ',' + std::to_string(end) + "]},";
    offset = end;
  }
  std::ranges::sort(names);
  if (const auto twin = std::ranges::adjacent_find(names); twin != names.end())
    fail("write_safetensors: '", path, "', tensor '", detail::printable(*twin), "': it appears twice");

  if (header.size() > 1) header.pop_back();
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');
  if (header.size() > 100'000'000)
    fail("write_safetensors: '", path, "': the header takes ", header.size(), " bytes, expected at most 100000000");
  const std::uint64_t length = header.size();
  atomic_file file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  for (const tensor_to_write* const tensor : order) file.write(tensor->bytes);
  file.commit();
}

}  // namespace akin::inline v0
