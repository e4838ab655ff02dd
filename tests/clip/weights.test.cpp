// SPDX-License-Identifier: Apache-2.0
// Weights of public CLIPs: from files in either naming to a model's tensors, back to files, and every file that is not such a
// model's.
#include <akin/clip/folder.hpp>
#include <akin/clip/presets.hpp>
#include <akin/clip/write_config.hpp>
#include <akin/nn/text_transformer.hpp>
#include <akin/nn/vision_transformer.hpp>

#include <doctest/doctest.h>

#include "count_allocations.hpp"
#include "support/files.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace akin;

namespace clip_weights_test {

inline constexpr struct images : batch<"images"> {
} images;
inline constexpr struct texts : batch<"texts"> {
} texts;
inline constexpr struct channels : axis<"channels", 3> {
} channels;
inline constexpr struct height : axis<"height"> {
} height;
inline constexpr struct columns : axis<"columns"> {
} columns;
inline constexpr struct tokens : axis<"tokens"> {
} tokens;
inline constexpr struct embed : axis<"embed"> {
} embed;

// Only its tensors are used: nothing of it runs.
struct clip {
  static constexpr auto define(model& m) {
    const auto image = vision_transformer(m, "visual", m.data<"pixels">(images, channels, height, columns), embed);
    const auto text = text_transformer(m, "", m.indices<"ids">(texts, tokens), embed);
    return sum(image) * m.parameter<"logit_scale">(initial::constant(1)) + sum(text);
  }
};

// The same architecture with images and texts of other sizes.
struct sizes {
  std::int64_t height, columns, context;
};

void bind(parameters<clip>& weights, const clip_architecture& a, const sizes& s) {
  weights.bind(1, height(s.height), columns(s.columns), tokens(s.context), embed(a.embed), image_tower::width(a.image.width),
               image_tower::patch(a.image.patch), image_tower::layers(a.image.layers), image_tower::heads(a.image.heads),
               image_tower::hidden(a.image.hidden), text_tower::width(a.text.width), text_tower::vocabulary(a.text.vocabulary),
               text_tower::layers(a.text.layers), text_tower::heads(a.text.heads), text_tower::hidden(a.text.hidden));
}
void bind(parameters<clip>& weights, const clip_architecture& a) {
  bind(weights, a, {a.image.height, a.image.columns, a.text.context});
}

std::string golden(const std::string& name) { return std::string{AKIN_GOLDEN_DIR} + "/models/" + name; }

std::vector<float> values_of(parameter_store<float>& weights, std::string_view name) {
  for (const auto& t : weights.tensors())
    if (t.name == name) return {t.values.begin(), t.values.end()};
  FAIL("no tensor " << name);
  return {};
}

// A folder with a copy of a golden model, whose tensors and configuration a test may change.
class changed_model {
 public:
  explicit changed_model(const std::string& name)
      : source_(std::make_shared<clip_folder>(open_clip_folder(golden(name)))), metadata_(source_->weights.metadata()) {
    for (const auto& t : source_->weights.tensors()) tensors_[t.name] = t;
    config_ = clip_config_text(source_->architecture, names_of(source_->weights));
  }
  tensor_entry& operator[](const std::string& name) { return tensors_[name]; }
  std::map<std::string, tensor_entry>& tensors() { return tensors_; }
  std::map<std::string, std::string>& metadata() { return metadata_; }
  std::string& config() { return config_; }

  template <class T>
  void put(const std::string& name, std::vector<std::int64_t> shape, const std::vector<T>& values) {
    tensors_[name] = make_entry<T>(name, std::move(shape), values);
  }
  std::string write(const temporary_folder& folder) const {
    const bool theirs = names_of(source_->weights) == weight_names::transformers;
    std::vector<tensor_entry> all;
    for (const auto& [name, tensor] : tensors_) all.push_back(tensor), all.back().name = name;
    write_safetensors(folder / (theirs ? "model.safetensors" : "open_clip_model.safetensors"), all, metadata_);
    if (!config_.empty()) folder.put(theirs ? "config.json" : "open_clip_config.json", config_);
    return folder.path();
  }
  std::string verdict() const {
    const temporary_folder folder;
    return sentence_of([&] { open_clip_folder(write(folder)); });
  }

