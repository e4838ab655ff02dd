// SPDX-License-Identifier: Apache-2.0
// The pre-norm transformer of CLIP's towers: one residual block, repeated.
#pragma once

#include <akin/expr/repeat.hpp>
#include <akin/nn/activations.hpp>
#include <akin/nn/attention.hpp>
#include <akin/nn/layer_norm.hpp>
#include <akin/nn/linear.hpp>

#include <string_view>

namespace akin::inline v0 {

/// How the weights of a block start; as PyTorch's layers.
template <class Width, class Hidden>
struct block_start {
  attention_start<Width> attention{};
  initial c_fc = initial::uniform(1, Width{});
  initial c_proj = initial::uniform(1, Hidden{});
};

/// x + attention(norm(x)), then x + mlp(norm(x)).
/// shapes:   [examples, tokens, width] -> the same; parameters ln_1.*, attn.*, ln_2.*, mlp.c_fc.*, mlp.c_proj.*
/// source:   Radford et al. 2019, section 2.3
template <class Examples, some_axis Tokens, some_axis Width, some_axis Heads, some_axis Hidden, class Activation, class Visible>
constexpr auto transformer_block(model& m, expr<real, axes<Examples, Tokens, Width>> x, Heads heads, Hidden hidden,
                                 Activation activation, Visible visible, block_start<Width, Hidden> start, double eps = 1e-5) {
  constexpr Width width;
  const auto y = x + self_attention(m, "attn", layer_norm(m, "ln_1", x, over(width), eps), heads, visible, start.attention);

  const auto normed = layer_norm(m, "ln_2", y, over(width), eps);
  const auto scope = m.scope("mlp");
  return y + linear(m, "c_proj", activation(linear(m, "c_fc", normed, width, hidden, start.c_fc)), hidden, width, start.c_proj);
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

}  // namespace akin::inline v0
