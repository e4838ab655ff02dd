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

/// What the rows of an index are of.
enum class embedded_kind { images, texts };

constexpr std::string_view name_of(embedded_kind kind) { return kind == embedded_kind::images ? "images" : "texts"; }

/// What is searched: a row of unit length for each name.
struct embedding_index {
  embedded_kind kind = embedded_kind::images;
  std::string model;        // whose rows they are, by name
  std::string preparation;  // a sum of what images or texts became before the towers
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
  bool has_names = false, has_kind = false;
  const std::string text = read_file(path, std::size_t{1} << 32);
  json_cursor json(text, "index '" + path + "'", 0);
  json.object([&](const std::string& key) {
    if (key == "kind") {
      const std::string kind = json.string();
      has_kind = kind == name_of(embedded_kind::images) || kind == name_of(embedded_kind::texts);
      if (!has_kind) json.refuse("the kind is '", printable(kind), "', expected images or texts");
      result.index.kind = kind == name_of(embedded_kind::images) ? embedded_kind::images : embedded_kind::texts;
    } else if (key == "model") result.index.model = json.string();
    else if (key == "preparation") result.index.preparation = json.string();
    else if (key == "embed") result.index.embed = json.integer();
    else if (key == "fingerprint") result.fingerprint = json.string();
    else if (key == "names") {
      has_names = true;
      json.array([&] { result.index.names.push_back(json.string()); });
    } else json.refuse("the member '", printable(key), "' is not known");
  });
  json.end();
  if (!has_names || !has_kind || result.index.preparation.empty() || result.index.model.empty() || result.index.embed < 1 || result.fingerprint.empty())
    fail("index '", path, "' lacks kind, model, preparation, embed, fingerprint or names: it is another kind of file, or an earlier version's; make it anew");
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
  std::string text = "{\"kind\": " + json_quoted(name_of(index.kind)) + ",\n\"model\": " + json_quoted(index.model) +
                     ",\n\"preparation\": " + json_quoted(index.preparation) + ",\n\"embed\": " + std::to_string(index.embed) +
                     ",\n\"fingerprint\": " + json_quoted(detail::rows_fingerprint(index.values)) + ",\n\"names\": [";
  for (std::size_t k = 0; k < index.names.size(); ++k) {
    if (!is_utf8(index.names[k])) fail("index '", name, "': the name '", detail::printable(index.names[k]), "' is not UTF-8");
    text += (k == 0 ? "\n" : ",\n") + json_quoted(index.names[k]);
  }
  write_npy<float>(rows_path, std::vector{index.rows(), index.embed}, index.values);
  write_file_atomically(names_path, text, std::string_view{"\n]}\n"});
}

/// Reads what save_index wrote. `model` names what queries are encoded with; an empty name agrees with any.
/// errors: one sentence with the path: another kind of file; made with another model; an array that is not the one that the names
///         were written for, or that holds what is no number
inline embedding_index load_index(const std::string& name, const std::string& model = {}) {
  const auto [rows_path, names_path] = files_of_index(name);
  auto [index, expected] = detail::read_index_description(names_path);
  if (!model.empty() && model != index.model)
    fail("index '", name, "' was made with '", detail::printable(index.model), "', but the model is '", detail::printable(model), "'");
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

/// Refuses an index whose images or texts became something else before the towers than they would now.
/// errors: one sentence with the name
inline void check_preparation(const std::string& name, const embedding_index& index, const std::string& preparation) {
  if (index.preparation != preparation)
    fail("index '", name, "' was made with ", index.kind == embedded_kind::images ? "another preprocessing of images" : "another tokenizer", "; make it anew");
}

}  // namespace akin::inline v0
