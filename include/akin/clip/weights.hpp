// SPDX-License-Identifier: Apache-2.0
// Weights of public CLIPs between files, in either naming, and the tensors that programs borrow.
#pragma once

#include <akin/clip/layouts.hpp>
#include <akin/clip/position_embedding.hpp>
#include <akin/graph/parameters.hpp>
#include <akin/io/safetensors.hpp>
#include <akin/support/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// Which names a file uses.
inline weight_names names_of(const safetensors_file& file) {
  const auto theirs = [](const tensor_entry& t) {
    return t.name.starts_with("text_model.") || t.name.starts_with("vision_model.");
  };
  if (std::ranges::any_of(file.tensors(), theirs)) return weight_names::transformers;
  // SigLIP's projection has a bias, and so another name.
  return file.find("text.text_projection") ? weight_names::open_clip_custom_text : weight_names::open_clip;
}

/// OpenAI's archives hold three numbers beside the weights. Only they do, and all of OpenAI's models have QuickGELU.
inline bool is_from_openai(const safetensors_file& file) {
  return file.find("input_resolution") != nullptr && file.find("context_length") != nullptr && file.find("vocab_size") != nullptr;
}

namespace detail {

/// Tensors that some files hold and no model needs: counters of batches, a causal mask, ranges 0, 1, 2 ...
inline bool is_bystander(std::string_view name) {
  constexpr std::array whole{"input_resolution", "context_length", "vocab_size", "attn_mask", "text.attn_mask"};
  return name.ends_with(".num_batches_tracked") || name.ends_with(".position_ids") ||
         std::ranges::find(whole, name) != whole.end();
}

/// Leading extents of 1 do not count: a scalar may be written as [1], positions [1, patches, width] as a matrix.
inline bool same_shape(std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
  const auto core = [](auto shape) {
    while (!shape.empty() && shape.front() == 1) shape = shape.subspan(1);
    return shape;
  };
  return std::ranges::equal(core(a), core(b));
}

}  // namespace detail

/// Refuses a file that does not hold exactly the tensors of the layout.
/// errors: run time, one sentence that names the first tensor that is missing, misshapen (with both shapes) or too many, and says
///         how many more there are
inline void check_tensors(const safetensors_file& file, const weight_layout& layout) {
  std::string first;
  std::size_t mistakes = 0;
  const auto note = [&](const auto&... parts) {
    if (mistakes++ == 0) first = detail::sentence_of({parts...});
  };
  std::vector<std::string_view> expected;
  for (const tensor_shape& tensor : layout.theirs) {
    expected.push_back(tensor.name);
    const tensor_entry* const entry = file.find(tensor.name);
    if (entry == nullptr) note("lacks the tensor '", tensor.name, "' ", shape_text(tensor.shape));
    else if (!detail::same_shape(entry->shape, tensor.shape))
      note("has the tensor '", tensor.name, "' with the shape ", shape_text(entry->shape), ", but the architecture says ",
           shape_text(tensor.shape));
  }
  std::ranges::sort(expected);
  for (const tensor_entry& entry : file.tensors())
    if (!std::ranges::binary_search(expected, entry.name) && !detail::is_bystander(entry.name))
      note("has the tensor '", detail::printable(entry.name), "' ", shape_text(entry.shape),
           ", which the architecture does not have");
  if (mistakes == 0) return;
  fail("weights: '", file.path(), "' ", first,
       mistakes == 1 ? "" : " (and " + std::to_string(mistakes - 1) + " more such tensors)");
}

/// Refuses weights whose activation is not the architecture's, where the file tells: OpenAI's, and those that akin has written.
/// errors: run time, naming both activations
inline void check_activation(const safetensors_file& file, const clip_architecture& a) {
  const auto written = file.metadata().find("activation");
  const std::string_view given = name_of(a.text.function);
  if (is_from_openai(file) && a.text.function != activation::gelu_quick)
    fail("weights: '", file.path(), "' are OpenAI's, which need ", name_of(activation::gelu_quick), ", but the architecture has ",
         given);
  if (written != file.metadata().end() && written->second != given)
    fail("weights: '", file.path(), "' were written with ", detail::printable(written->second), ", but the architecture has ",
         given);
}

