// SPDX-License-Identifier: Apache-2.0
// CLIP's text tower: a causal transformer.
#pragma once

#include <akin/expr/gather.hpp>
#include <akin/expr/layout.hpp>
#include <akin/nn/transformer.hpp>

#include <string_view>

namespace akin::inline v0 {

/// The axes of the text tower, bound as in bind(text_tower::width(512), text_tower::layers(12), ...).
namespace text_tower {

inline constexpr struct width : axis<"text_tower::width"> {} width;
inline constexpr struct layers : axis<"text_tower::layers"> {} layers;
inline constexpr struct heads : axis<"text_tower::heads"> {} heads;
inline constexpr struct hidden : axis<"text_tower::hidden"> {} hidden;  // of the blocks' mlp: 4 |width| in most models
inline constexpr struct vocabulary : axis<"text_tower::vocabulary"> {} vocabulary;
inline constexpr struct context : axis<"text_tower::context"> {} context;  // the most tokens; as many as are bound unless told

}  // namespace text_tower

namespace detail {

/// How the blocks of a text tower start, whatever their mask.
constexpr auto text_block_start() {
  namespace t = text_tower;
  block_start<struct t::width, struct t::hidden> start;
  start.attention.in_proj = initial::normal(1, t::width);
  start.attention.out_proj = initial::normal(1 / std::numbers::sqrt2, t::width, t::layers);
  start.c_fc = initial::normal(1 / std::numbers::sqrt2, t::width);
  start.c_proj = initial::normal(1 / std::numbers::sqrt2, t::width, t::layers);
  return start;
}

/// A vector for each token: that of its id and that of its place. Of the places the first |tokens| are read.
template <class Texts, some_axis Tokens>
constexpr auto embed_tokens(model& m, expr<integer, axes<Texts, Tokens>> ids) {
  namespace t = text_tower;
  const auto words = gather(m.parameter<"token_embedding.weight">(initial::normal(0.02), t::vocabulary, t::width), ids);
  return words + take_first(m.parameter<"positional_embedding">(initial::normal(0.01), t::context, t::width), t::context, Tokens{});
}

}  // namespace detail

/// Token ids to one feature for each text: embeddings, positions, a causal transformer, and what the end-of-text token has become.
/// shapes:   ids [texts, tokens] -> [texts, embed]; text_tower's width, layers, heads, hidden and vocabulary are bound at run time
///           parameters name.token_embedding.weight, .positional_embedding, .transformer.resblocks.*, .ln_final.*, .text_projection
/// values:   not normalised; end-of-text is the first place of the text's largest id, so what stands after it has no influence
/// cost:     of a batch, what stands after its last end-of-text can be left out: resize(tokens(20)) with ids of 20 tokens a text
/// errors:   run time "gather: id 49408 at place 3 is outside of the table's 49408 rows"
/// source:   Radford et al. 2021, section 2.4; https://github.com/openai/CLIP, model.py
template <class Texts, some_axis Tokens, some_axis Embed, class Activation = gelu_function>
constexpr auto text_transformer(model& m, std::string_view name, expr<integer, axes<Texts, Tokens>> ids, Embed embed,
                                Activation activation = {}) {
  namespace t = text_tower;
  constexpr Tokens tokens;
  const auto scope = m.scope(name);
  // CLIP computes every token of the last block, normalises it and then picks one; nothing reads the others' results, so that one is enough.
  const auto end = first_arg_max(ids, over(tokens));
  const auto end_token = [&](auto each) { return pick(each, end, tokens); };
  const auto read = transformer_of_one(m, "transformer", detail::embed_tokens(m, ids), t::layers, t::heads, t::hidden, end_token, activation, earlier_tokens,
                                       [&](auto scores) { return earlier_tokens(scores, tokens, end); }, detail::text_block_start());

  const auto feature = layer_norm(m, "ln_final", read, over(t::width));
  return dot(feature, m.parameter<"text_projection">(initial::normal(1, t::width), t::width, embed));
}

}  // namespace akin::inline v0
