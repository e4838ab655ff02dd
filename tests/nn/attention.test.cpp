// SPDX-License-Identifier: Apache-2.0
// Self-attention against its formula in loops; a transformer's gradients; what a causal token may see.
#include <akin/nn/attention.hpp>
#include <akin/nn/transformer.hpp>

#include <doctest/doctest.h>

#include "check_model.hpp"
#include "support/files.hpp"

#include <memory>
#include <type_traits>

using namespace akin;

namespace attention_test {

inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct tokens : axis<"tokens"> {} tokens;
inline constexpr struct width : axis<"width"> {} width;
inline constexpr struct heads : axis<"heads"> {} heads;
inline constexpr struct hidden : axis<"hidden"> {} hidden;
inline constexpr struct layers : axis<"layers"> {} layers;

template <class Visible>
struct attends {
  static constexpr auto define(model& m) {
    const auto y = self_attention(m, "attn", m.input<"x">(texts, tokens, width), heads, Visible{});
    static_assert(std::is_same_v<decltype(y), const expr<real, axes<struct texts, struct tokens, struct width>>>);
    m.output<"y">(y);
    return sum(y * m.data<"weight of y">(texts, tokens, width));
  }
};
struct attends_to_all : attends<all_tokens_rule> {};
struct attends_to_earlier : attends<earlier_tokens_rule> {};
struct blocks {
  static constexpr auto define(model& m) {
    const auto y = transformer(m, "transformer", m.input<"x">(texts, tokens, width), layers, heads, hidden, quick_gelu, earlier_tokens);
    m.output<"y">(y);
    return sum(y * m.data<"weight of y">(texts, tokens, width));
  }
};

constexpr auto weighted(model& m, expr<real, axes<struct texts, struct width>> y) {
  m.output<"y">(y);
  return sum(y * m.data<"weight of y">(texts, width));
}
struct chosen_of_all {
  static constexpr auto define(model& m) {
    const auto y = transformer(m, "transformer", m.input<"x">(texts, tokens, width), layers, heads, hidden, quick_gelu, earlier_tokens);
    return weighted(m, pick(y, m.indices<"end">(texts), tokens));
  }
};
struct chosen_alone {
  static constexpr auto define(model& m) {
    const auto end = m.indices<"end">(texts);
    const auto chosen = [&](auto rows) { return pick(rows, end, tokens); };
    const auto earlier = [&](auto scores) { return earlier_tokens(scores, tokens, end); };
    return weighted(m, transformer_of_one(m, "transformer", m.input<"x">(texts, tokens, width), layers, heads, hidden, chosen, quick_gelu, earlier_tokens, earlier));
  }
};

constexpr int b = 2, t = 5, w = 12, h = 3, d = w / h;

// Vaswani et al., equation 1, head by head.
std::vector<double> by_loops(const std::vector<double>& x, parameters<attends_to_all, double>& weights, bool causal) {
  std::map<std::string, std::span<double>> p;
  for (auto& each : weights.tensors()) p[each.name] = each.values;
  const auto at = [](auto& v, int k) -> double { return v[static_cast<std::size_t>(k)]; };
  const auto project = [&](int row, int n) {
    double s = at(p["attn.in_proj_bias"], row);
    for (int k = 0; k < w; ++k) s += at(p["attn.in_proj_weight"], row * w + k) * at(x, n * w + k);
    return s;
  };
  const auto place = [](int i, int token, int k) { return static_cast<std::size_t>((i * t + token) * w + k); };
  std::vector<double> mixed(static_cast<std::size_t>(b * t * w)), y;
  for (int i = 0; i < b; ++i)
    for (int query = 0; query < t; ++query)
      for (int head = 0; head < h; ++head) {
        double total = 0;
        for (int key = 0; key < (causal ? query + 1 : t); ++key) {
          double score = 0;
          for (int k = head * d; k < head * d + d; ++k) score += project(k, i * t + query) * project(w + k, i * t + key);
          const double share = std::exp(score / std::sqrt(static_cast<double>(d)));
          total += share;
          for (int k = head * d; k < head * d + d; ++k) mixed[place(i, query, k)] += share * project(2 * w + k, i * t + key);
        }
        for (int k = head * d; k < head * d + d; ++k) mixed[place(i, query, k)] /= total;
      }
  for (int n = 0; n < b * t; ++n)
    for (int row = 0; row < w; ++row) {
      y.push_back(at(p["attn.out_proj.bias"], row));
      for (int k = 0; k < w; ++k) y.back() += at(p["attn.out_proj.weight"], row * w + k) * at(mixed, n * w + k);
    }
  return y;
}

template <class Model>
void agrees_with_loops(bool causal) {
  akin_test::subject<attends_to_all, reference_backend> all{akin_test::ordinary, texts(b), tokens(t), width(w), heads(h)};
  akin_test::subject<Model, reference_backend> s{akin_test::ordinary, texts(b), tokens(t), width(w), heads(h)};
  random_stream random{3, 4};
  for (double& v : s.weights.values()) v = random.normal() * 0.5;
  std::ranges::copy(s.weights.values(), all.weights.values().begin());
  CHECK(akin_test::difference(s.run().at("y"), by_loops(s.reals.at("x"), all.weights, causal)) < 1e-13);
}

}  // namespace attention_test

using namespace attention_test;

TEST_CASE("self_attention is its formula, head by head") {
  agrees_with_loops<attends_to_all>(false);
  agrees_with_loops<attends_to_earlier>(true);
}