 private:
  std::shared_ptr<clip_folder> source_;  // copies share what is mapped
  std::map<std::string, tensor_entry> tensors_;
  std::map<std::string, std::string> metadata_;
  std::string config_;
};

std::string with(std::string text, std::string_view part, std::string_view other) {
  const auto place = text.find(part);
  REQUIRE(place != std::string::npos);
  return text.replace(place, part.size(), other);
}

// Both files hold the same tensors, byte for byte.
void check_same_tensors(const safetensors_file& a, const safetensors_file& b) {
  REQUIRE(a.tensors().size() == b.tensors().size());
  for (std::size_t k = 0; k < a.tensors().size(); ++k) {
    CAPTURE(a.tensors()[k].name);
    CHECK(a.tensors()[k].name == b.tensors()[k].name);
    CHECK(a.tensors()[k].type == b.tensors()[k].type);
    CHECK(a.tensors()[k].shape == b.tensors()[k].shape);
    CHECK(std::ranges::equal(a.tensors()[k].bytes, b.tensors()[k].bytes));
  }
}

}  // namespace clip_weights_test

using namespace clip_weights_test;

TEST_CASE("a model's tensors from open_clip's names: every one, bit for bit") {
  for (const char* const name : {"vit", "vit_quick_gelu", "vit_wide_mlp"}) {
    const auto folder = open_clip_folder(golden(name));
    parameters<clip> weights;
    bind(weights, folder.architecture);
    load_clip_weights(folder.weights, folder.architecture, weights);
    CHECK(weights.tensors().size() == folder.weights.tensors().size());
    for (const auto& t : weights.tensors()) {
      CAPTURE(t.name);
      CHECK(std::ranges::equal(folder.weights.read<float>(t.name), t.values));
    }
  }
}

TEST_CASE("a model with custom_text: the text tower's tensors under text., and the same weights") {
  const temporary_folder folder;
  changed_model custom{"vit"};
  for (const auto& [name, tensor] : std::map{custom.tensors()}) {
    const std::string ours = name;
    if (ours.starts_with("visual.") || ours == "logit_scale") continue;
    custom["text." + ours] = tensor;
    custom.tensors().erase(ours);
  }
  custom.config() = with(custom.config(), "\"text_cfg\"", "\"custom_text\": true, \"text_cfg\"");
  const auto there = open_clip_folder(custom.write(folder)), plain = open_clip_folder(golden("vit"));
  CHECK(names_of(there.weights) == weight_names::open_clip_custom_text);
  CHECK(there.architecture == plain.architecture);
  parameters<clip> got, expected;
  for (auto* const weights : {&got, &expected}) bind(*weights, plain.architecture);
  load_clip_weights(there.weights, there.architecture, got);
  load_clip_weights(plain.weights, plain.architecture, expected);
  CHECK(std::ranges::equal(got.values(), expected.values()));

  custom.tensors().erase("text.ln_final.bias");
  CHECK(contains(custom.verdict(), "lacks the tensor 'text.ln_final.bias' ["));
}

TEST_CASE("a model's tensors from transformers' names: joined, transposed, renamed") {
  const auto folder = open_clip_folder(golden("hf"));
  const auto& file = folder.weights;
  parameters<clip> weights;
  bind(weights, folder.architecture);
  load_clip_weights(file, folder.architecture, weights);

  const auto joined = [&](const std::string& prefix, const std::string& kind) {
    std::vector<float> all;
    for (const char* const part : {"q", "k", "v"})
      std::ranges::copy(file.read<float>(prefix + part + "_proj." + kind), std::back_inserter(all));
    return all;
  };
  CHECK(values_of(weights, "transformer.resblocks.1.attn.in_proj_weight") ==
        joined("text_model.encoder.layers.1.self_attn.", "weight"));
  CHECK(values_of(weights, "visual.transformer.resblocks.0.attn.in_proj_bias") ==
        joined("vision_model.encoder.layers.0.self_attn.", "bias"));
  const auto projection = file.read<float>("visual_projection.weight"), ours = values_of(weights, "visual.proj");
  const std::size_t rows = file.find("visual_projection.weight")->shape[0] == 20 ? 20 : 0, width = 64;
  REQUIRE(ours.size() == rows * width);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < width; ++c) CHECK(ours[c * rows + r] == projection[r * width + c]);
  CHECK(values_of(weights, "visual.ln_pre.bias") == file.read<float>("vision_model.pre_layrnorm.bias"));
  CHECK(values_of(weights, "ln_final.weight") == file.read<float>("text_model.final_layer_norm.weight"));
  CHECK(values_of(weights, "transformer.resblocks.0.mlp.c_proj.weight") ==
        file.read<float>("text_model.encoder.layers.0.mlp.fc2.weight"));
}