namespace detail {

/// A tensor that check_tensors has passed, in the shape of the layout, whose leading extents of 1 the file may leave out or add.
inline tensor_entry entry_of(const safetensors_file& file, const tensor_shape& tensor) {
  tensor_entry entry = *file.find(tensor.name);
  entry.shape = tensor.shape;
  return entry;
}

inline tensor_entry part_of(const tensor_entry& whole, std::int64_t begin, std::int64_t count) {
  const auto bytes = static_cast<std::size_t>(bits_of(whole.type) / 8);
  return {whole.name,
          whole.type,
          {count},
          whole.bytes.subspan(static_cast<std::size_t>(begin) * bytes, static_cast<std::size_t>(count) * bytes)};
}

/// A matrix [rows, columns] of a file, converted and transposed; a row at a time, so that only one row is held twice.
inline void read_transposed(const tensor_entry& matrix, std::span<float> out, std::string_view file) {
  const auto rows = static_cast<std::size_t>(matrix.shape[0]), columns = static_cast<std::size_t>(matrix.shape[1]);
  std::vector<float> row(columns);
  for (std::size_t r = 0; r < rows; ++r) {
    read_entry<float>(part_of(matrix, static_cast<std::int64_t>(r * columns), matrix.shape[1]), row, file);
    for (std::size_t c = 0; c < columns; ++c) out[c * rows + r] = row[c];
  }
}

/// Fills `to` from the file's pieces: the numbers are converted where they lie and stored where they belong.
inline void read_tensor(const safetensors_file& file, const weight_layout& layout, std::size_t tensor, std::span<float> to) {
  for (const tensor_piece& piece : layout.pieces) {
    if (piece.from != tensor) continue;
    const tensor_entry entry = entry_of(file, layout.theirs[piece.to]);
    if (piece.transposed) read_transposed(entry, to, file.path());
    else
      read_entry(part_of(entry, piece.to_begin, piece.count),
                 to.subspan(static_cast<std::size_t>(piece.from_begin), static_cast<std::size_t>(piece.count)), file.path());
  }
  for (const float x : to)
    if (!std::isfinite(x))
      fail("weights: '", file.path(), "': the tensor '", layout.ours[tensor].name, "' has numbers that are not finite");
}

}  // namespace detail

/// The size of the images and texts that a program is bound to, where they differ from the architecture's.
struct position_sizes {
  patch_grid grid;
  std::int64_t context = 0;
};

/// Fills every weight of a model from a file in open_clip's or transformers' names: F32, F16, BF16 and F64 become fp32. A model
/// of one tower takes that tower's. Where `sizes` differ from the architecture's, the positions of patches and tokens are
/// resampled.
/// cost:   the file is mapped; each number is converted once, from where it lies there to where it is used
/// errors: run time: as check_tensors and check_activation; a tensor of the model that the architecture lacks or that has another
///         shape (both are named); numbers that are not finite
inline void load_clip_weights(const safetensors_file& file, const clip_architecture& a, const position_sizes& sizes,
                              parameter_store<float>& weights) {
  const weight_layout layout = layout_of(a, names_of(file));
  check_tensors(file, layout);
  check_activation(file, a);
  clip_architecture wanted = a;  // its tensors have the shapes that the model must have
  if (a.family == clip_family::residual_network) {
    wanted.image.height = 32 * sizes.grid.rows, wanted.image.columns = 32 * sizes.grid.columns;
  } else {
    wanted.image.height = a.image.patch * sizes.grid.rows, wanted.image.columns = a.image.patch * sizes.grid.columns;
  }
  wanted.text.context = sizes.context;
  const std::vector<tensor_shape> shapes = clip_tensors(wanted);
  const patch_grid old_grid{a.grid_rows(), a.grid_columns()};

  for (auto& t : weights.tensors()) {
    const auto place = std::ranges::find(shapes, t.name, &tensor_shape::name);
    const auto k = static_cast<std::size_t>(place - shapes.begin());
    if (place == shapes.end())
      fail("weights: '", file.path(), "' lacks the tensor '", t.name, "' ", shape_text(t.shape), " of the model");
    if (!detail::same_shape(t.shape, place->shape))
      fail("weights: the model's tensor '", t.name, "' has the shape ", shape_text(t.shape), ", but '", file.path(),
           "' makes it ", shape_text(place->shape));
    if (place->shape == layout.ours[k].shape) {
      detail::read_tensor(file, layout, k, t.values);
      continue;
    }
    std::vector<float> old(static_cast<std::size_t>(layout.ours[k].size()));
    detail::read_tensor(file, layout, k, old);
    const bool text = t.name.ends_with("positional_embedding") && !t.name.starts_with("visual.");
    if (text) resize_text_positions(old, t.values, a.text.width);
    else
      resize_image_positions(old, old_grid, t.values, sizes.grid, place->shape.back(), a.family == clip_family::siglip ? 0 : 1);
  }
}

/// The same for the sizes of the architecture.
inline void load_clip_weights(const safetensors_file& file, const clip_architecture& a, parameter_store<float>& weights) {
  load_clip_weights(file, a, {{a.grid_rows(), a.grid_columns()}, a.text.context}, weights);
}

/// Tensors under other names. Entries refer to the numbers where they lay; only what is joined or transposed is copied, into
/// `made`.
struct rearranged_tensors {
  std::vector<tensor_entry> entries;
  std::list<std::vector<std::byte>> made;
};

namespace detail {

template <class Word>
void transpose_words(const std::byte* from, std::byte* to, std::size_t rows, std::size_t columns) {
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c)
      std::memcpy(to + (c * rows + r) * sizeof(Word), from + (r * columns + c) * sizeof(Word), sizeof(Word));
}