TEST_CASE("self_attention: gradients are those of central differences, and the backends agree") {
  akin_test::check_gradients<attends_to_earlier>(akin_test::ordinary, texts(2), tokens(3), width(4), heads(2));
  akin_test::check_cpu<attends_to_all>(akin_test::ordinary, 1e-5, texts(3), tokens(7), width(20), heads(5));
  akin_test::check_cpu<attends_to_earlier>(akin_test::ordinary, 1e-5, texts(3), tokens(7), width(20), heads(5));
}

TEST_CASE("transformer: gradients through two layers, and the backends agree") {
  akin_test::check_gradients<blocks>(akin_test::ordinary, texts(2), tokens(3), width(4), heads(2), hidden(6), layers(2));
  akin_test::check_cpu<blocks>(akin_test::ordinary, 2e-5, texts(3), tokens(5), width(12), heads(3), hidden(24), layers(3));
}

TEST_CASE("transformer: what is cut into strips of examples, the last of which is not full, is what the whole is") {
  // Of one text the scores take a tenth of a strip's room, and the gradient has three or four values of their size.
  const auto tokens_of_strip = static_cast<std::int64_t>(std::sqrt(static_cast<double>(akin_test::tested_backend::strip_bytes) / (10 * sizeof(float))));
  akin_test::subject<blocks, akin_test::tested_backend> s{akin_test::ordinary, texts(5), tokens(tokens_of_strip), width(2), heads(1), hidden(2), layers(1)};
  CHECK(s.program().explain().find("in strips of 2 texts:") != std::string::npos);
  akin_test::check_cpu<blocks>(akin_test::ordinary, 1e-4, texts(5), tokens(tokens_of_strip), width(2), heads(1), hidden(2), layers(1));
}

TEST_CASE("transformer: a causal token has learned nothing of later ones") {
  akin_test::subject<blocks, akin_test::tested_backend> s{akin_test::ordinary, texts(2), tokens(5), width(12), heads(3), hidden(24), layers(2)};
  const auto before = s.run().at("y");
  for (std::size_t text = 0; text < 2; ++text)
    for (std::size_t k = 3 * 12; k < 5 * 12; ++k) s.reals.at("x")[text * 60 + k] += 1;  // the last two of five tokens
  const auto after = s.run().at("y");
  for (std::size_t k = 0; k < 120; ++k) CHECK((before[k] == after[k]) == (k % 60 < 36));
}

TEST_CASE("transformer: tensors are named as in a CLIP") {
  parameters<blocks, float> weights;
  weights.bind(0, width(4), heads(2), hidden(6), layers(2));
  std::vector<std::string> names;
  for (const auto& each : weights.tensors()) names.push_back(each.name);
  CHECK(names.size() == 24);
  CHECK(std::ranges::count(names, "transformer.resblocks.1.attn.in_proj_weight") == 1);
  CHECK(std::ranges::count(names, "transformer.resblocks.0.mlp.c_proj.bias") == 1);
}

TEST_CASE("transformer_of_one is the chosen token of a transformer: values, gradients, names") {
  for (const std::int64_t depth : {1, 3}) {
    const auto extents = std::tuple{texts(4), tokens(3), width(6), heads(2), hidden(10), layers(depth)};
    const auto subject_of = [&]<class Model>(std::type_identity<Model>) {
      return std::apply([](auto... given) { return std::make_unique<akin_test::subject<Model, reference_backend>>(akin_test::ordinary, given...); }, extents);
    };
    const auto all = subject_of(std::type_identity<chosen_of_all>{});
    const auto alone = subject_of(std::type_identity<chosen_alone>{});
    for (const auto& theirs : alone->weights.tensors())
      for (const auto& ours : all->weights.tensors())
        if (ours.name == theirs.name) std::ranges::copy(ours.values, theirs.values.begin());
    const auto expected = all->run(), got = alone->run();
    CHECK(expected.size() == 3 + 12 * static_cast<std::size_t>(depth));
    REQUIRE(got.size() == expected.size());
    for (const auto& [name, values] : expected) {
      INFO(name);
      REQUIRE(got.contains(name));
      CHECK(akin_test::difference(got.at(name), values) < 1e-12);
    }
  }
}

TEST_CASE("transformer_of_one: gradients through two layers, and the backends agree") {
  akin_test::check_gradients<chosen_alone>(akin_test::ordinary, texts(2), tokens(3), width(4), heads(2), hidden(6), layers(2));
  akin_test::check_cpu<chosen_alone>(akin_test::ordinary, 2e-5, texts(3), tokens(5), width(12), heads(3), hidden(24), layers(3));
}

TEST_CASE("transformer_of_one: mistakes are named") {
  parameters<chosen_alone, float> weights;
  CHECK_THROWS_WITH_AS(weights.bind(0, width(4), heads(2), hidden(6), layers(0)), "bind: axis 'layers' has extent 0, expected at least 1", error);
  CHECK_THROWS_WITH_AS(weights.bind(0, width(4), heads(2), hidden(6)), "bind: axis 'layers' has no extent: give it one, as in bind(layers(64))", error);
  weights.bind(0, width(4), heads(2), hidden(6), layers(3));
  program<chosen_of_all, akin_test::tested_backend> p{weights};
  CHECK_THROWS_WITH_AS(p.bind(texts(1), tokens(2), width(4), heads(2), hidden(6), layers(3)),
                       "program: tensor 'transformer.resblocks.*.ln_1.weight' is of 2 layers, but the program is bound to 3 along axis 'layers'", error);
}

TEST_CASE("self_attention: a width that heads do not divide is named") {
  parameters<attends_to_all, float> weights;
  const auto sentence = sentence_of([&] { weights.bind(0, width(10), heads(3)); });
  CHECK(sentence == "bind: axis 'merged heads of width' of extent 10 cannot be split into 3 equal parts (axis 'heads')");
}
