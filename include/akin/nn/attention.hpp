// SPDX-License-Identifier: Apache-2.0
// Multi-head attention with the parameters of PyTorch's MultiheadAttention.
#pragma once

#include <akin/expr/layout.hpp>
#include <akin/expr/predicates.hpp>
#include <akin/nn/linear.hpp>

#include <limits>
#include <numbers>
#include <string_view>

namespace akin::inline v0 {
namespace detail {

/// An axis name made from another's: "keys of image_tower::tokens".
template <text Before, class Axis>
consteval auto name_from() {
  text<Before.view().size() + Axis::name.size() + 1> name;
  std::size_t k = 0;
  for (const char c : Before.view()) name.characters[k++] = c;
  for (const char c : Axis::name) name.characters[k++] = c;
  return name;
}

inline constexpr struct query_key_value : axis<"query, key, value", 3> {} query_key_value;

// PyTorch's names of the parameters: constants, since nvcc leaves a literal that is a default argument a pointer.
inline constexpr text in_proj_weight = "in_proj_weight";
inline constexpr text in_proj_bias = "in_proj_bias";
inline constexpr text out_proj = "out_proj";

}  // namespace detail

/// Axes that attention derives from its operand's. Their extents follow: nobody binds them.
template <class Tokens>
struct keys_of : second_axis<detail::name_from<"keys of ", Tokens>(), Tokens> {};
template <class Width>
struct three_times : axis<detail::name_from<"three times ", Width>()> {};
template <class Width>
struct heads_merged : axis<detail::name_from<"merged heads of ", Width>()> {};
template <class Heads>
struct width_of_each : axis<detail::name_from<"width of each of ", Heads>()> {};
template <class Axis>
struct one_less_than : axis<detail::name_from<"one less than ", Axis>()> {};

namespace detail {

/// As many as an axis has, but for one: the blocks of a stack that are alike, beside its first or its last.
template <some_axis Axis>
constexpr one_less_than<Axis> one_less(model& m, Axis) {
  const auto all = m.number_of<Axis>(), others = m.number_of<one_less_than<Axis>>();
  m.relate({extent_rule::sum, others, all, -1, -1});
  m.relate({extent_rule::sum, all, others, -1, 1});
  return {};
}

}  // namespace detail

struct all_tokens_rule {
  template <class A, class Keys, class Tokens>
  constexpr expr<real, A> operator()(expr<real, A> scores, Keys, Tokens) const { return scores; }
};
struct earlier_tokens_rule {
  template <class A, class Keys, class Place>
  constexpr expr<real, A> operator()(expr<real, A> scores, Keys keys, expr<integer, Place> token) const {
    return where(at_least(token, position(*scores.owner, keys)), scores, -std::numeric_limits<double>::infinity());
  }
  template <class A, class Keys, some_axis Tokens>
  constexpr expr<real, A> operator()(expr<real, A> scores, Keys keys, Tokens tokens) const { return (*this)(scores, keys, position(*scores.owner, tokens)); }
};

/// Which keys a token sees: all of them, or itself and those before it (a causal mask: no token learns from a later one). The token is every one of an axis,
/// or one of each example, given by its index.
inline constexpr all_tokens_rule all_tokens;
inline constexpr earlier_tokens_rule earlier_tokens;

/// How the weights of attention start; as PyTorch's: xavier_uniform over [3 width, width], and a linear layer. All biases start at 0.
template <class Width>
struct attention_start {
  initial in_proj = initial::uniform(std::numbers::sqrt3 / std::numbers::sqrt2, Width{});
  initial out_proj = initial::uniform(1, heads_merged<Width>{});
};

/// Whoever asks takes the mean of the tokens' values, weighted by softmax(query . key / sqrt(head width)), in |heads| independent parts.
/// shapes:   asking [examples, .., width] and seen [examples, keys, width] -> the axes of `asking`; |heads| is bound at run time and divides |width|
///           parameters name.in_proj_weight [3 width, width], name.in_proj_bias [3 width], name.out_proj.weight [width, width], name.out_proj.bias,
///           or named as the template's first arguments say
/// values:   row h |head width| + k of each third of in_proj is entry k of head h; visible(scores) may hide keys, with -infinity
/// cost:     4 (|asking| + |seen|) |width|^2 + 4 |asking| |keys| |width| operations, of |asking| and |seen| rows. Scores of all tokens with all tokens exist for
///           a strip of the examples; in `repeat` the gradient multiplies them, and the values with them, again, 4 |asking| |keys| |width| operations
///           more, so that memory grows with the tokens and not with their square
/// errors:   run time "bind: axis 'merged heads of ...' of extent 10 cannot be split into 3 equal parts (axis ...)"
/// source:   Vaswani et al. 2017, section 3.2
/// example:  attention(m, "attn", take(x, tokens, 0), x, heads, std::identity{})   // the first token asks all
template <text Weight = detail::in_proj_weight, text Bias = detail::in_proj_bias, text Out = detail::out_proj, class Asking, class Examples,
          some_axis Keys, some_axis Width, some_axis Heads, class Visible>
constexpr auto attention(model& m, std::string_view name, expr<real, Asking> asking, expr<real, axes<Examples, Keys, Width>> seen, Heads heads,
                         Visible visible, attention_start<Width> start = {}) {
  constexpr auto part = detail::query_key_value;
  constexpr Keys keys;
  constexpr three_times<Width> three_widths;
  constexpr heads_merged<Width> merged;
  constexpr width_of_each<Heads> head_width;
  m.relate({extent_rule::same, m.number_of<heads_merged<Width>>(), m.number_of<Width>(), -1});

  const auto scope = m.scope(name);
  const auto by_head = [&](auto rows) { return split(split(rows, three_widths, part, merged), merged, heads, head_width); };
  const auto weight = by_head(m.parameter<Weight>(start.in_proj, three_widths, Width{}));
  const auto bias = by_head(m.parameter<Bias>(initial::constant(0), three_widths));
  const auto project = [&](auto rows, int which) { return dot(rows, take(weight, part, which)) + take(bias, part, which); };

  const auto query = project(asking, 0) * (1 / sqrt(count(m, head_width)));
  const auto share = softmax(visible(dot(query, project(seen, 1), over(head_width))), over(keys));
  const auto mixed = merge(dot(share, project(seen, 2), over(keys)), heads, head_width, merged);
  return linear(m, Out.view(), mixed, merged, Width{}, start.out_proj, initial::constant(0));
}

/// Every token asks all of them, or those that `visible` lets it see.
/// shapes:   [examples, tokens, width] -> the same; parameters, values and errors as attention's
/// cost:     8 |examples| |tokens| |width|^2 + 4 |examples| |tokens|^2 |width| operations
template <text Weight = detail::in_proj_weight, text Bias = detail::in_proj_bias, text Out = detail::out_proj, class Examples, some_axis Tokens,
          some_axis Width, some_axis Heads, class Visible = all_tokens_rule>
constexpr auto self_attention(model& m, std::string_view name, expr<real, axes<Examples, Tokens, Width>> x, Heads heads,
                              Visible visible = {}, attention_start<Width> start = {}) {
  constexpr Tokens tokens;
  constexpr keys_of<Tokens> keys;
  return attention<Weight, Bias, Out>(m, name, x, rename(x, tokens, keys), heads, [&](auto scores) { return visible(scores, keys, tokens); }, start);
}

/// One query and many tokens: the mean of the tokens' values, weighted by softmax(query . key / sqrt(head width)), in |heads| independent
/// parts. It is what pools tokens to one feature.
/// shapes:   query [examples, width], or [width] where it is the same for all; key and value [examples, tokens, width] -> [examples, width];
///           |heads| is bound at run time and divides |width|
/// cost:     4 |examples| |tokens| |width| operations
/// source:   Vaswani et al. 2017, section 3.2
template <class Query, class Examples, some_axis Tokens, some_axis Width, some_axis Heads>
constexpr auto attend(expr<real, Query> query, expr<real, axes<Examples, Tokens, Width>> key, expr<real, axes<Examples, Tokens, Width>> value,
                      Heads heads) {
  constexpr Tokens tokens;
  constexpr Width width;
  constexpr width_of_each<Heads> head_width;
  const auto by_head = [&](auto x) { return split(x, width, heads, head_width); };
  const auto scores = dot(by_head(query), by_head(key), over(head_width)) * (1 / sqrt(count(*query.owner, head_width)));
  return merge(dot(by_head(value), softmax(scores, over(tokens)), over(tokens)), heads, head_width, width);
}

}  // namespace akin::inline v0