TEST_CASE("a matrix that is transposed may have leading extents of 1, or lack them") {
  const temporary_folder folder;
  changed_model m{"hf"};
  const auto source = open_clip_folder(golden("hf"));
  for (const char* const name : {"text_projection.weight", "visual_projection.weight"}) {
    auto& shape = m[name].shape;
    shape.insert(shape.begin(), 1);
  }
  const auto copy = open_clip_folder(m.write(folder));
  parameters<clip> expected, got;
  bind(expected, source.architecture), bind(got, source.architecture);
  load_clip_weights(source.weights, source.architecture, expected);
  load_clip_weights(copy.weights, copy.architecture, got);
  CHECK(std::ranges::equal(got.values(), expected.values()));
  const auto rearranged = read_clip_tensors(copy.weights, copy.architecture),
             plain = read_clip_tensors(source.weights, source.architecture);
  for (std::size_t k = 0; k < plain.entries.size(); ++k) {
    CAPTURE(plain.entries[k].name);
    CHECK(std::ranges::equal(rearranged.entries[k].bytes, plain.entries[k].bytes));
  }

  // Embeddings of one number: [1, width] may be written as [width], and its transpose has no leading 1.
  clip_architecture narrow = source.architecture;
  narrow.embed = 1;
  std::list<std::vector<float>> numbers;
  std::vector<tensor_entry> ours;
  for (const auto& tensor : clip_tensors(narrow)) {
    auto& values = numbers.emplace_back(static_cast<std::size_t>(tensor.size()));
    for (std::size_t k = 0; k < values.size(); ++k) values[k] = static_cast<float>(k % 97);
    ours.push_back(make_entry<float>(tensor.name, tensor.shape, values));
  }
  write_clip_weights(folder / "narrow", narrow, ours, weight_names::transformers);
  const safetensors_file written{folder / "narrow"};
  std::vector<tensor_entry> theirs{written.tensors().begin(), written.tensors().end()};
  for (auto& entry : theirs)
    if (entry.name.ends_with("_projection.weight")) entry.shape = {entry.shape.back()};
  write_safetensors(folder / "flat", theirs);
  const safetensors_file flat{folder / "flat"};
  const auto back = read_clip_tensors(flat, narrow);
  for (std::size_t k = 0; k < ours.size(); ++k) {
    CAPTURE(ours[k].name);
    CHECK(std::ranges::equal(back.entries[k].bytes, ours[k].bytes));
  }
}

TEST_CASE("there and back in the other names, byte for byte") {
  const temporary_folder folder;
  for (const char* const name : {"vit", "hf", "siglip"}) {
    CAPTURE(name);
    const auto source = open_clip_folder(golden(name));
    const auto mine = names_of(source.weights),
               other = mine == weight_names::open_clip ? weight_names::transformers : weight_names::open_clip;
    const auto tensors = read_clip_tensors(source.weights, source.architecture);
    write_clip_weights(folder / "other", source.architecture, tensors.entries, other);
    const safetensors_file there{folder / "other"};
    CHECK(names_of(there) == other);
    write_clip_weights(folder / "back", source.architecture, read_clip_tensors(there, source.architecture).entries, mine);
    check_same_tensors(safetensors_file{folder / "back"}, source.weights);
  }
}

TEST_CASE("SigLIP's pooling in transformers' names: query, key and value in one tensor") {
  const temporary_folder folder;
  const auto source = open_clip_folder(golden("siglip"));
  write_clip_weights(folder / "x", source.architecture, read_clip_tensors(source.weights, source.architecture).entries,
                     weight_names::transformers);
  const safetensors_file there{folder / "x"};
  for (const char* const kind : {"weight", "bias"}) {
    auto expected = source.weights.read<float>(std::string{"visual.trunk.attn_pool.q."} + kind);
    std::ranges::copy(source.weights.read<float>(std::string{"visual.trunk.attn_pool.kv."} + kind), std::back_inserter(expected));
    CHECK(there.read<float>(std::string{"vision_model.head.attention.in_proj_"} + kind) == expected);
  }
  CHECK(there.find("logit_bias")->shape == std::vector<std::int64_t>{1});
  CHECK(there.find("vision_model.embeddings.position_embedding.weight")->shape == std::vector<std::int64_t>{9, 48});
}

