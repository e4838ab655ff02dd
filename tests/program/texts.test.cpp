// SPDX-License-Identifier: Apache-2.0
// akin-clip does not compute what stands after a text's end: its rows are those of the whole context, whatever texts stand beside.
#include "support/program.hpp"
#include "support/small_clip.hpp"

#include <akin/akin.hpp>
#include <akin/clip/embedding_index.hpp>
#include <akin/clip/folder.hpp>
#include <akin/nn/text_transformer.hpp>
#include <akin/text/tokenizer.hpp>
#include <akin/text/zero_shot.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace {

inline constexpr struct texts : akin::batch<"texts"> {
} texts;
inline constexpr struct tokens : akin::axis<"tokens"> {
} tokens;
inline constexpr struct embed : akin::axis<"embed"> {
} embed;

struct text_tower_alone {
  static constexpr auto define(akin::model& m) { return akin::text_transformer(m, "", m.indices<"ids">(texts, tokens), embed); }
};

/// Unit rows, from all of the context.
std::vector<float> whole_rows(const std::string& folder, const std::vector<std::string>& lines) {
  namespace t = akin::text_tower;
  const auto model = akin::open_clip_folder(folder);
  const auto& a = model.architecture;
  const akin::clip_tokenizer tokenizer{akin::parse_tokenizer_json(small_vocabulary(), "small")};
  const auto ids = tokenizer.rows(lines, {.context_length = a.text.context}).ids;
  akin::parameters<text_tower_alone> weights;
  akin::program<text_tower_alone, akin::cpu_backend, akin::mode::evaluation> p{weights};
  p.bind(texts(std::ssize(lines)), tokens(a.text.context), embed(a.embed), t::width(a.text.width), t::vocabulary(a.text.vocabulary), t::layers(a.text.layers),
         t::heads(a.text.heads), t::hidden(a.text.hidden));
  akin::load_clip_weights(model.weights, a, weights);
  p.set<"ids">(ids);
  p.forward();
  const auto value = p.value();
  std::vector<float> rows(value.data, value.data + value.size());
  akin::normalize_rows(rows, a.embed);
  return rows;
}

}  // namespace

TEST_CASE("a text's row is that of the whole context, and does not depend on the texts beside it") {
  const temporary_folder work;
  const std::string folder = work / "model";
  put_small_clip(folder, 1, 40);
  std::vector<std::string> lines;  // of 2 to 48 ids, in no order
  for (std::size_t k = 0; k < 50; ++k) lines.push_back(std::string(k * 17 % 47, static_cast<char>('a' + k % 26)));
  std::string all, some;
  for (std::size_t k = 0; k < lines.size(); ++k) {
    all += lines[k] + "\n";
    if (k % 3 == 0) some += lines[k] + "\n";
  }
  const auto embedded = [&](const std::string& name, const std::string& text, const char* threads) {
    const auto end = run({"embed", "--model", folder, "--threads", threads, "--out", work / name, "--texts", work.put(name + " lines", text)}, work);
    INFO(end.err);
    REQUIRE(end.code == 0);
    return akin::load_index(work / name);
  };
  const auto whole = embedded("all", all, "2"), part = embedded("some", some, "1");
  REQUIRE(whole.names == lines);
  REQUIRE(part.rows() == 17);
  const auto width = static_cast<std::size_t>(whole.embed);
  for (std::size_t k = 0; k < 17; ++k)
    CHECK(std::equal(&part.values[k * width], &part.values[k * width] + width, &whole.values[3 * k * width]));
  const auto expected = whole_rows(folder, lines);
  REQUIRE(expected.size() == whole.values.size());
  float furthest = 0;
  for (std::size_t k = 0; k < expected.size(); ++k) furthest = std::max(furthest, std::abs(expected[k] - whole.values[k]));
  CHECK(furthest < 2e-6f);
}
