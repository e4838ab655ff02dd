// SPDX-License-Identifier: Apache-2.0
// The simplest text tower: a continuous bag of words.
#pragma once

#include <akin/expr/gather.hpp>

#include <string_view>

namespace akin::inline v0 {

/// Where an id is 0: padding.
/// shapes: [A] -> [A]
template <class A>
constexpr expr<boolean, A> is_padding(expr<integer, A> ids) {
  model& m = *ids.owner;
  // The real 0 and the integer 0 are the same bits, so that the constant serves as an index too.
  return {&m, build::map(m, equal_index_op, m.at(ids.id).axes, ids.id, build::constant(m, 0), -1, value_kind::boolean)};
}

/// The mean of the embeddings of a text's words, in any order; with the parameter name.weight [vocabulary, width].
/// shapes:   ids [texts, tokens], 0 for padding -> [texts, width]
/// values:   padding is left out of the mean; a text of padding alone gives zeros
/// cost:     |texts| |tokens| |width| numbers read
/// errors:   run time "gather: id 300 at place 3 is outside of the table's 300 rows"
/// gradient: each word's row gets 1 / (number of words); row 0 gets none
/// source:   Mikolov et al. 2013, section 3.1
template <class Texts, some_axis Tokens, some_axis Vocabulary, some_axis Width>
constexpr auto cbow(model& m, std::string_view name, expr<integer, axes<Texts, Tokens>> ids, Vocabulary vocabulary, Width width,
                    initial start = initial::normal(0.02)) {
  const auto scope = m.scope(name);
  const auto padding = is_padding(ids);
  const auto words = gather(m.parameter<"weight">(start, vocabulary, width), ids);
  return sum(where(padding, 0, words), over(Tokens{})) / maximum(sum(as_real(!padding), over(Tokens{})), 1);
}

}  // namespace akin::inline v0
