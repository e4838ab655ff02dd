// SPDX-License-Identifier: Apache-2.0
// What a public CLIP is made of, as a value: the family, and the sizes of both towers.
#pragma once

#include <akin/support/error.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace akin::inline v0 {

/// Which towers: OpenAI's Vision Transformer or residual network beside a causal text Transformer, or SigLIP's two
/// (no class token, attention pooling; bidirectional text, last token, a bias on the logits).
enum class clip_family { vision_transformer, residual_network, siglip };

enum class activation { gelu_exact, gelu_tanh, gelu_quick };

constexpr std::string_view name_of(clip_family family) {
  constexpr std::array<std::string_view, 3> names{"a Vision Transformer", "a residual network", "SigLIP"};
  return names[static_cast<std::size_t>(family)];
}
constexpr std::string_view name_of(activation function) {
  constexpr std::array<std::string_view, 3> names{"GELU", "GELU (tanh)", "QuickGELU"};
  return names[static_cast<std::size_t>(function)];
}

/// The image tower. A residual network has `stages` instead of patch, layers and hidden, and `heads` in its attention pooling.
struct image_architecture {
  std::int64_t height = 224, columns = 224;  // pixels
  std::int64_t patch = 32, width = 768, layers = 12, heads = 12, hidden = 3072;
  std::array<std::int64_t, 4> stages{};  // blocks of each stage of a residual network
  activation function = activation::gelu_exact;

  bool operator==(const image_architecture&) const = default;
};

struct text_architecture {
  std::int64_t context = 77, vocabulary = 49408, width = 512, layers = 12, heads = 8, hidden = 2048;
  activation function = activation::gelu_exact;

  bool operator==(const text_architecture&) const = default;
};

/// Everything that the shapes and the arithmetic of a public CLIP depend on.
struct clip_architecture {
  clip_family family = clip_family::vision_transformer;
  std::int64_t embed = 512;
  image_architecture image;
  text_architecture text;

  bool operator==(const clip_architecture&) const = default;

  /// Rows and columns of patches, or of the residual network's last feature map, which is a 32nd of the image.
  std::int64_t grid_rows() const { return image.height / cell(); }
  std::int64_t grid_columns() const { return image.columns / cell(); }
  /// Of the layer norms: big_vision's towers have another one than OpenAI's.
  double norm_epsilon() const { return family == clip_family::siglip ? 1e-6 : 1e-5; }

 private:
  std::int64_t cell() const { return family == clip_family::residual_network ? 32 : image.patch; }
};

/// Calls visit(name, size, largest) for every size of the architecture, as sentences name them. What is larger than `largest` is
/// no such model, and below it no product of sizes leaves 64 bits.
template <class Visit>
void for_each_size(const clip_architecture& a, Visit visit) {
  constexpr std::int64_t wide = 1 << 17, deep = 1000;
  visit("embed", a.embed, wide);
  visit("image height", a.image.height, wide), visit("image width", a.image.columns, wide);
  visit("image tower's width", a.image.width, wide), visit("image tower's heads", a.image.heads, wide);
  if (a.family == clip_family::residual_network) {
    for (const std::int64_t blocks : a.image.stages) visit("number of blocks in a stage", blocks, deep);
  } else {
    visit("patch", a.image.patch, 1 << 12);
    visit("image tower's layers", a.image.layers, deep), visit("image tower's hidden width", a.image.hidden, wide);
  }
  visit("context length", a.text.context, wide), visit("vocabulary", a.text.vocabulary, 1 << 24);
  visit("text tower's width", a.text.width, wide), visit("text tower's layers", a.text.layers, deep);
  visit("text tower's heads", a.text.heads, wide), visit("text tower's hidden width", a.text.hidden, wide);
}

/// Calls visit(tower, function) for the activation of every tower that has a choice of it.
template <class Visit>
void for_each_activation(const clip_architecture& a, Visit visit) {
  if (a.family != clip_family::residual_network) visit("image", a.image.function);
  visit("text", a.text.function);
}

/// Refuses sizes that no such model has; `place` begins the sentence, as in "config 'x.json'".
/// errors: a size below 1 or absurdly large; heads that do not divide a width; an image smaller than a patch
inline void check_architecture(const clip_architecture& a, std::string_view place) {
  for_each_size(a, [&](std::string_view name, std::int64_t size, std::int64_t largest) {
    if (size < 1 || size > largest) fail(place, ": the ", name, " is ", size, ", expected 1 to ", largest);
  });
  const bool residual = a.family == clip_family::residual_network;
  const std::int64_t pooled = residual ? 32 * a.image.width : a.image.width;
  if (pooled % a.image.heads != 0) fail(place, ": the image tower's ", a.image.heads, " heads do not divide its width ", pooled);
  if (a.text.width % a.text.heads != 0)
    fail(place, ": the text tower's ", a.text.heads, " heads do not divide its width ", a.text.width);
  if (a.grid_rows() < 1 || a.grid_columns() < 1)
    fail(place, ": an image of ", a.image.height, " x ", a.image.columns, " pixels is smaller than ",
         residual ? std::string{"the 32 that a residual network needs"} : "a patch of " + std::to_string(a.image.patch));
  if (residual && a.image.width % 2 != 0)
    fail(place, ": the image tower's width is ", a.image.width, ", expected an even number");
  if (a.family == clip_family::siglip && a.embed != a.image.width)
    fail(place, ": the embedding has ", a.embed, " numbers and the image tower ", a.image.width,
         ", but SigLIP's image tower has no projection");
}

/// Refuses two architectures that differ, naming the first size or function with both values.
/// `one` and `other` are what sentences call them.
inline void check_same(const clip_architecture& a, std::string_view one, const clip_architecture& b, std::string_view other) {
  if (a.family != b.family) fail(one, " has ", name_of(a.family), " for images, but ", other, " has ", name_of(b.family));
  std::array<std::pair<std::string_view, std::int64_t>, 16> sizes{};
  std::size_t count = 0, k = 0;
  for_each_size(a, [&](std::string_view name, std::int64_t size, std::int64_t) { sizes[count++] = {name, size}; });
  for_each_size(b, [&](std::string_view name, std::int64_t size, std::int64_t) {
    if (sizes[k].second != size) fail(one, " says that the ", name, " is ", sizes[k].second, ", but ", other, " says ", size);
    ++k;
  });
  std::array<activation, 2> functions{};
  count = k = 0;
  for_each_activation(a, [&](std::string_view, activation function) { functions[count++] = function; });
  for_each_activation(b, [&](std::string_view tower, activation function) {
    if (functions[k] != function)
      fail(one, " says that the ", tower, " tower's activation is ", name_of(functions[k]), ", but ", other, " says ", name_of(function));
    ++k;
  });
}

}  // namespace akin::inline v0