TEST_CASE("what a program has trained is written, in either naming and in F32, F16 and BF16") {
  const temporary_folder folder;
  const auto source = open_clip_folder(golden("vit"));
  parameters<clip> weights, back;
  bind(weights, source.architecture), bind(back, source.architecture);
  load_clip_weights(source.weights, source.architecture, weights);
  for (const auto names : {weight_names::open_clip, weight_names::transformers})
    for (const auto& [type, error] :
         {std::pair{dtype::f32, 0.}, std::pair{dtype::f16, 0x1p-11}, std::pair{dtype::bf16, 0x1p-8}}) {
      write_clip_weights(folder / "x", source.architecture, weights, names, type);
      const safetensors_file file{folder / "x"};
      CHECK(file.metadata().at("format") == "pt");  // transformers asks for it
      for (const auto& t : file.tensors()) CHECK(t.type == type);
      load_clip_weights(file, source.architecture, back);
      double worst = 0;
      for (std::size_t k = 0; k < weights.values().size(); ++k) {
        const double x = static_cast<double>(weights.values()[k]), y = static_cast<double>(back.values()[k]);
        worst = std::max(worst, std::abs(x - y) / std::max(std::abs(x), 0x1p-14));
      }
      CHECK(worst <= error);
      CHECK((worst > 0) == (type != dtype::f32));
    }
}

TEST_CASE("each number is copied once: loading allocates no room for weights") {
  if (const auto reason = akin_test::uncounted(); !reason.empty()) {
    MESSAGE("skipped: " << reason);
    return;
  }
  for (const char* const name : {"vit", "hf"}) {
    const auto source = open_clip_folder(golden(name));
    parameters<clip> weights;
    bind(weights, source.architecture);
    const std::size_t all = weights.values().size_bytes(),
                      asked =
                          akin_test::allocated_bytes_of([&] { load_clip_weights(source.weights, source.architecture, weights); });
    const std::size_t listed = akin_test::allocated_bytes_of(
        [&] { check_tensors(source.weights, layout_of(source.architecture, names_of(source.weights))); });
    MESSAGE(std::string{name} << ": " << all << " bytes of weights, " << asked << " allocated while loading, of these " << listed
                              << " for the names");
    CHECK(asked < 2 * listed + all / 20);
  }
}

TEST_CASE("images and texts of other sizes: positions are resampled, all else stays") {
  const auto source = open_clip_folder(golden("vit"));  // 32 pixels in patches of 16, 12 tokens
  parameters<clip> same, other;
  bind(same, source.architecture);
  load_clip_weights(source.weights, source.architecture, same);
  bind(other, source.architecture, {64, 48, 20});
  load_clip_weights(source.weights, source.architecture, {{4, 3}, 20}, other);
  for (const auto& t : same.tensors()) {
    if (t.name.ends_with("positional_embedding")) continue;
    CAPTURE(t.name);
    CHECK(values_of(other, t.name) == std::vector<float>(t.values.begin(), t.values.end()));
  }
  const auto grid = values_of(other, "visual.positional_embedding"), old = values_of(same, "visual.positional_embedding");
  std::vector<float> expected(grid.size());
  REQUIRE(grid.size() == (4 * 3 + 1) * 64);
  resize_image_positions(old, {2, 2}, expected, {4, 3}, 64, 1);
  CHECK(grid == expected);
  const auto text = values_of(other, "positional_embedding");
  REQUIRE(text.size() == 20 * 48);
  expected.resize(text.size());
  resize_text_positions(values_of(same, "positional_embedding"), expected, 48);
  CHECK(text == expected);

  // The sizes that the model is bound to and those that are asked for must agree.
  const std::string sentence = sentence_of([&] { load_clip_weights(source.weights, source.architecture, other); });
  CHECK(contains(sentence, "the model's tensor 'visual.positional_embedding' has the shape [13, 64], but"));
  CHECK(contains(sentence, "makes it [5, 64]"));
}