inline void transpose_entry(const tensor_entry& matrix, std::byte* to) {
  const auto rows = static_cast<std::size_t>(matrix.shape[0]), columns = static_cast<std::size_t>(matrix.shape[1]);
  switch (bits_of(matrix.type)) {
    case 16:
      return transpose_words<std::uint16_t>(matrix.bytes.data(), to, rows, columns);
    case 32:
      return transpose_words<std::uint32_t>(matrix.bytes.data(), to, rows, columns);
    case 64:
      return transpose_words<std::uint64_t>(matrix.bytes.data(), to, rows, columns);
    default:
      fail("weights: the tensor '", matrix.name, "' of type ", name_of(matrix.type), " cannot be transposed");
  }
}

}  // namespace detail

/// The tensors `to`, made of pieces of the entries `from`; dtypes stay as they are.
/// errors: run time: parts of one tensor with different types
inline rearranged_tensors rearrange(std::span<const tensor_entry> from, std::span<const tensor_shape> to,
                                    std::span<const tensor_piece> pieces) {
  rearranged_tensors result;
  std::vector<std::vector<const tensor_piece*>> parts(to.size());
  for (const tensor_piece& piece : pieces) parts[piece.to].push_back(&piece);
  for (std::size_t k = 0; k < to.size(); ++k) {
    const tensor_entry& first = from[parts[k].front()->from];
    tensor_entry& entry = result.entries.emplace_back(tensor_entry{to[k].name, first.type, to[k].shape, {}});
    if (parts[k].size() == 1 && !parts[k].front()->transposed) {
      entry.bytes = detail::part_of(first, parts[k].front()->from_begin, parts[k].front()->count).bytes;
      continue;
    }
    const auto word = static_cast<std::size_t>(bits_of(first.type) / 8);
    auto& made = result.made.emplace_back(static_cast<std::size_t>(to[k].size()) * word);
    for (const tensor_piece* const piece : parts[k]) {
      const tensor_entry& source = from[piece->from];
      if (source.type != first.type)
        fail("weights: '", first.name, "' is ", name_of(first.type), ", but '", source.name,
             "', which belongs to the same tensor, is ", name_of(source.type));
      if (piece->transposed) detail::transpose_entry(source, made.data());
      else
        std::ranges::copy(detail::part_of(source, piece->from_begin, piece->count).bytes,
                          made.begin() + piece->to_begin * static_cast<std::ptrdiff_t>(word));
    }
    entry.bytes = made;
  }
  return result;
}

/// The weights of a file under open_clip's names.
/// errors: as check_tensors and check_activation
inline rearranged_tensors read_clip_tensors(const safetensors_file& file, const clip_architecture& a) {
  const weight_layout layout = layout_of(a, names_of(file));
  check_tensors(file, layout);
  check_activation(file, a);
  std::vector<tensor_entry> theirs;
  for (const tensor_shape& tensor : layout.theirs) theirs.push_back(detail::entry_of(file, tensor));
  return rearrange(theirs, layout.ours, reversed(layout.pieces));
}

/// Writes the weights (under open_clip's names, all of them) to a file in the names of open_clip or transformers, which both
/// load.
/// values: rounded to `type` (F32, F16 or BF16), or as they are
/// errors: run time: a tensor that is missing or misshapen, a number that F16 cannot hold; then as atomic_file
inline void write_clip_weights(const std::string& path, const clip_architecture& a, std::span<const tensor_entry> weights,
                               weight_names names, std::optional<dtype> type = {}) {
  const weight_layout layout = layout_of(a, names);
  std::vector<tensor_entry> ours;
  for (const tensor_shape& tensor : layout.ours) {
    const auto place = std::ranges::find(weights, tensor.name, &tensor_entry::name);
    if (place == weights.end())
      fail("write_clip_weights: the tensor '", tensor.name, "' ", shape_text(tensor.shape), " is missing");
    if (!detail::same_shape(place->shape, tensor.shape))
      fail("write_clip_weights: the tensor '", tensor.name, "' has the shape ", shape_text(place->shape), ", expected ",
           shape_text(tensor.shape));
    ours.push_back(*place);
    ours.back().shape = tensor.shape;
  }
  std::list<std::vector<std::byte>> rounded;
  if (type)
    for (tensor_entry& entry : ours) convert_entry(entry, *type, rounded.emplace_back(), path);
  const rearranged_tensors theirs = rearrange(ours, layout.theirs, layout.pieces);
  write_safetensors(path, theirs.entries, {{"format", "pt"}, {"activation", std::string{name_of(a.text.function)}}});
}

/// Writes what a program has trained.
inline void write_clip_weights(const std::string& path, const clip_architecture& a, parameter_store<float>& weights,
                               weight_names names, std::optional<dtype> type = {}) {
  std::vector<tensor_entry> entries;
  const auto tensors = weights.tensors();
  for (const auto& t : tensors) entries.push_back(make_entry<float>(t.name, t.shape, t.values));
  write_clip_weights(path, a, entries, names, type);
}

}  // namespace akin::inline v0
