// SPDX-License-Identifier: Apache-2.0
// Embeddings of files or texts with their names, as two files: an array that NumPy reads, and a list of names in JSON.
#pragma once

#include <akin/io/json_header.hpp>
#include <akin/io/npy.hpp>
#include <akin/support/error.hpp>
#include <akin/support/fingerprint.hpp>
#include <akin/support/utf8.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// What is searched: a row of unit length for each name.
struct embedding_index {
  std::string model;  // of what weights the rows are, by name
  std::int64_t embed = 0;
  std::vector<std::string> names;  // [rows]
  std::vector<float> values;       // [rows, embed]

  std::int64_t rows() const { return std::ssize(names); }
};

/// The files of an index: NAME.npy and NAME.json.
struct index_files {
  std::string rows, names;
};

/// `name` may be that of the index or of one of its files.
inline index_files files_of_index(std::string_view name) {
  for (const std::string_view ending : {".npy", ".json"})
    if (name.ends_with(ending) && name.size() > ending.size()) name.remove_suffix(ending.size());
  const std::string stem{name};
  return {stem + ".npy", stem + ".json"};
}

namespace detail {

inline std::string rows_fingerprint(std::span<const float> values) { return fingerprint_text(std::as_bytes(values)); }

struct index_description {
  embedding_index index;  // without the rows
  std::string fingerprint;
};

inline index_description read_index_description(const std::string& path) {
  index_description result;
  bool has_names = false;
  const std::string text = read_file(path);
  json_cursor json(text, "index '" + path + "'", 0);
  json.object([&](const std::string& key) {
    if (key == "model") result.index.model = json.string();
    else if (key == "embed") result.index.embed = json.integer();
    else if (key == "fingerprint") result.fingerprint = json.string();
    else if (key == "names") {
      has_names = true;
      json.array([&] { result.index.names.push_back(json.string()); });
    } else json.refuse("the member '", printable(key), "' is not known");
  });
  json.end();
  if (!has_names || result.index.model.empty() || result.index.embed < 1 || result.fingerprint.empty())
    fail("index '", path, "' lacks model, embed, fingerprint or names: it is another kind of file");
  return result;
}

}  // namespace detail

/// Writes both files, the array first. Where an index grows, whatever stops this between the two leaves the old one readable: its
/// names belong to the first rows of the array.
/// errors: names or rows that do not fit; a name that is not UTF-8; as atomic_file
inline void save_index(const std::string& name, const embedding_index& index) {
  const auto [rows_path, names_path] = files_of_index(name);
  if (std::cmp_not_equal(index.values.size(), index.rows() * index.embed))
    fail("index '", name, "': ", index.values.size(), " numbers are no ", index.rows(), " rows of ", index.embed);
  std::string text = "{\"model\": " + json_quoted(index.model) + ",\n\"embed\": " + std::to_string(index.embed) +
                     ",\n\"fingerprint\": " + json_quoted(detail::rows_fingerprint(index.values)) + ",\n\"names\": [";
  for (std::size_t k = 0; k < index.names.size(); ++k) {
    if (!is_utf8(index.names[k])) fail("index '", name, "': the name '", detail::printable(index.names[k]), "' is not UTF-8");
    text += (k == 0 ? "\n" : ",\n") + json_quoted(index.names[k]);
  }
  write_npy<float>(rows_path, std::vector{index.rows(), index.embed}, index.values);
  write_file_atomically(names_path, text, std::string_view{"\n]}\n"});
}

/// Reads what save_index wrote. `model` names the weights that queries are encoded with; an empty name agrees with any.
/// errors: one sentence with the path: another kind of file; made with other weights; an array that is not the one that the names
///         were written for, or that holds what is no number
inline embedding_index load_index(const std::string& name, const std::string& model = {}) {
  const auto [rows_path, names_path] = files_of_index(name);
  auto [index, expected] = detail::read_index_description(names_path);
  if (!model.empty() && model != index.model)
    fail("index '", name, "' was made with '", detail::printable(index.model), "', but the weights are '",
         detail::printable(model), "'");
  npy_array<float> array = read_npy<float>(rows_path);
  const bool fits = array.shape.size() == 2 && array.shape[0] >= index.rows() && array.shape[1] == index.embed;
  if (!fits)
    fail("index '", name, "': the array has the shape ", shape_text(array.shape), ", but the names say [", index.rows(), ", ",
         index.embed, "]");
  array.values.resize(static_cast<std::size_t>(index.rows() * index.embed));
  if (detail::rows_fingerprint(array.values) != expected)
    fail("index '", name, "': '", rows_path, "' is not the array that the names were written for; make the index anew");
  for (const float x : array.values)
    if (!std::isfinite(x)) fail("index '", name, "': '", rows_path, "' has numbers that are not finite");
  index.values = std::move(array.values);
  return std::move(index);
}

}  // namespace akin::inline v0