TEST_CASE("tensors that are missing, misshapen or too many are named with their shapes") {
  changed_model vit{"vit"};
  CHECK(vit.verdict() == "");
  auto m = vit;
  m.tensors().erase("visual.proj");
  CHECK(contains(m.verdict(), "lacks the tensor 'visual.proj' [64, 24]"));
  m.tensors().erase("ln_final.bias");
  CHECK(contains(m.verdict(), "lacks the tensor 'visual.proj' [64, 24] (and 1 more such tensors)"));
  m = vit;
  const std::vector<float> numbers(65);
  m.put<float>("visual.ln_pre.bias", {65}, numbers);
  CHECK(contains(m.verdict(), "has the tensor 'visual.ln_pre.bias' with the shape [65], but the architecture says [64]"));
  m = vit;
  m.put<float>("visual.transformer.resblocks.3.ln_1.bias", {65}, numbers);
  CHECK(contains(m.verdict(),
                 "has the tensor 'visual.transformer.resblocks.3.ln_1.bias' [65], which the architecture does not have"));
  m = vit;
  m.config() = with(m.config(), R"("layers": 3)", R"("layers": 2)");
  CHECK(contains(m.verdict(), "which the architecture does not have (and 11 more such tensors)"));
  m = vit;
  m.config() = with(m.config(), R"("embed_dim": 24)", R"("embed_dim": 32)");
  CHECK(contains(m.verdict(), "has the tensor 'visual.proj' with the shape [64, 24], but the architecture says [64, 32]"));
  changed_model hf{"hf"};
  hf.tensors().erase("vision_model.pre_layrnorm.weight");
  CHECK(contains(hf.verdict(), "lacks the tensor 'vision_model.pre_layrnorm.weight' [64]"));
}

TEST_CASE("what files hold beside the weights does no harm") {
  changed_model m{"hf"};
  const std::vector<std::int64_t> ids(11);
  m.put<std::int64_t>("text_model.embeddings.position_ids", {1, 11}, ids);
  CHECK(m.verdict() == "");
  changed_model rn{"resnet"};  // with counters of batches
  CHECK(rn.verdict() == "");
  const std::vector<float> scale{2};
  rn.put<float>("logit_scale", {1}, scale);  // instead of []
  CHECK(rn.verdict() == "");
}

TEST_CASE("numbers that are no weights are refused") {
  const temporary_folder folder;
  changed_model m{"vit"};
  std::vector<float> numbers(64);
  numbers[7] = std::numeric_limits<float>::quiet_NaN();
  m.put<float>("visual.ln_pre.bias", {64}, numbers);
  auto source = open_clip_folder(m.write(folder));
  parameters<clip> weights;
  bind(weights, source.architecture);
  CHECK(contains(sentence_of([&] { load_clip_weights(source.weights, source.architecture, weights); }),
                 "the tensor 'visual.ln_pre.bias' has numbers that are not finite"));
  const std::vector<std::int64_t> whole(64);
  m.put<std::int64_t>("visual.ln_pre.bias", {64}, whole);
  source = open_clip_folder(m.write(folder));
  CHECK(contains(sentence_of([&] { load_clip_weights(source.weights, source.architecture, weights); }),
                 "its type is I64, expected F32"));

  const temporary_folder other;
  changed_model hf{"hf"};
  const std::vector<double> doubles(48);
  hf.put<double>("text_model.encoder.layers.0.self_attn.k_proj.bias", {48}, doubles);
  source = open_clip_folder(hf.write(other));
  CHECK(contains(sentence_of([&] { read_clip_tensors(source.weights, source.architecture); }),
                 "self_attn.k_proj.bias', which belongs to the same tensor, is F64"));
}

TEST_CASE("OpenAI's weights: QuickGELU, and the architecture from the shapes") {
  const std::vector<std::int64_t> one{1};
  const auto mark = [&](changed_model& m) {
    for (const char* const name : {"input_resolution", "context_length", "vocab_size"}) m.put<std::int64_t>(name, {}, one);
  };
  const temporary_folder folder;
  changed_model other{"vit"};
  mark(other);
  CHECK(contains(other.verdict(), "are OpenAI's, which need QuickGELU, but the architecture has GELU"));

  // Heads 64 wide: the golden models have others, so that ViT-B/32's list stands for OpenAI's file.
  for (const char* const name : {"ViT-B-32-quickgelu", "RN50-quickgelu", "ViT-L-14-336-quickgelu"}) {
    CAPTURE(name);
    auto a = clip_preset(name);
    a.text.vocabulary = 64, a.text.layers = 2;  // a small file; zeros, since only the shapes count
    if (a.family == clip_family::vision_transformer) a.image.layers = 2;
    const auto shapes = clip_tensors(a);
    std::vector<tensor_entry> entries;
    std::int64_t most = 0;
    for (const auto& t : shapes) most = std::max(most, t.size());
    const std::vector<std::byte> zeros(static_cast<std::size_t>(2 * most));
    for (const auto& t : shapes)
      entries.push_back({t.name, dtype::f16, t.shape, std::span{zeros}.first(static_cast<std::size_t>(2 * t.size()))});
    for (const char* const mark_name : {"input_resolution", "context_length", "vocab_size"})
      entries.push_back(make_entry<std::int64_t>(mark_name, {}, one));
    write_safetensors(folder / "model.safetensors", entries);
    const auto found = open_clip_folder(folder.path());
    CHECK(clip_tensors(found.architecture).size() == shapes.size());
    CHECK(found.architecture.image.heads == a.image.heads);
    CHECK(found.architecture.image.height == a.image.height);
    CHECK(found.architecture.text == a.text);
    entries.pop_back();
    write_safetensors(folder / "model.safetensors", entries);
    CHECK(contains(sentence_of([&] { open_clip_folder(folder.path()); }),
                   "does not say whether its towers compute GELU or QuickGELU"));
  }
}

