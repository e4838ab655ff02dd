// SPDX-License-Identifier: Apache-2.0
// SigLIP's text tower: a transformer in which every token sees all others, and the last one speaks for the text.
#pragma once

#include <akin/nn/text_transformer.hpp>

#include <string_view>

namespace akin::inline v0 {

/// Token ids to one feature for each text.
/// shapes:   ids [texts, tokens] -> [texts, embed]; text_tower's width, layers, heads, hidden and vocabulary are bound at run time
///           parameters as those of text_transformer, but for the projection: name.text_projection.weight [embed, width], .bias
/// values:   not normalised; padding is a token like others, so texts are padded as in training
/// errors:   run time "gather: id 32000 at place 3 is outside of the table's 32000 rows"
/// source:   Zhai et al. 2023 (2303.15343); names and initialisation of open_clip
template <class Texts, some_axis Tokens, some_axis Embed, class Activation = gelu_function>
constexpr auto siglip_text_transformer(model& m, std::string_view name, expr<integer, axes<Texts, Tokens>> ids, Embed embed,
                                       Activation activation = {}) {
  namespace t = text_tower;
  constexpr double eps = 1e-6;
  const auto scope = m.scope(name);
  const auto last_token = [](auto each) { return take_last(each, Tokens{}); };
  const auto read = transformer_of_one(m, "transformer", detail::embed_tokens(m, ids), t::layers, t::heads, t::hidden, last_token, activation, all_tokens,
                                       std::identity{}, detail::text_block_start(), eps);
  const auto feature = layer_norm(m, "ln_final", read, over(t::width), eps);
  return linear(m, "text_projection", feature, t::width, embed, initial::normal(1, t::width), initial::constant(0));
}

}  // namespace akin::inline v0
