// SPDX-License-Identifier: Apache-2.0
// The pre-norm transformer of CLIP's towers: one residual block, repeated.
#pragma once

#include <akin/expr/repeat.hpp>
#include <akin/nn/activations.hpp>
#include <akin/nn/attention.hpp>
#include <akin/nn/layer_norm.hpp>
#include <akin/nn/linear.hpp>

#include <functional>
#include <string_view>
#include <type_traits>

namespace akin::inline v0 {

/// How the weights of a block start; as PyTorch's layers.
template <class Width, class Hidden>
struct block_start {
  attention_start<Width> attention{};
  initial c_fc = initial::uniform(1, Width{});
  initial c_proj = initial::uniform(1, Hidden{});
};

namespace detail {

/// y + mlp(norm(y)), the second half of a block: parameters ln_2.*, mlp.c_fc.*, mlp.c_proj.*
template <class Axes, some_axis Width, some_axis Hidden, class Activation>
constexpr auto add_mlp(model& m, expr<real, Axes> y, Hidden hidden, Activation activation, block_start<Width, Hidden> start, double eps) {
  constexpr Width width;
  const auto normed = layer_norm(m, "ln_2", y, over(width), eps);
  const auto scope = m.scope("mlp");
  return y + linear(m, "c_proj", activation(linear(m, "c_fc", normed, width, hidden, start.c_fc)), hidden, width, start.c_proj);
}

}  // namespace detail

/// x + attention(norm(x)), then x + mlp(norm(x)).
/// shapes:   [examples, tokens, width] -> the same; parameters ln_1.*, attn.*, ln_2.*, mlp.c_fc.*, mlp.c_proj.*
/// source:   Radford et al. 2019, section 2.3
template <class Examples, some_axis Tokens, some_axis Width, some_axis Heads, some_axis Hidden, class Activation, class Visible>
constexpr auto transformer_block(model& m, expr<real, axes<Examples, Tokens, Width>> x, Heads heads, Hidden hidden,
                                 Activation activation, Visible visible, block_start<Width, Hidden> start, double eps = 1e-5) {
  const auto normed = layer_norm(m, "ln_1", x, over(Width{}), eps);
  return detail::add_mlp(m, x + self_attention(m, "attn", normed, heads, visible, start.attention), hidden, activation, start, eps);
}

/// The same block for one token of each example: the others are asked, and become nothing.
/// shapes:   [examples, tokens, width] -> [examples, width]; chosen(x) takes the token, visible(scores) may hide tokens from it, with -infinity
/// cost:     keys and values are computed for every token: where |hidden| is 4 |width| that is a sixth of a block, and the rest is for one token
template <class Examples, some_axis Tokens, some_axis Width, some_axis Heads, some_axis Hidden, class Activation, class Chosen, class Visible>
constexpr auto transformer_block_of_one(model& m, expr<real, axes<Examples, Tokens, Width>> x, Heads heads, Hidden hidden, Activation activation,
                                        Chosen chosen, Visible visible, block_start<Width, Hidden> start, double eps = 1e-5) {
  const auto normed = layer_norm(m, "ln_1", x, over(Width{}), eps);
  return detail::add_mlp(m, chosen(x) + attention(m, "attn", chosen(normed), normed, heads, visible, start.attention), hidden, activation, start, eps);
}

/// |layers| residual blocks, named name.resblocks.0, name.resblocks.1, ...
/// shapes:   [examples, tokens, width] -> the same; |layers|, |heads| and |hidden| are bound at run time
/// cost:     compiled once, however deep
/// example:  transformer(m, "transformer", x, layers, heads, hidden, quick_gelu, earlier_tokens)
template <class Examples, some_axis Tokens, some_axis Width, some_axis Layers, some_axis Heads, some_axis Hidden,
          class Activation = gelu_function, class Visible = all_tokens_rule>
constexpr auto transformer(model& m, std::string_view name, expr<real, axes<Examples, Tokens, Width>> x, Layers layers, Heads heads,
                           Hidden hidden, Activation activation = {}, Visible visible = {}, block_start<Width, Hidden> start = {}, double eps = 1e-5) {
  const auto scope = m.scope(name);
  return repeat(m, layers, "resblocks", x, [&](auto each) { return transformer_block(m, each, heads, hidden, activation, visible, start, eps); });
}

/// What a transformer makes of one token of each example: of the last block only that is computed.
/// shapes:   [examples, tokens, width] -> [examples, width]; chosen(x) takes the token, seen_by_chosen(scores) may hide tokens from it, as `visible` does
///           from all; |layers|, at least 1, |heads| and |hidden| are bound at run time
/// values:   chosen(transformer(...)), and tensors of the same names; but the last block's are tensors of their own, so that programs that share weights use
///           one form
/// cost:     with twelve layers a fifteenth less than transformer's; two blocks are compiled, however deep
/// errors:   compile time "akin: transformer_of_one: ..." where all tokens have a mask and the chosen one has none; run time "bind: axis 'layers' has extent 0,
///           expected at least 1"
/// example:  transformer_of_one(m, "transformer", x, layers, heads, hidden, [](auto rows) { return take(rows, tokens, 0); })
template <class Examples, some_axis Tokens, some_axis Width, some_axis Layers, some_axis Heads, some_axis Hidden, class Chosen,
          class Activation = gelu_function, class Visible = all_tokens_rule, class SeenByChosen = std::identity>
constexpr auto transformer_of_one(model& m, std::string_view name, expr<real, axes<Examples, Tokens, Width>> x, Layers layers, Heads heads, Hidden hidden,
                                  Chosen chosen, Activation activation = {}, Visible visible = {}, SeenByChosen seen_by_chosen = {},
                                  block_start<Width, Hidden> start = {}, double eps = 1e-5) {
  static_assert(std::is_same_v<Visible, all_tokens_rule> || !std::is_same_v<SeenByChosen, std::identity>,
                "akin: transformer_of_one: tokens do not see all others: say what the chosen one sees");
  const auto before = detail::one_less(m, layers);
  const auto scope = m.scope(name);
  x = repeat(m, before, "resblocks", x, [&](auto each) { return transformer_block(m, each, heads, hidden, activation, visible, start, eps); });
  const auto blocks = m.scope("resblocks");
  const auto last = m.scope(before);
  return transformer_block_of_one(m, x, heads, hidden, activation, chosen, seen_by_chosen, start, eps);
}

}  // namespace akin::inline v0