TEST_CASE("shapes that no model of OpenAI's has") {
  const temporary_folder folder;
  const std::vector<float> numbers(1 << 16);
  const auto infer = [&](std::vector<std::pair<std::string, std::vector<std::int64_t>>> shapes) {
    std::vector<tensor_entry> entries;
    for (auto& [name, shape] : shapes)
      entries.push_back(make_entry<float>(
          name, shape, std::span{numbers}.first(static_cast<std::size_t>(detail::element_count(shape).value()))));
    write_safetensors(folder / "x", entries);
    const safetensors_file file{folder / "x"};
    return sentence_of([&] { infer_clip_architecture(file, activation::gelu_quick); });
  };
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> shapes{
      {"text_projection", {64, 8}},
      {"positional_embedding", {4, 64}},
      {"token_embedding.weight", {9, 64}},
      {"transformer.resblocks.0.ln_1.weight", {64}},
      {"transformer.resblocks.0.mlp.c_fc.weight", {8, 64}},
      {"visual.proj", {64, 8}},
      {"visual.conv1.weight", {64, 3, 4, 4}},
      {"visual.transformer.resblocks.0.ln_1.weight", {64}},
      {"visual.transformer.resblocks.0.mlp.c_fc.weight", {8, 64}}};
  CHECK(contains(infer({}), "has no tensor 'text_projection', which OpenAI's models have"));
  CHECK(contains(infer({{"text_projection", {8}}}),
                 "has the tensor 'text_projection' with the shape [8], expected at least 2 dimensions"));
  shapes.push_back({"visual.positional_embedding", {5, 64}});
  CHECK(infer(shapes) == "");
  shapes.back().second = {6, 64};
  CHECK(contains(infer(shapes), "has 5 positions of patches in 'visual.positional_embedding', expected a square number"));
  shapes.back().second = {0, 64};
  CHECK(contains(infer(shapes), "has -1 positions of patches"));
  shapes.back().second = {5, 64};
  shapes[6].second = {1280, 3, 4, 4};
  CHECK(contains(infer(shapes), "an image tower of width 1280, whose heads do not follow from its shapes"));
  shapes[6].second = {96, 3, 4, 4};
  CHECK(contains(infer(shapes), "an image tower of width 96, whose heads do not follow"));
  shapes[2].second = {9, 96};
  CHECK(contains(infer(shapes), "a text tower of width 96, whose heads do not follow"));
}

TEST_CASE("an activation that the weights were not written with is refused") {
  const temporary_folder folder;
  changed_model m{"vit_quick_gelu"};
  m.metadata() = {{"format", "pt"}, {"activation", "QuickGELU"}};
  CHECK(m.verdict() == "");
  m.config() = with(m.config(), R"("quick_gelu": true)", R"("quick_gelu": false)");
  CHECK(contains(m.verdict(), "were written with QuickGELU, but the architecture has GELU"));

  // Two configurations side by side must say the same.
  changed_model both{"vit"};
  const auto path = both.write(folder);
  auto a = open_clip_folder(path).architecture;
  folder.put("config.json", clip_config_text(a, weight_names::transformers));
  CHECK(sentence_of([&] { open_clip_folder(path); }) == "");
  a.image.function = activation::gelu_quick;
  folder.put("config.json", clip_config_text(a, weight_names::transformers));
  CHECK(contains(sentence_of([&] { open_clip_folder(path); }), "says that the image tower's activation is GELU, but"));
  folder.put("config.json", R"({"architecture": "vit_base_patch16_siglip_224"})");  // timm's, which is none of ours
  CHECK(sentence_of([&] { open_clip_folder(path); }) == "");
  std::filesystem::remove(folder / "open_clip_model.safetensors");
  CHECK(contains(sentence_of([&] { open_clip_folder(path); }), "has neither open_clip_model.safetensors nor model.safetensors"));
}
